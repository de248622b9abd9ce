"""The template's command: `python -m brewslm.worker.template CONNECTION IDLE_SECONDS`."""

import gc

gc.disable()  # until the libraries are loaded, as in a worker

import contextlib  # noqa: E402
import os  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402

from brewslm.core.wire.forking import READY  # noqa: E402
from brewslm.worker.template.forking import Template, problem_with_forking  # noqa: E402


def load() -> None:
    """Load what workers of every kind need; no model, no device, and nothing that computes."""
    import brewslm.worker.answers.generation
    import brewslm.worker.evaluate.evaluation
    import brewslm.worker.export.exporting
    import brewslm.worker.train.loop  # noqa: F401 - loading is what it is for

    with contextlib.suppress(ImportError, AttributeError):  # a table that is made of patterns at the first model: 0.3 s
        from transformers.conversion_mapping import get_checkpoint_conversion_mapping

        get_checkpoint_conversion_mapping("llama")


def work(arguments: list[str]) -> int:
    """Do what `brewslm.worker` does."""
    from brewslm.worker.__main__ import main as work_off

    return work_off(arguments)


def main(arguments: list[str], *, load: Callable[[], None] = load, work: Callable[[list[str]], int] = work) -> int:
    """Load the libraries, say so, and fork workers until the engine is gone, or asks nothing for a while.

    Args:
        arguments: the number of the open connection to the engine, and how long to wait for a request.
        load: loads them.
        work: what a worker does with the words of its command.
    """
    environment = dict(os.environ)
    with socket.socket(fileno=int(arguments[0])) as connection:
        try:
            load()
            problem = problem_with_forking()
        except Exception as error:  # noqa: BLE001 - the edge of the process; the engine says it
            problem = f"{type(error).__name__}: {error}"
        gc.freeze()
        try:
            connection.send(problem.encode() if problem else READY)
            if not problem:
                Template(connection, environment, work, idle_seconds=float(arguments[1])).serve()
        except OSError:  # the engine is gone
            return 0
    return int(bool(problem))


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # taking the libraries apart would cost a second

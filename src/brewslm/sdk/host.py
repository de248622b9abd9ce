"""`python -m brewslm.sdk.host FILE CHANNEL`: the process that holds the user's code, and runs its callbacks."""

import contextlib
import importlib.util
import itertools
import os
import queue
import socket
import sys
import threading
import traceback
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from brewslm.core.brew.talk import (
    REPLY,
    Answers,
    Broken,
    Call,
    CallbackDone,
    CancelAsked,
    Defined,
    PromptsAsked,
    Word,
)
from brewslm.core.errors import BrewError
from brewslm.sdk.brew import Brew, Trainer
from brewslm.sdk.events import CheckpointEvent, CompletedEvent, FailedEvent, LogEvent

WHAT = "`brew = create_brew(trainer=create_trainer(name=…, dataset=…))`"


class Channel:
    """The line to BrewSLM. Calls come in order; answers go to whoever asked."""

    def __init__(self, connection: socket.socket) -> None:
        """Nothing is read yet."""
        self._connection = connection
        self._sending = threading.Lock()
        self._numbers = itertools.count(1)
        self._asked: dict[int, Future[tuple[str, ...]]] = {}
        self.calls: queue.Queue[Call] = queue.Queue()

    def say(self, word: Word) -> None:
        """Say something; an end of the other side ends this process as well."""
        try:
            with self._sending:
                self._connection.sendall(word.model_dump_json().encode() + b"\n")
        except OSError:
            os._exit(0)

    def infer(self, checkpoint: Path, prompts: tuple[str, ...], max_new_tokens: int) -> tuple[str, ...]:
        """Have prompts answered by the model as it is at a checkpoint, and wait for that."""
        number, answer = next(self._numbers), Future[tuple[str, ...]]()
        self._asked[number] = answer
        self.say(
            PromptsAsked(number=number, checkpoint=str(checkpoint), prompts=prompts, max_new_tokens=max_new_tokens)
        )
        return answer.result()

    def listen(self) -> None:
        """Take in what is said, until the other side hangs up; then end this process, whatever it does."""
        with contextlib.suppress(OSError), self._connection.makefile("rb") as stream:
            for line in stream:
                match REPLY.validate_json(line):
                    case Call() as call:
                        self.calls.put(call)
                    case Answers(error=str(error)) as answers:
                        self._asked.pop(answers.number).set_exception(BrewError(error))
                    case Answers() as answers:
                        self._asked.pop(answers.number).set_result(answers.answers)
        sys.stdout.flush()
        os._exit(0)


def main(words: list[str]) -> int:
    """Load the file, say what it asks for, and run callbacks for as long as somebody calls."""
    file, channel = Path(words[0]), Channel(socket.socket(fileno=int(words[1])))
    try:
        brew = load(file)
    except BaseException as error:  # noqa: BLE001 - whatever the user's code does, it is told in one line
        files = tuple(map(str, loaded_from(file.parent)))
        channel.say(Broken(error=line_of(error, file), traceback=traceback_of(error), files=files))
        return 0
    channel.say(Defined(trainer=brew.trainer.wanted, files=tuple(map(str, loaded_from(file.parent)))))
    brew.trainer.stop = lambda: channel.say(CancelAsked())
    threading.Thread(target=channel.listen, name="channel", daemon=True).start()
    while True:
        call = channel.calls.get()
        channel.say(run(call, brew.trainer, channel, file))


def load(file: Path) -> Brew:
    """Run the file and return its brew.

    Raises:
        BrewError: it defines none.
        BaseException: whatever the user's code raises.
    """
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        message = f"{file.name} is no Python file; name it {file.stem}.py"
        raise BrewError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    brew = getattr(module, "brew", None)
    if not isinstance(brew, Brew):
        what = "defines no `brew`" if brew is None else f"defines `brew` as {type(brew).__name__}"
        message = f"{file.name} {what}; write {WHAT}"
        raise BrewError(message)
    return brew


def run(call: Call, trainer: Trainer, channel: Channel, file: Path) -> CallbackDone:
    """Run one callback; what it raises is told, and stops nothing."""
    try:
        trainer.callbacks[call.name](event_of(call, channel))
    except BaseException as error:  # noqa: BLE001 - see above
        line = f"{call.name}: {line_of(error, file)}"
        return CallbackDone(number=call.number, error=line, traceback=traceback_of(error))
    return CallbackDone(number=call.number)


def event_of(call: Call, channel: Channel) -> LogEvent | CheckpointEvent | CompletedEvent | FailedEvent:
    """Return what the callback is given."""
    body: dict[str, Any] = call.body
    match call.name:
        case "on_log":
            known = {name: body[name] for name in ("step", "total_steps", "loss", "learning_rate")}
            return LogEvent(**known, metrics=body)
        case "on_checkpoint":
            return CheckpointEvent(**{**body, "folder": Path(body["folder"])}, _infer=channel.infer)
        case "on_completed":
            return CompletedEvent(**{**body, "folder": Path(body["folder"])})
        case "on_failed":
            return FailedEvent(**body)


def line_of(error: BaseException, file: Path) -> str:
    """Say in one line what went wrong in the user's code, and where: the deepest line of it that is the user's."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{_name(Path(error.filename), file)}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_users(Path(frame.filename), file)]
    place = f"{_name(Path(frames[-1].filename), file)}, line {frames[-1].lineno}: " if frames else ""
    text = " ".join(str(error).split())
    match error:
        case BrewError():
            return f"{place}{text}"
        case SystemExit():
            return f"{place}the code ends its own process (exit {error.code}); leave that out"
        case _:
            return f"{place}{type(error).__name__}{': ' if text else ''}{text}"


def is_users(path: Path, file: Path) -> bool:
    """Whether a source is the user's own: in the folder of the file, and not in an environment there."""
    return path.is_relative_to(file.parent) and not _is_installed(path)


def loaded_from(folder: Path) -> list[Path]:
    """List the Python files of the folder that have been loaded."""
    found = {Path(path) for module in list(sys.modules.values()) if (path := getattr(module, "__file__", None))}
    return sorted(path for path in found if path.is_relative_to(folder) and not _is_installed(path))


def traceback_of(error: BaseException) -> str:
    """Return the whole traceback as text."""
    return "".join(traceback.format_exception(error))


def _is_installed(path: Path) -> bool:
    return "site-packages" in path.parts or path.is_relative_to(Path(__file__).parent.parent)


def _name(path: Path, file: Path) -> str:
    return str(path.relative_to(file.parent)) if path.is_relative_to(file.parent) else str(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Makes an environment of its own for each tool of the field that we are compared with: `python -m benchmarks.tools`.

`lm-eval` asks a served endpoint; `llama-cpp-python` loads our GGUF files and serves them (its package is source, and
takes ten minutes to build). Name one to make only that. They lie beside the peers of training, where `BREWSLM_PEERS`
says, never in the repository; the lists in `versions` are what `pip freeze` said of an environment that worked.
"""

import sys
from pathlib import Path

from benchmarks.train.environments import make_environment, peers_folder

LISTS = Path(__file__).with_name("versions")
NAMES = ("lm-eval", "llama-cpp-python")


def tool_python(name: str) -> Path:
    """The interpreter of a tool's environment.

    Raises:
        FileNotFoundError: it has not been made.
    """
    python = peers_folder() / name / "bin" / "python"
    if not python.exists():
        raise FileNotFoundError(f"no environment for {name!r}: run `python -m benchmarks.tools {name}`")
    return python


def main(names: list[str]) -> None:
    """Make those that are missing or whose list has changed."""
    if unknown := sorted(set(names) - set(NAMES)):
        sys.exit(f"no such tool: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    for name in names or NAMES:
        make_environment(name, LISTS / f"{name}.txt", first=None)


if __name__ == "__main__":
    main(sys.argv[1:])

"""`python -m brewslm.api`: the server as a program of its own."""

import argparse
import gc
import sys

gc.disable()  # what is imported is never garbage, and to look for it takes a tenth of the start; `load_api` ends it

from brewslm.api.server import serve  # noqa: E402
from brewslm.core.errors import BrewError  # noqa: E402


def main(words: list[str]) -> int:
    """Serve until told to stop; 1 where that is not possible."""
    parser = argparse.ArgumentParser(prog="brewslm serve")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--require-token", action="store_true")
    parser.add_argument("--open", action="store_true")
    options = parser.parse_args(words)
    try:
        serve(options.host, options.port, is_token_required=options.require_token, is_opened=options.open)
    except BrewError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m brewslm.api`: the server as a program of its own."""

import argparse
import sys

from brewslm.api.server import serve
from brewslm.core.errors import BrewError


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

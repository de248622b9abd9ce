"""`brewslm serve` and `brewslm dev`: the HTTP API. The server is a program of its own; these commands become it."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Where to listen. For more than this machine BREWSLM_TOKEN must be set.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    is_token_required: Annotated[
        bool, typer.Option("--require-token", help="Ask local clients for BREWSLM_TOKEN, too.")
    ] = False,
) -> None:
    """Serve the HTTP API on this machine until Ctrl-C, and do the jobs that are queued."""
    _become_server("--host", host, "--port", str(port), *(["--require-token"] if is_token_required else []))


def dev(
    path: Annotated[
        Path, typer.Argument(metavar="[PATH]", help="A folder with a brew.py or brewslm.yaml, or such a file.")
    ] = Path(),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    is_opened: Annotated[
        bool, typer.Option("--open/--no-open", help="Whether a browser is opened on it; its address is printed anyway.")
    ] = True,
) -> None:
    """Serve the Studio on a brew.py and open it: edits of the file are picked up, and Run training runs it."""
    from brewslm.bootstrap.settings import BREW_VARIABLE
    from brewslm.services.brewing.reading import file_at

    place = path.absolute()
    if not place.is_dir() and file_at(place) is None:
        message = f"there is no {str(place)!r}; name a folder, or a brew.py in it"
        raise typer.BadParameter(message, param_hint="PATH")
    os.environ[BREW_VARIABLE] = str(place)
    _become_server("--port", str(port), *(["--open"] if is_opened else []))


def _become_server(*words: str) -> None:
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "brewslm.api", *words])  # noqa: S606 - there is no shell

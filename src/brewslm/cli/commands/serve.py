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
        bool, typer.Option("--require-token", help="Ask programs on this machine for the token, too.")
    ] = False,
) -> None:
    """Serve the Studio and the HTTP API on this machine until Ctrl-C, and do the jobs that are queued."""
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


def open_(
    is_opened: Annotated[
        bool, typer.Option("--open/--no-open", help="Whether a browser is opened on it; it is printed anyway.")
    ] = True,
) -> None:
    """Print an address that lets a browser into the running server, once, and open it."""
    from brewslm.bootstrap.access import server_address, token_of
    from brewslm.bootstrap.settings import read_settings

    settings = read_settings()
    address = _new_address(server_address(settings), token_of(settings))
    typer.echo(address)
    if is_opened:
        import webbrowser

        webbrowser.open(address)


def _new_address(server: str, token: str) -> str:
    import httpx2

    from brewslm.core.errors import WorkspaceError

    try:
        answer = httpx2.post(
            f"{server}/api/login-addresses", headers={"Authorization": f"Bearer {token}"}, timeout=10, trust_env=False
        )
        answer.raise_for_status()
        return str(answer.json()["url"])
    except (httpx2.HTTPError, ValueError, KeyError) as error:
        message = f"the server at {server} gave no address ({error}); look at it, or start it anew"
        raise WorkspaceError(message) from error


def _become_server(*words: str) -> None:
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "brewslm.api", *words])  # noqa: S606 - there is no shell

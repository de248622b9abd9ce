"""`brewslm serve`: the HTTP API. The server is a program of its own; this command becomes it."""

import os
import sys
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
    words = ["--host", host, "--port", str(port), *(["--require-token"] if is_token_required else [])]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "brewslm.api", *words])  # noqa: S606 - there is no shell

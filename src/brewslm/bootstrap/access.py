"""The workspace's own token, and where its server is."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from brewslm.adapters.system.leader import address_of_server
from brewslm.bootstrap.settings import Settings
from brewslm.core.errors import NotFoundError, WorkspaceError

TOKEN_FILE = "token"  # noqa: S105 - the name, not the secret
TOKEN_BYTES = 32


def token_of(settings: Settings) -> str:
    """Return BREWSLM_TOKEN, or where that is not set the token of the workspace, made on first use.

    Raises:
        WorkspaceError: its file can be read by others, or cannot be read or made.
    """
    if settings.token is not None:
        return settings.token
    path = settings.home / TOKEN_FILE
    try:
        with suppress(FileExistsError):
            _make(path)
        is_private = not stat.S_IMODE(path.stat().st_mode) & 0o077
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{str(path)!r} cannot be used ({error}); remove it, and a new one is made"
        raise WorkspaceError(message) from error
    if not is_private or len(token) < TOKEN_BYTES:
        what = "is empty or cut off" if is_private else "can be read by other users"
        message = f"{str(path)!r} {what}; remove it, and a new one is made"
        raise WorkspaceError(message)
    return token


def server_address(settings: Settings) -> str:
    """Return where the workspace is being served.

    Raises:
        NotFoundError: it is not.
    """
    address = address_of_server(settings.home)
    if address is None:
        message = f"{str(settings.home)!r} is not being served; start `brewslm serve` or `brewslm dev`"
        raise NotFoundError(message)
    return address


def _make(path: Path) -> None:
    """Make the file whole: it appears under its name when it is written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{TOKEN_FILE}-{secrets.token_hex(4)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, secrets.token_urlsafe(TOKEN_BYTES).encode())
        os.fsync(file)
        os.link(draft, path)
    finally:
        os.close(file)
        draft.unlink()

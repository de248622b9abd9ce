"""Locators with secrets, each in a file of `<workspace>/secrets/`, a folder for the user's eyes only."""

import hashlib
import hmac
import secrets
from pathlib import Path

from brewslm.adapters.files.atomic import make_folders, naming_full_disk, write_atomically
from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.secrets import hidden_as, secret_id_of, without_secrets

_KEY_FILE = "key"


class FileLocatorSecrets:
    """Implements `core.ports.secrets.LocatorSecrets`."""

    def __init__(self, workspace: Path) -> None:
        """Keep secrets in this workspace."""
        self._workspace = workspace.absolute()
        self._folder = self._workspace / "secrets"

    def hide(self, locator: str) -> str:
        """Keep the locator, where it has something to hide.

        Raises:
            DiskFullError: there is no space for it.
        """
        locator = locator.strip()
        if without_secrets(locator) == locator:
            return locator
        with naming_full_disk(self._workspace):
            make_folders(self._folder, under=self._workspace)
        # Keyed, because who reads the books could try passwords against a plain hash.
        secret_id = hmac.new(self._key(), locator.encode(), hashlib.sha256).hexdigest()[:32]
        write_atomically(self._folder / secret_id, locator.encode())
        return hidden_as(locator, secret_id)

    def reveal(self, hidden: str) -> str:
        """Read the locator.

        Raises:
            SourceError: it is not kept any more.
        """
        secret_id = secret_id_of(hidden)
        try:
            return (self._folder / (secret_id or "")).read_bytes().decode()
        except OSError as error:
            message = "What is secret of this address was kept until its job ended. Give the whole address again."
            raise SourceError(message, reason=Reason.INGESTION_UNREACHABLE) from error

    def kept(self) -> frozenset[str]:
        """Look which are there."""
        names = (path.name for path in self._folder.glob("*")) if self._folder.is_dir() else ()
        return frozenset(name for name in names if name != _KEY_FILE)

    def forget(self, secret_id: str) -> None:
        """Remove the file."""
        (self._folder / Path(secret_id).name).unlink(missing_ok=True)

    def _key(self) -> bytes:
        path = self._folder / _KEY_FILE
        if not path.exists():
            write_atomically(path, secrets.token_bytes(32))
        return path.read_bytes()

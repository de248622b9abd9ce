"""Secrets of locators in memory."""

import hashlib

from brewslm.core.errors import SourceError
from brewslm.core.ports.secrets import hidden_as, secret_id_of, without_secrets


class FakeLocatorSecrets:
    """Implements `LocatorSecrets`."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def hide(self, locator: str) -> str:
        locator = locator.strip()
        if without_secrets(locator) == locator:
            return locator
        secret_id = hashlib.md5(locator.encode(), usedforsecurity=False).hexdigest()
        self._kept[secret_id] = locator
        return hidden_as(locator, secret_id)

    def reveal(self, hidden: str) -> str:
        try:
            return self._kept[secret_id_of(hidden) or ""]
        except KeyError as error:
            raise SourceError("The secret is not kept any more. Give it again.") from error

    def kept(self) -> frozenset[str]:
        return frozenset(self._kept)

    def forget(self, secret_id: str) -> None:
        self._kept.pop(secret_id, None)

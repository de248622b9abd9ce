"""Keeping what is secret of a locator, such as a password or the signature of an address, out of all books."""

import re
from typing import Protocol

SCHEME = "secret"
_HIDDEN = re.compile(rf"{SCHEME}:([0-9a-f]{{32}}):(.*)", re.DOTALL)
_LOCATOR = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+:/*)(?:([^/?#]*)@)?([^?#]*)(.*)", re.DOTALL)
_WEB = frozenset({"http", "https"})
_CONTAINER_SCHEMES = frozenset({"abfs", "abfss", "az"})
"""Before their `@` stands a container, not a login."""


class LocatorSecrets(Protocol):
    """Keeps locators that hold something secret for as long as there is work on them."""

    def hide(self, locator: str) -> str:
        """Keep the locator, and return `secret:ID:REST` without what is secret; the same for the same locator.

        What holds no secret is returned as it is.
        """

    def reveal(self, hidden: str) -> str:
        """Return the locator that was hidden.

        Raises:
            SourceError: it is not kept, or not any more.
        """

    def kept(self) -> frozenset[str]:
        """The IDs of all that are kept."""

    def forget(self, secret_id: str) -> None:
        """Remove one."""


def without_secrets(locator: str) -> str:
    """The locator without user, password, and, of a web address, all behind `?` or `#`.

    A user without a password is taken out, too, because tokens are given so.
    """
    found = _LOCATOR.fullmatch(locator.strip())
    if found is None:
        return locator
    start, login, place, rest = found.groups()
    scheme, _, slashes = start.lower().partition(":")
    is_revision = not slashes and scheme not in _WEB
    is_path = slashes == "/" and scheme == "file"
    is_container = scheme in _CONTAINER_SCHEMES and ":" not in (login or "")
    if login is not None and (is_revision or is_path or is_container):
        place = f"{login}@{place}"
    return f"{start}{place}" if scheme in _WEB else f"{start}{place}{rest}"


def hidden_as(locator: str, secret_id: str) -> str:
    """How a locator is spelled whose secrets are kept under this ID."""
    return f"{SCHEME}:{secret_id}:{without_secrets(locator)}"


def secret_id_of(locator: object) -> str | None:
    """The ID under which its secrets are kept; None where it has none."""
    found = _HIDDEN.fullmatch(locator) if isinstance(locator, str) else None
    return found[1] if found is not None else None

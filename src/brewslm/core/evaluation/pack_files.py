"""Where a workspace keeps its eval packs."""

from typing import Protocol

from brewslm.core.errors import NotFoundError


class EvalPackFiles(Protocol):
    """The texts of packs, by name."""

    def names(self) -> tuple[str, ...]:
        """All there are, in order."""

    def read(self, name: str) -> str:
        """Return the text of one.

        Raises:
            NotFoundError: there is none of that name.
            InvalidRequestError: it is no text.
        """

    def add(self, name: str, text: str) -> str:
        """Write a new one, and return where it is.

        Raises:
            ConflictError: there is one of that name already.
        """


class NoEvalPackFiles:
    """Implements it where there is no place for any."""

    def names(self) -> tuple[str, ...]:
        """None."""
        return ()

    def read(self, name: str) -> str:
        """Find nothing.

        Raises:
            NotFoundError: always.
        """
        raise NotFoundError(f"there is no eval pack {name!r}")

    def add(self, name: str, text: str) -> str:
        """Keep nothing.

        Raises:
            NotFoundError: always.
        """
        del text
        raise NotFoundError(f"there is no place for the eval pack {name!r}")

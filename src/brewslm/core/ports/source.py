"""Where data comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from brewslm.core.value import Value


class SourceFile(Value):
    """One file of a source, readable on this machine. It may be an archive; nobody has looked into it yet."""

    path: Path
    """Never written to."""
    name: str
    """What users see: relative, with `/`, without the folders of this machine."""
    split: str | None = None
    """The split that the source itself says the file belongs to, such as `train`."""


class OpenedSource(Value):
    """A source that was found."""

    files: tuple[SourceFile, ...]
    """At least one; in an order that depends on their names only."""
    name: str
    """A file's or a sample's name, or a locator without credentials; what users see."""
    revision: str | None = None
    """The exact version of a remote source, where it has one; its bytes can be had again by it."""
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """How a source that is not here yet is brought here."""

    folder: Path
    """An empty folder for what is downloaded; the caller removes it."""
    progress: Callable[[int, int | None], None]
    """Hears the bytes that came so far, and how many there will be, where that is known."""
    is_cancelled: Callable[[], bool]


class Sources(Protocol):
    """Resolves locators: paths, `file:`, `sample:<name>`, uploads, and what lies on the network."""

    def open(self, locator: str, fetch: Fetch) -> OpenedSource:
        """Find the source, and bring it here where it is not.

        Raises:
            SourceError: it does not exist or cannot be reached or read (`ingestion_unreachable`), or is refused
                (`ingestion_refused`).
            CancelledError: `fetch.is_cancelled` said so.
        """

    def samples(self) -> tuple[str, ...]:
        """Names of the bundled samples."""

    def sample_prompts(self, name: str) -> tuple[str, ...]:
        """Prompts that show a model tuned on the sample beside its base; empty for an unknown name."""

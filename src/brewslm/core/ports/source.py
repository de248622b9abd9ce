"""Where data comes from."""

from pathlib import Path
from typing import Protocol

from brewslm.core.value import Value


class OpenedSource(Value):
    """A source that was found: a readable local file."""

    path: Path
    """Never written to."""
    name: str
    """File name, or a sample's name with its suffix; what users see."""
    licence: str | None = None


class Sources(Protocol):
    """Resolves locators: a path, `file:`, `sample:<name>`."""

    def open(self, locator: str) -> OpenedSource:
        """Find the source.

        Raises:
            SourceError: it does not exist, is a folder, or cannot be read; `ingestion_unreachable`.
        """

    def samples(self) -> tuple[str, ...]:
        """Names of the bundled samples."""

    def sample_prompts(self, name: str) -> tuple[str, ...]:
        """Prompts that show a model tuned on the sample beside its base; empty for an unknown name."""

"""`hf:<id>[:config][:split][@revision]`, taken apart."""

import re
from dataclasses import dataclass

from brewslm.adapters.sources.refusals import unreachable

CONVERTED = "refs/convert/parquet"
"""The branch on which the hub keeps every data set as Parquet, also those that are made by a script."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a locator says."""

    repository: str
    first: str | None = None
    """A configuration or, where there is none of that name, a split."""
    split: str | None = None
    revision: str | None = None

    @property
    def shown(self) -> str:
        """The locator without its revision."""
        parts = [f"hf:{self.repository}"]
        if self.first is not None or self.split is not None:
            parts.append(self.first or "")
        if self.split is not None:
            parts.append(self.split)
        return ":".join(parts)


def parse_reference(locator: str) -> Reference:
    """Take a locator apart.

    Raises:
        SourceError: it is not one.
    """
    text, at, revision = locator.partition(":")[2].partition("@")
    repository, *parts = text.split(":")
    is_valid = _ID.fullmatch(repository) and ".." not in repository and len(repository) <= 96 and len(parts) <= 2
    if not is_valid or (at and (not _REVISION.fullmatch(revision) or ".." in revision)):
        raise unreachable(
            f"{locator[:200]!r} does not name a data set. Write hf:OWNER/NAME[:CONFIG][:SPLIT][@REVISION]."
        )
    first = parts[0] if parts else None
    split = parts[1] if len(parts) == 2 else None
    return Reference(repository, first or None, split or None, revision or None)

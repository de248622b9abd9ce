"""Rows of the tables that say what a cleaning did to which example."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Removal:
    """An example that was taken out; a row of `removed.parquet`."""

    id: str
    source_row: int
    rule: str
    kept_row: int | None = None
    """Of a duplicate: the source row of the one that stays."""
    measured: float | None = None
    """What the rule measured: of a near duplicate the likeness to the kept one."""
    limit: float | None = None
    """What the rule allows."""
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A text that a rule changed; a row of `changes.parquet`."""

    id: str
    """Of the example as it was."""
    new_id: str
    source_row: int
    rule: str
    field: str
    """Which text, such as `messages[1].content`."""
    count: int
    """Places that were changed."""
    before: str
    """An excerpt around the first of them; of redactions only what they are, never what stood there."""
    after: str


@dataclass(frozen=True, slots=True)
class ClusterMember:
    """An example of a group of near duplicates; a row of `clusters.parquet`."""

    cluster: int
    """From 0, in the order of the kept examples."""
    id: str
    source_row: int
    is_kept: bool
    likeness: float
    """To the kept one; 1 for itself."""


@dataclass(frozen=True, slots=True)
class PiiFind:
    """A place with personal data, without the data; a row of `pii.parquet`."""

    id: str
    source_row: int
    field: str
    kind: str
    detail: str
    start: int
    end: int
    is_checked: bool
    """Whether a check digit, a parser or a fixed shape says so, and not only the words around it."""

"""The labels of train, of classification."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.ports.tables import Tables
from brewslm.core.wire.shard import EXAMPLES_FILE
from brewslm.services.shelf import ProjectShelf


@dataclass(frozen=True, slots=True)
class _Label:
    """The column that is read."""

    label: str | None = None


def trained_labels(manifest: Manifest, shelf: ProjectShelf, tables: Tables) -> list[str]:
    """Return the label of each train row."""
    path = shelf.path(f"{manifest.split('train').folder}/{EXAMPLES_FILE}")
    return [row.label or "" for row in tables.each(path, _Label)]


def majority_of(labels: Sequence[str]) -> str:
    """Return the most frequent label, of equals the first in order; "" where there is none."""
    counts = Counter(labels)
    return min(counts, key=lambda label: (-counts[label], label), default="")

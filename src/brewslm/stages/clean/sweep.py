"""The one path of a cleaning and of its preview: examples in, examples out, and tables of what became of the others.

The first pass changes, judges, cuts, and takes out exact duplicates. Where outliers or near duplicates are looked for,
what is left waits in a table beside, and a second pass decides with all of it in view.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from brewslm.core.artifacts.cleaning import CleaningPlan, CleaningReport
from brewslm.core.data.cleaning import Change, ClusterMember, PiiFind, Removal
from brewslm.core.data.example import Example
from brewslm.core.ports.similarity import Similarity
from brewslm.core.ports.tables import Tables
from brewslm.stages.clean.account import Account
from brewslm.stages.clean.first_pass import FirstPass, Lists
from brewslm.stages.clean.second_pass import SecondPass


@dataclass(frozen=True, slots=True)
class Means:
    """What a cleaning works with."""

    tables: Tables
    similarity: Similarity
    locate: Callable[[str], Path]
    """Finds the folder of a base model, whose tokenizer counts."""


def sweep(
    source: Path,
    folder: Path,
    plan: CleaningPlan,
    means: Means,
    *,
    at_batch: Callable[[int], None],
    max_examples: int | None = None,
) -> CleaningReport:
    """Clean the examples in `source` into tables in `folder`, and return the account.

    Args:
        source: a table of `Example`.
        folder: where `examples.parquet`, `removed.parquet`, `changes.parquet`, `pii.parquet` and `clusters.parquet` are
            written.
        plan: the rules.
        means: tables, similarity, and where base models are.
        at_batch: hears how many examples were read.
        max_examples: look at so many only, from the beginning.

    Raises:
        InvalidRequestError: Presidio is asked for, and not installed.
        BaseModelError: the base model whose tokens count cannot be found.
    """
    account, tables = Account(), means.tables
    second = SecondPass(plan, means.similarity, account)
    first = FirstPass(plan, means.locate, account)
    kept = folder / ("waiting.parquet" if second.is_needed else "examples.parquet")
    with (
        tables.write(folder / "removed.parquet", Removal) as removed,
        tables.write(folder / "changes.parquet", Change) as changes,
        tables.write(folder / "pii.parquet", PiiFind) as finds,
        tables.write(folder / "clusters.parquet", ClusterMember) as clusters,
    ):
        with tables.write(kept, Example) as survivors:
            for batch in _limited(tables.read(source, Example), max_examples):
                left = first.take(batch, Lists(removed, changes, finds))
                second.look(left)
                survivors.add(left)
                account.num_after += len(left)
                at_batch(account.num_before)
        if second.is_needed:
            with tables.write(folder / "examples.parquet", Example) as survivors:
                for batch in tables.read(kept, Example):
                    survivors.add(second.decide(batch, removed, clusters))
                    at_batch(account.num_before)
            kept.unlink()
    second.close()
    account.num_conflicts = first.num_conflicts
    return account.report(plan, is_whole=account.num_before == tables.outline(source).num_rows)


def _limited(batches: Iterator[list[Example]], most: int | None) -> Iterator[list[Example]]:
    left = most
    for batch in batches:
        taken = batch if left is None else batch[:left]
        if not taken:
            return
        yield taken
        left = None if left is None else left - len(taken)

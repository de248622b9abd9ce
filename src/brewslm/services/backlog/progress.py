"""How a newer evaluation compares with the one in which an entry was opened, on the same rows, beyond noise."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from brewslm.core.backlog.entry import BacklogEntry
from brewslm.core.drift.statistics import holm, two_shares
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.services.backlog.evaluated import ALPHA, SeenReport
from brewslm.stages.evaluate.statistics import Paired, compare_pairs
from brewslm.stages.evaluate.tasks import MIN_WORST

NUM_RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of an entry."""

    said: str
    is_mended: bool
    """Beyond noise, or by a gate that decides itself."""


@dataclass(frozen=True, slots=True)
class _Compared:
    said: str
    chance: float
    """How often noise alone gives so large a gain; 1 where there is none."""


def progress_of(
    entries: Iterable[BacklogEntry], before: Mapping[str, SeenReport], now: SeenReport, *, seed: int
) -> dict[int, Progress]:
    """Compare entries of slices, rows and gates with a newer evaluation, by their number.

    Entries that are compared on rows are called mended together as rarely by chance as one would be (Holm).

    Args:
        entries: those that were opened in another evaluation.
        before: the evaluations in which they were opened, by id.
        now: the newest one.
        seed: fixes the resamples.
    """
    found: dict[int, Progress] = {}
    compared: dict[int, _Compared] = {}
    for entry in entries:
        match entry.finding.kind:
            case "gate":
                found[entry.number] = _of_gate(entry, now)
            case "slice" | "rows" if entry.opened_in in before:
                one = _of_rows(entry, before[entry.opened_in], now, seed=seed)
                if isinstance(one, _Compared):
                    compared[entry.number] = one
                else:
                    found[entry.number] = one
            case _:
                pass
    adjusted = holm([one.chance for one in compared.values()])
    for (number, one), chance in zip(compared.items(), adjusted, strict=True):
        is_beyond = chance <= ALPHA
        found[number] = Progress(f"{one.said}, {'beyond' if is_beyond else 'within'} noise", is_mended=is_beyond)
    return found


def _of_gate(entry: BacklogEntry, now: SeenReport) -> Progress:
    name = entry.finding.key.partition("/")[2]
    gate = next((one for one in now.report.gates if one.name == name), None)
    if gate is None:
        return Progress("the newest evaluation does not ask this gate", is_mended=False)
    return Progress(f"the gate is {'' if gate.passed else 'still not '}met: {gate.seen}", is_mended=gate.passed)


def _of_rows(entry: BacklogEntry, before: SeenReport, now: SeenReport, *, seed: int) -> _Compared | Progress:
    kind, task_id, metric, *rest = entry.finding.key.split("/", 3)
    old, new = before.task(task_id, metric), now.task(task_id, metric)
    if old is None or new is None:
        return Progress(f"the newest evaluation has no task {task_id} by {metric}", is_mended=False)
    first, second = before.rows[task_id], now.rows[task_id]
    if kind == "rows" and not any(row.is_failing for row in second):
        return Progress(f"none of {len(second)} rows fails", is_mended=True)
    if kind == "slice":
        wanted = {first[place].id for place in before.places(task_id, rest[0])}
        ours = [row for row in first if row.id in wanted]
        same = _paired(ours, [row for row in second if row.id in wanted])
        others = [second[place] for place in now.places(task_id, rest[0])]
    else:
        ours, others = list(first), list(second)
        same = _paired(first, second)
    if len(same) >= MIN_WORST:
        return _on_same_rows(same, seed=seed)
    return _on_other_rows(ours, others)


def _paired(before: Sequence[ScoredRow], now: Sequence[ScoredRow]) -> list[tuple[bool, bool]]:
    """Return whether each row that both have failed and fails."""
    known = {row.id: row.is_failing for row in now}
    return [(row.is_failing, known[row.id]) for row in before if row.id in known]


def _on_same_rows(same: Sequence[tuple[bool, bool]], *, seed: int) -> _Compared:
    old, new = ([(float(one[side]), 1.0) for one in same] for side in (0, 1))
    (found,) = compare_pairs([Paired(old, new)], seed=seed, num_resamples=NUM_RESAMPLES)
    said = f"{_count(new)} of the same {len(same)} rows fail, {_count(old)} did"
    is_better = found.verdict(is_lower_better=True) == "better"
    return _Compared(said, found.p_value if is_better else 1.0)


def _on_other_rows(before: Sequence[ScoredRow], now: Sequence[ScoredRow]) -> _Compared | Progress:
    if len(now) < MIN_WORST:
        return Progress(f"the newest evaluation has only {len(now)} such rows", is_mended=False)
    failed, fails = (sum(row.is_failing for row in rows) for rows in (before, now))
    tested = two_shares((failed, len(before)), (fails, len(now)))
    said = f"{fails} of {len(now)} other rows fail, {failed} of {len(before)} did"
    return _Compared(said, tested.p_value if tested.effect < 0 else 1.0)


def _count(column: Sequence[tuple[float, float]]) -> int:
    return int(sum(one for one, _ in column))

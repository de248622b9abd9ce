"""Whether a run has mended something, or only drew other noise."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from brewslm.core.backlog.entry import BacklogEntry, BacklogFinding
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.ids import ProjectId
from brewslm.services.backlog.evaluated import SeenReport
from brewslm.services.backlog.progress import progress_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NUM_ROWS, NUM_TRIALS = 40, 100


def entry() -> BacklogEntry:
    finding = BacklogFinding(
        key="slice/main/accuracy/label=a",
        kind="slice",
        title="label=a",
        seen="",
        effect="",
        is_measured=True,
        source="old",
        evidence=(),
        action="",
    )
    return BacklogEntry(
        project_id=ProjectId(1),
        number=7,
        finding=finding,
        opened_at=NOW,
        opened_in="old",
        changed_at=NOW,
        actor="backlog",
    )


def seen(fails: Sequence[bool]) -> SeenReport:
    rows = [
        ScoredRow(id=f"r{place}", num_tokens=1, num_bytes=1, prompt="p", expected="e", label="a", is_failing=is_failing)
        for place, is_failing in enumerate(fails)
    ]
    task = SimpleNamespace(id="main", metrics=(SimpleNamespace(name="accuracy"),))
    report: Any = SimpleNamespace(id="x", tasks=(task,), gates=())
    return SeenReport(report, {"main": rows})


def mended(chance_before: float, chance_now: float) -> int:
    generator = random.Random(11)
    count = 0
    for trial in range(NUM_TRIALS):
        old, new = ([generator.random() < chance for _ in range(NUM_ROWS)] for chance in (chance_before, chance_now))
        found = progress_of([entry()], {"old": seen(old)}, seen(new), seed=trial)
        count += found[7].is_mended
    return count


def test_models_that_are_alike_mend_something_in_one_look_of_twenty_at_most() -> None:
    assert mended(0.6, 0.6) <= NUM_TRIALS // 20


def test_a_slice_that_fails_half_as_often_is_mostly_called_mended() -> None:
    assert mended(0.6, 0.3) > NUM_TRIALS // 2


def test_what_got_worse_is_not_mended() -> None:
    assert mended(0.3, 0.6) == 0


def test_another_metric_is_no_comparison() -> None:
    other = seen([False] * NUM_ROWS)
    other.report.tasks[0].metrics[0].name = "rouge_l"  # type: ignore[misc]  # a plain object stands for the report
    found = progress_of([entry()], {"old": seen([True] * NUM_ROWS)}, other, seed=1)
    assert (found[7].is_mended, found[7].said) == (False, "the newest evaluation has no task main by accuracy")

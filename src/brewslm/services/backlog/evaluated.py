"""What an evaluation shows that a next run should mend: slices, failing rows, gates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from brewslm.core.artifacts.eval_report import EvalReport, GateOutcome
from brewslm.core.backlog.entry import BacklogFinding, Evidence, RowsToReview
from brewslm.core.drift.statistics import holm, two_shares
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.outcome import TaskReport
from brewslm.core.evaluation.pack import EvalTask
from brewslm.core.ports.artifact_store import Shelf
from brewslm.core.ports.tables import Tables
from brewslm.stages.evaluate.tasks import MIN_WORST, places_in

ALPHA = 0.05
"""How often a task whose slices are all alike has an entry for one of them (Holm over its slices)."""


@dataclass(frozen=True, slots=True)
class SeenReport:
    """An evaluation with the rows of its tasks."""

    report: EvalReport
    rows: Mapping[str, Sequence[ScoredRow]]
    _places: dict[tuple[str, str], frozenset[int]] = field(default_factory=dict)

    @staticmethod
    def read(report: EvalReport, shelf: Shelf, tables: Tables) -> "SeenReport":
        """Read its tables.

        Raises:
            ArtifactDamagedError: one cannot be read.
        """
        rows = {}
        for task in report.tasks:
            paths = [file.path for file in report.files if file.path.endswith(f"/rows-{task.id}.parquet")]
            rows[task.id] = [row for path in paths for row in tables.each(shelf.path(path), ScoredRow)]
        return SeenReport(report, rows)

    def task(self, task_id: str, metric: str) -> TaskReport | None:
        """Return a task if its rows fail by this metric; None where they fail by another one, or it is not there."""
        found = next((one for one in self.report.tasks if one.id == task_id), None)
        return found if found is not None and found.metrics and found.metrics[0].name == metric else None

    def places(self, task_id: str, slice_: str) -> frozenset[int]:
        """Return the places of the rows of a slice."""
        if (task_id, slice_) not in self._places:
            asked = EvalTask(id=task_id, metrics=("loss",), slices=("label", "length", "source", "cluster"))
            self._places[task_id, slice_] = places_in(slice_, asked, self.rows[task_id])
        return self._places[task_id, slice_]


def slice_key(task_id: str, metric: str, slice_: str) -> str:
    """Return the identity of a slice."""
    return f"slice/{task_id}/{metric}/{slice_}"


def found_in_evaluation(seen: SeenReport) -> Iterator[BacklogFinding]:
    """Yield what stands out: gates that are not met, slices that fail more often than the rest, other failing rows."""
    report = seen.report
    project_flag = "--project {project}"
    yield from (_of_gate(gate, seen, project_flag) for gate in report.gates if not gate.passed)
    for task in report.tasks:
        if task.metrics:
            yield from _of_task(task, seen, project_flag)


def _of_gate(gate: GateOutcome, seen: SeenReport, project_flag: str) -> BacklogFinding:
    failing = next((task for task in seen.report.tasks if task.num_failing), None)
    return BacklogFinding(
        key=f"gate/{gate.name}",
        kind="gate",
        title=f"Gate {gate.name} is not met",
        seen=f"{gate.sentence} Seen: {gate.seen}.",
        effect="The model may be promoted." if gate.required else "A gate that blocks nothing is met.",
        is_measured=False,
        is_blocking=gate.required,
        source=str(seen.report.id),
        evidence=(Evidence(kind="artifact", id=seen.report.id, said=f"the gate {gate.name}"),),
        action=f"brewslm eval failures {project_flag}" if failing else f"brewslm evaluate {project_flag} --pack NAME",
        rows=RowsToReview(task=failing.id, slice=None) if failing is not None else None,
    )


def _of_task(task: TaskReport, seen: SeenReport, project_flag: str) -> Iterator[BacklogFinding]:
    rows = seen.rows[task.id]
    metric = task.metrics[0].name
    failing = frozenset(place for place, row in enumerate(rows) if row.is_failing)
    explained: frozenset[int] = frozenset()
    for slice_, inside, chance in _worse_slices(task, seen, failing):
        hits, others = len(failing & inside), len(failing - inside)
        rest = len(rows) - len(inside)
        excess = hits - len(inside) * others / rest
        explained |= failing & inside
        yield BacklogFinding(
            key=slice_key(task.id, metric, slice_),
            kind="slice",
            title=f"{slice_} fails more often than the rest",
            seen=(
                f"{hits} of {len(inside)} rows fail by {metric} ({hits / len(inside):.0%}), "
                f"elsewhere {others} of {rest} ({others / rest:.0%}); by chance alone in {_percent(chance)} of cases"
            ),
            effect=f"As good as the rest, about {excess:.0f} of {len(rows)} rows fewer would fail.",
            share=excess / len(rows),
            is_measured=True,
            source=str(seen.report.id),
            evidence=(Evidence(kind="artifact", id=seen.report.id, said=f"task {task.id}, slice {slice_}"),),
            action=f"brewslm eval review {project_flag} --task {task.id} --slice {_quoted(slice_)}",
            rows=RowsToReview(task=task.id, slice=slice_),
        )
    left = failing - explained
    if left:
        where = "outside the slices above" if explained else "in no slice that stands out"
        yield BacklogFinding(
            key=f"rows/{task.id}/{metric}",
            kind="rows",
            title=f"{len(left)} rows fail by {metric}",
            seen=f"{len(left)} of {len(rows)} rows fail, {where}; {len(failing)} fail in all",
            effect=f"Right, {len(left)} of {len(rows)} rows fewer would fail.",
            share=len(left) / len(rows),
            is_measured=True,
            source=str(seen.report.id),
            evidence=(Evidence(kind="artifact", id=seen.report.id, said=f"failing rows of task {task.id}"),),
            action=f"brewslm eval review {project_flag} --task {task.id}",
            rows=RowsToReview(task=task.id, slice=None),
        )


def _worse_slices(
    task: TaskReport, seen: SeenReport, failing: frozenset[int]
) -> list[tuple[str, frozenset[int], float]]:
    """Return slices whose rows fail more often than all others, beyond noise, the most failing rows first."""
    num_rows = len(seen.rows[task.id])
    names = dict.fromkeys(one.slice for one in task.slices)
    large = [(name, inside) for name in names if MIN_WORST <= len(inside := seen.places(task.id, name)) < num_rows]
    tested = [
        two_shares((len(failing - inside), num_rows - len(inside)), (len(failing & inside), len(inside)))
        for _, inside in large
    ]
    chances = holm([one.p_value for one in tested])
    found = [
        (name, inside, chance)
        for (name, inside), one, chance in zip(large, tested, chances, strict=True)
        if one.effect > 0 and chance <= ALPHA
    ]
    return sorted(found, key=lambda one: -len(failing & one[1]))


def _percent(chance: float) -> str:
    return "less than 0.1 %" if chance < 0.001 else f"{100 * chance:.1f} %"


def _quoted(slice_: str) -> str:
    from shlex import quote

    return quote(slice_)

"""Gate D: whether a model may take the place of the last accepted release."""

from dataclasses import dataclass

from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.eval_report import EvalReport, GateOutcome, LossComparison
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.release import Release
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.metrics import MetricName
from brewslm.core.evaluation.outcome import MetricComparison
from brewslm.core.evaluation.pack import EvalTask
from brewslm.core.evaluation.usual import usual_pack
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.ports.artifact_store import Shelf
from brewslm.core.ports.storage import Transaction
from brewslm.core.ports.tables import Tables
from brewslm.core.value import Value
from brewslm.stages.evaluate.conditions import ALPHA, Regression, against, regression_between, unpaired
from brewslm.stages.evaluate.rows import ScoredExample
from brewslm.stages.evaluate.statistics import holm

ACCEPTED_STATES = frozenset({"live"})
"""States of a release that was promoted and still stands."""

_LOSSES = "losses"


class ReleaseVerdict(Value):
    """Whether a candidate may be promoted, and what decided."""

    passed: bool
    eval_report_id: ArtifactId
    accepted_report_id: ArtifactId | None
    """Of the last accepted release; None where there is none to compare with."""
    outcomes: tuple[GateOutcome, ...]
    """The required gates of its own evaluation, then its final metrics against the accepted release."""

    @property
    def sentence(self) -> str:
        """All that stands in the way, or that nothing does."""
        failed = [f"{one.name}: {one.sentence} Seen: {one.seen}." for one in self.outcomes if not one.passed]
        return " ".join(failed) if failed else "Nothing stands in the way of a promotion."


def accepted_report(transaction: Transaction, project_id: ProjectId) -> ArtifactId | None:
    """Return the evaluation behind the project's newest accepted release; None where nothing was promoted."""
    rows = [row for row in transaction.releases.list(project_id) if str(row.state) in ACCEPTED_STATES]
    if not rows:
        return None
    newest = max(rows, key=lambda row: row.version)
    return report_of_release(transaction, project_id, newest.release_id)


def report_of_release(transaction: Transaction, project_id: ProjectId, release_id: ArtifactId) -> ArtifactId:
    """Return the evaluation that the bundle of a release was made with."""
    release = Release.model_validate(transaction.artifacts.get(project_id, release_id).body)
    bundle = Bundle.model_validate(transaction.artifacts.get(project_id, release.bundle_id).body)
    return bundle.eval_report_id


def verdict_for_release(
    shelf: Shelf, tables: Tables, report_id: ArtifactId, accepted_report_id: ArtifactId | None, *, seed: int
) -> ReleaseVerdict:
    """Judge a candidate by its evaluation: its required gates, and no final metric worse than before, beyond noise.

    The final metrics are what decided its verdict and the first metric of each task, as far as both have them. Those of
    the same rows are compared in pairs; all of them together give a false alarm in 5 % of cases (Holm).

    Args:
        shelf: the project's artifacts.
        tables: reads what was seen of each row.
        report_id: the candidate's evaluation.
        accepted_report_id: that of the last accepted release; with None only its own gates count.
        seed: fixes the resamples.

    Raises:
        NotFoundError: a report is not there.
    """
    report = shelf.read(EvalReport, report_id)
    outcomes = [gate for gate in report.gates if gate.required]
    if accepted_report_id is not None and accepted_report_id != report_id:
        accepted = shelf.read(EvalReport, accepted_report_id)
        outcomes += _against_accepted(_Kept(shelf, tables, seed), report, accepted)
    return ReleaseVerdict(
        passed=all(one.passed for one in outcomes),
        eval_report_id=report_id,
        accepted_report_id=accepted_report_id,
        outcomes=tuple(outcomes),
    )


def _against_accepted(kept: "_Kept", report: EvalReport, accepted: EvalReport) -> list[GateOutcome]:
    found = [
        (name, one)
        for name, task_id in _final_metrics(report)
        if (one := _regression(kept, report, accepted, name, task_id)) is not None
    ]
    if not found:
        return [
            GateOutcome(
                name="gate_d",
                sentence="A final metric was measured for this model and for the last accepted release.",
                passed=False,
                seen="none was measured for both; evaluate the accepted release's adapter again, with the same pack",
            )
        ]
    adjusted = holm([one.p_value for _, one in found])
    return [
        GateOutcome(
            name=f"gate_d_{name}",
            sentence=f"{name} is not worse than that of the last accepted release, beyond noise.",
            passed=chance > ALPHA,
            seen=f"{one.after:.4g} against {one.before:.4g}, difference {one.how}",
            p_adjusted=chance,
        )
        for (name, one), chance in zip(found, adjusted, strict=True)
    ]


def _final_metrics(report: EvalReport) -> list[tuple[MetricName, str]]:
    """Name the metrics that decide, each with its task; that of the losses of the test split is `_LOSSES`."""
    decisive: MetricName = "loss" if isinstance(report.final, LossComparison) else "objective"
    found = [(task.metrics[0].name, task.id) for task in report.tasks if task.metrics]
    if decisive not in {name for name, _ in found}:
        holders = (task.id for task in report.tasks if task.rows == "test" and task.metric(decisive))
        found.insert(0, (decisive, next(holders, _LOSSES)))
    return found


def _regression(
    kept: "_Kept", report: EvalReport, accepted: EvalReport, name: MetricName, task_id: str
) -> Regression | None:
    """Compare one metric of two reports: in pairs where the rows are the same, else by their intervals."""
    if name == "objective" and _mode(report) != _mode(accepted):
        return None
    paired = against(kept.rows(report, task_id), kept.rows(accepted, task_id))
    if paired is not None:
        task, labels = kept.task(report, task_id)
        found = regression_between(name, paired, task, labels, margin=0.0, seed=kept.seed)
        if found is not None:
            return found
    ours, theirs = (_metric(one, name, task_id) for one in (report, accepted))
    return None if ours is None or theirs is None else unpaired(theirs, ours, 0.0)


def _mode(report: EvalReport) -> str:
    """Name the mode whose objective decided; objectives of two modes are not alike."""
    return report.judgements[0].mode if report.judgements else ""


def _metric(report: EvalReport, name: MetricName, task_id: str) -> MetricComparison | None:
    return next((found for task in report.tasks if task.id == task_id and (found := task.metric(name))), None)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was kept of evaluations."""

    shelf: Shelf
    tables: Tables
    seed: int

    def task(self, report: EvalReport, task_id: str) -> tuple[EvalTask, tuple[str, ...]]:
        """Return a task as it was asked, and the labels that its answers could be."""
        manifest = self.shelf.read(Manifest, report.manifest_id)
        pack = report.pack or usual_pack(manifest.shape)
        return next((task for task in pack.tasks if task.id == task_id), pack.tasks[0]), manifest.labels

    def rows(self, report: EvalReport, task_id: str) -> list[ScoredRow]:
        """Return what was seen of each row; of a report without tasks the losses of its test split."""
        if (path := _file(report, f"rows-{task_id}")) is not None:
            return list(self.tables.each(self.shelf.path(path), ScoredRow))
        if (path := _file(report, "test")) is None:
            return []
        return [
            ScoredRow(
                id=one.id,
                num_tokens=one.num_tokens,
                num_bytes=0,
                prompt="",
                expected="",
                base_loss=one.base_loss,
                tuned_loss=one.tuned_loss,
            )
            for one in self.tables.each(self.shelf.path(path), ScoredExample)
        ]


def _file(report: EvalReport, name: str) -> str | None:
    return next((file.path for file in report.files if file.path.endswith(f"/{name}.parquet")), None)

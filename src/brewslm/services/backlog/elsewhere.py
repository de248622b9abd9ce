"""What else a run shows that a next one should mend: rejected rows, drift, and the health of the training."""

from collections.abc import Iterator, Mapping

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.backlog.entry import BacklogFinding, Evidence
from brewslm.core.events.base import RunEvent
from brewslm.core.events.choice import EventChoice
from brewslm.core.events.deployment import DriftDetected
from brewslm.core.events.monitoring import MonitoringAlert
from brewslm.core.events.reasons import Reason
from brewslm.core.health.report import HealthFinding
from brewslm.core.health.sighting import DetectorName
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.storage import Transaction
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.release import ReleaseState

MAX_EVENTS = 1_000


def found_in_dataset(dataset_id: ArtifactId, dataset: Dataset) -> Iterator[BacklogFinding]:
    """Yield a finding for each reason why source rows did not become examples."""
    for reason, count in dataset.rejections.items():
        if count:
            total = max(dataset.tally.total, 1)
            yield BacklogFinding(
                key=f"rejections/{reason}",
                kind="rejections",
                title=f"{count:,} source rows were rejected: {reason}",
                seen=f"{count:,} of {total:,} source rows ({count / total:.1%}) did not become examples",
                effect=f"Mended, there would be {count / max(dataset.num_examples, 1):.1%} more examples.",
                share=count / total,
                is_measured=True,
                source=str(dataset_id),
                evidence=(Evidence(kind="artifact", id=dataset_id, said=f"rejected rows, {reason}"),),
                action=f"brewslm dataset rejections --project {{project}} --reason {reason} --output rejected.jsonl",
            )


def live_version(transaction: Transaction, project_id: ProjectId) -> int | None:
    """Return the version of the release that is live; None where none is."""
    rows = transaction.releases.list(project_id)
    return next((row.version for row in rows if row.state is ReleaseState.LIVE), None)


def found_in_drift(transaction: Transaction, project_id: ProjectId) -> Iterator[BacklogFinding]:
    """Yield what has drifted of the release that is live."""
    version = live_version(transaction, project_id)
    events = transaction.events.newest(EventChoice(project_id=project_id, stages=("deployment",)), limit=MAX_EVENTS)
    newest: dict[str, tuple[RunEvent, str]] = {}
    for event in events:
        if event.reason == Reason.DEPLOYMENT_DRIFT_DETECTED:
            seen = DriftDetected.model_validate(event.payload)
            if seen.version == version:
                newest |= {said.partition(":")[0]: (event, said) for said in seen.checks}
    for name, (event, said) in newest.items():
        is_golden = name == "golden replay"
        yield BacklogFinding(
            key=f"drift/{name}",
            kind="drift",
            title=f"The endpoint has drifted: {name}",
            seen=said,
            effect=(
                "Answers are again those that were accepted."
                if is_golden
                else "The next model learns what clients ask now; how much that is worth is not known."
            ),
            is_measured=False,
            is_blocking=is_golden,
            source=f"v{version}",
            evidence=(Evidence(kind="event", id=str(event.seq), said=f"drift of v{version}"),),
            action=(
                "brewslm drift check --project {project}" if is_golden else "brewslm endpoint log --project {project}"
            ),
        )


def last_training(transaction: Transaction, project_id: ProjectId) -> Job | None:
    """Return the newest training that has ended."""
    jobs = transaction.jobs.list(project_id=project_id, statuses=(JobStatus.COMPLETED, JobStatus.FAILED), limit=1_000)
    return next((job for job in jobs if job.kind == "train"), None)


def found_in_training(transaction: Transaction, job: Job, recipe: Recipe | None) -> Iterator[BacklogFinding]:
    """Yield what was the matter with a training, and the change of the recipe that speaks to it."""
    choice = EventChoice(project_id=job.project_id, stages=("monitoring",))
    events = transaction.events.newest(choice, limit=MAX_EVENTS)
    newest: dict[DetectorName, tuple[RunEvent, HealthFinding]] = {}
    for event in events:
        if event.reason == Reason.MONITORING_ALERT:
            alert = MonitoringAlert.model_validate(event.payload)
            if alert.job_id == job.id:
                newest[alert.finding.detector] = (event, alert.finding)
    for detector, (event, finding) in newest.items():
        changes = _override(detector, recipe) if recipe is not None else {}
        spelled = " ".join(f"--set {name}={value:g}" for name, value in changes.items())
        action = "brewslm train --project {project} --autopilot " + spelled if changes else f"brewslm health {job.id}"
        yield BacklogFinding(
            key=f"health/{detector}",
            kind="health",
            title=f"The training was not well: {detector}",
            seen=finding.seen,
            effect=f"{finding.action} How much it is worth is not known before it is tried.",
            is_measured=False,
            source=f"job {job.id}",
            evidence=(
                Evidence(kind="job", id=str(job.id), said="the training"),
                Evidence(kind="event", id=str(event.seq), said=f"{detector}, {finding.level}"),
            ),
            action=action,
        )


def _override(detector: DetectorName, recipe: Recipe) -> Mapping[str, float]:
    """Return the recipe's fields that a detector's action names, with the values that it means."""
    optim, data = recipe.optim, recipe.data
    match detector:
        case "non_finite" | "divergence" | "plateau":
            return {"optim.learning_rate": optim.learning_rate / 2}
        case "not_learning":
            return {"optim.learning_rate": optim.learning_rate * 2}
        case "gradient_norm" | "spike":
            return {"optim.max_grad_norm": optim.max_grad_norm / 2}
        case "over_fit":
            return {"data.num_epochs": max(data.num_epochs / 2, 1.0)}
        case "memory" if data.batch_size > 1:
            return {
                "data.batch_size": data.batch_size // 2,
                "data.gradient_accumulation_steps": data.gradient_accumulation_steps * 2,
            }
        case _:
            return {}

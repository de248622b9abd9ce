"""Doing again what led to an experiment's manifest, from the raw snapshot, and comparing every hash on the way."""

from collections.abc import Iterable
from typing import Protocol

from pydantic import TypeAdapter

from brewslm.core.artifacts.base import ArtifactKind, ArtifactRecord, FileRef, content_hash_of
from brewslm.core.errors import BrewError
from brewslm.core.experiment import Experiment
from brewslm.core.ids import ArtifactId, ExperimentId, ProjectId
from brewslm.core.job import Job, JobKind
from brewslm.core.ports.storage import Storage
from brewslm.core.value import Value
from brewslm.services.audit.audit import Audit

RAW: frozenset[ArtifactKind] = frozenset({"snapshot", "golden"})
"""Taken as they are, once their bodies and files fit their hashes."""
_DERIVED: frozenset[ArtifactKind] = frozenset({"schema", "mapping", "dataset", "manifest"})
_MOST_NAMED = 5
_FILES = TypeAdapter(tuple[FileRef, ...])


class ReplayStep(Value):
    """One artifact, as it was recorded and as it came out again."""

    stage: JobKind
    artifact_id: ArtifactId
    again: ArtifactId | None
    """None where the stage failed, or the artifact is raw and damaged."""
    problem: str = ""
    """What is otherwise; empty where nothing is."""


class ReplayReport(Value):
    """The steps up to the manifest, or up to the first that came out otherwise."""

    project_id: ProjectId
    experiment_id: ExperimentId
    steps: tuple[ReplayStep, ...]

    @property
    def is_equal(self) -> bool:
        """Whether every hash is the recorded one."""
        return not any(step.problem for step in self.steps)


class Scratch(Protocol):
    """A workspace of its own, in which stages run again."""

    def take(self, record: ArtifactRecord) -> None:
        """Put a raw artifact and its files there."""

    def rerun(self, job: Job) -> ArtifactRecord:
        """Run the stage of a job on the inputs that it had.

        Raises:
            BrewError: it failed.
        """


def replay(
    storage: Storage,
    audit: Audit,
    scratch: Scratch,
    *,
    project_id: ProjectId,
    experiment_id: ExperimentId,
    has_training: bool = False,
) -> ReplayReport:
    """Compare every artifact between the raw snapshot and the manifest with what comes out again.

    Where training is asked for, it is done again by the plan as it was recorded, and the files of the adapter compared.

    Raises:
        NotFoundError: there is no such experiment.
    """
    with storage.read() as transaction:
        experiment = transaction.experiments.get(project_id, experiment_id)
        records = transaction.artifacts.list(project_id=project_id)
    wanted = {record.id for record in audit.lineage(project_id, experiment.plan_id)}
    manifest = next(one for one in reversed(records) if one.kind == "manifest" and one.id in wanted)
    # A golden set keeps its rows out of what is prepared after it, though nothing names it.
    wanted |= {one.id for one in records if one.kind == "golden" and one.created_at <= manifest.created_at}
    faults = {one.artifact_id: one for one in audit.verify_artifacts(project_id).problems}
    steps: list[ReplayStep] = []
    for record in (one for one in records if one.id in wanted and one.kind in RAW | _DERIVED):
        with storage.read() as transaction:
            job = transaction.jobs.get(record.job_id)
        if record.kind in RAW:
            fault = faults.get(record.id)
            problem = "" if fault is None else f"{fault.path or 'its row'}: {fault.problem}"
            if not problem:
                scratch.take(record)
            again = None if problem else record.id
            steps.append(ReplayStep(stage=job.kind, artifact_id=record.id, again=again, problem=problem))
        else:
            steps.append(_again(scratch, record, job))
        if steps[-1].problem:
            break
    if has_training and not steps[-1].problem:
        steps.append(_trained_again(storage, scratch, records, experiment))
    return ReplayReport(project_id=project_id, experiment_id=experiment_id, steps=tuple(steps))


def _again(scratch: Scratch, record: ArtifactRecord, job: Job) -> ReplayStep:
    try:
        found = scratch.rerun(job)
    except BrewError as error:
        return ReplayStep(stage=job.kind, artifact_id=record.id, again=None, problem=f"it fails now: {error}")
    return ReplayStep(stage=job.kind, artifact_id=record.id, again=found.id, problem=_difference(record, found))


def _trained_again(
    storage: Storage, scratch: Scratch, records: Iterable[ArtifactRecord], experiment: Experiment
) -> ReplayStep:
    """Train on the plan as it was recorded: it holds facts of the machine, which no replay brings back."""
    plan = next(one for one in records if one.id == experiment.plan_id)
    adapter = next((one for one in records if one.kind == "adapter" and one.job_id == experiment.job_id), None)
    if adapter is None:
        return ReplayStep(stage="train", artifact_id=plan.id, again=None, problem="the training made no adapter")
    scratch.take(plan)
    with storage.read() as transaction:
        job = transaction.jobs.get(experiment.job_id)
    try:
        found = scratch.rerun(job)
    except BrewError as error:
        return ReplayStep(stage="train", artifact_id=adapter.id, again=None, problem=f"it fails now: {error}")
    before, now = _hashes(adapter), _hashes(found)
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    problem = f"other are the files {', '.join(names)}" if names else ""
    return ReplayStep(stage="train", artifact_id=adapter.id, again=found.id, problem=problem)


def _hashes(record: ArtifactRecord) -> dict[str, str]:
    """File name to hash; the folder is named by the content."""
    return {ref.path.rpartition("/")[2]: ref.sha256 for ref in _FILES.validate_python(record.body.get("files", ()))}


def _difference(record: ArtifactRecord, found: ArtifactRecord) -> str:
    """Name the fields that came out otherwise; an edited row in the ledger is told as such."""
    if found.id == record.id:
        edited = content_hash_of(record.kind, record.schema_version, record.body) != record.content_hash
        return "its recorded body does not match its hash: changed after it was recorded" if edited else ""
    names = sorted(name for name in {*record.body, *found.body} if record.body.get(name) != found.body.get(name))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"it came out as {found.id}; other are: {', '.join(names[:_MOST_NAMED])}{more}"

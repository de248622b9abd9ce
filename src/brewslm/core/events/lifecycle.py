"""Payloads of project, system, autopilot, and of stages 07 to 11."""

from typing import Any, Literal

from brewslm.core.artifacts.eval_report import GateOutcome
from brewslm.core.engines.names import EngineName
from brewslm.core.ids import ArtifactId, ExperimentId, JobId
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value


class ProjectCreated(Value):
    """A project was created."""

    name: str
    template: str
    base_model: str


class Preflight(Value):
    """Every check was answered."""

    readiness_id: ArtifactId
    verdict: str
    levels: dict[str, str]
    """Check to level."""


class TrainingStarted(Value):
    """A worker took up its work."""

    experiment_id: ExperimentId
    attempt: int
    backend: EngineName = "local"
    """The engine that brought it to life."""
    device: str
    total_steps: int | None
    resumed_from_step: int | None


class Training(Value):
    """A training ended with an adapter."""

    experiment_id: ExperimentId
    adapter_id: ArtifactId
    backend: EngineName
    """The engine that ran it."""
    total_steps: int
    best_step: int
    base_eval_loss: float
    eval_loss: float
    final_train_loss: float | None


class TrainingLimit(Value):
    """A training was ended by its budget, with a checkpoint."""

    experiment_id: ExperimentId
    step: int
    total_steps: int
    why: str


class WorkerLost(Value):
    """The worker of an attempt disappeared."""

    attempt: int
    exit_code: int | None
    signal: int | None
    last_step: int | None


class RecoveryStarted(Value):
    """An attempt failed, and something is done so that the training goes on."""

    attempt: int
    """The attempt that failed."""
    cause: str
    last_step: int | None
    action: str
    before: dict[str, float | int | bool]
    """Settings of the recipe that are carried out otherwise now, by name."""
    after: dict[str, float | int | bool]


class RecoveryProposed(RecoveryStarted):
    """An attempt failed, and what would be done about it waits for an answer."""


class RecoveryAnswered(Value):
    """A person agreed to what was proposed, or did not."""

    attempt: int
    answer: Literal["accept", "refuse"]


class TrainingPaused(Value):
    """A job was set aside."""

    job_id: JobId
    last_step: int | None
    """Step of the training that is known; None where none was made, or no training had begun."""
    is_checkpoint_new: bool
    """Whether the worker saved a checkpoint for it; if not, the steps since the last one are made again."""


class TrainingResumed(Value):
    """A job that was set aside waits for its device again."""

    job_id: JobId


class TrainingRecovered(Value):
    """A new attempt took over."""

    attempt: int
    from_step: int | None
    action: str


class Evaluation(Value):
    """Base and tuned were compared."""

    eval_report_id: ArtifactId
    verdict: str
    measure: str = "loss"
    """What decided: the loss, or the objective of a mode that learns from judgements; the numbers are of it."""
    base_loss: float
    tuned_loss: float
    delta_low: float
    delta_high: float


class EvaluationGateFailed(Value):
    """Gates that did not pass."""

    eval_report_id: ArtifactId
    gates: tuple[GateOutcome, ...]


class JudgeUnavailable(Value):
    """A judge gave no verdict."""

    url: str
    model: str
    problem: str
    num_calls: int


class EvaluationReview(Value):
    """Failing rows went on a review list."""

    review_id: ArtifactId
    eval_report_id: ArtifactId
    task: str
    num_rows: int


class Export(Value):
    """A bundle was written."""

    bundle_id: ArtifactId
    format: str
    target: str
    folder: str
    size_bytes: int


class Deployment(Value):
    """A release candidate answered."""

    release_id: ArtifactId
    runtime: str


class GateOpened(Value):
    """A stage made something that waits for a person."""

    gate_id: int
    stage: StageName
    job_id: JobId
    artifact_id: ArtifactId
    question: str


class GateDecided(Value):
    """What a stage made may be used, or must not."""

    gate_id: int
    stage: StageName
    job_id: JobId
    artifact_id: ArtifactId
    actor: str
    note: str


class GateChanged(Value):
    """Another one decides from now on."""

    stage: StageName
    before: str
    after: str


class Autopilot(Value):
    """The autopilot finished."""

    stages: tuple[str, ...]
    verdict: str


class Benchmarked(Value):
    """One candidate of a benchmark was measured."""

    model: str
    device: str
    runtime: str
    scored_tokens_per_second: float
    peak_memory_bytes: int


class SystemStarted(Value):
    """A server came up."""

    version: str
    host: str
    port: int


class SystemRecovered(Value):
    """A job whose owner was gone was taken up."""

    job_id: JobId
    kind: str
    former_owner: str | None


class SystemRetried(Value):
    """A new job does again what another one did not bring to its end."""

    job_id: JobId
    kind: str
    retry_of: JobId


class SystemPrioritized(Value):
    """A job's priority was changed."""

    job_id: JobId
    before: int
    after: int


class EventInvalid(Value):
    """An event that did not fit its type, kept whole."""

    problem: str
    original: dict[str, Any]


class AlertUndelivered(Value):
    """A channel's messages were given up."""

    channel: str
    tries: int
    num_notifications: int
    error: str
    """What the last try ended with."""

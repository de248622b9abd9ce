"""The journal: one strictly valid JSON object a line in `log.jsonl`, appended by rank 0 only.

A non-finite number travels as null, with its field named in `non_finite`.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from brewslm.core.value import Value

NonFinite = dict[str, Literal["nan", "inf", "-inf"]]
EarlyEnd = Literal["early_stopping", "timeout", "budget"]


class RewardScores(Value):
    """How far a model prefers the better answers of the eval split, by the reward that its mode defines.

    `dpo` and `kto`: beta times the log-ratio of the adapted model to the base, so the base has 0 for every answer.
    `orpo`: lambda times the mean log-probability of the answer's tokens. Accuracy is the share of pairs in which the
    better answer has the higher reward, a tie counting half; of `kto` all pairs of a good and a bad answer are meant.
    """

    accuracy: float
    accuracy_low: float | None = None
    """95 % interval of the accuracy (Wilson 1927); of `kto` it is not known."""
    accuracy_high: float | None = None
    baseline_accuracy: float
    margin: float
    """Mean reward of the better answers minus that of the worse ones."""
    margin_low: float
    """95 % interval of the margin, bootstrap over pairs, or over good and bad answers."""
    margin_high: float
    baseline_margin: float


class _Record(Value):
    seq: int
    """From 1, without gaps over all attempts of the run directory."""
    time: float
    """Seconds since the epoch, UTC."""
    attempt: int


class StartedRecord(_Record):
    """The worker has loaded everything and is about to work."""

    kind: Literal["started"] = "started"
    device: str
    num_parameters: int | None = None
    num_trained_parameters: int | None = None
    total_steps: int | None = None
    resumed_from_step: int | None = None


class ProgressRecord(_Record):
    """How far a worker is that has no steps."""

    kind: Literal["progress"] = "progress"
    fraction: float
    message: str


class BaselineRecord(_Record):
    """The untuned base on the eval split."""

    kind: Literal["baseline"] = "baseline"
    eval_loss: float
    num_examples: int
    num_tokens: int


class LogRecord(_Record):
    """One logged span of training steps."""

    kind: Literal["log"] = "log"
    step: int
    total_steps: int
    epoch: float
    loss: float | None
    """Mean over all trained tokens (pairs, judged answers) since the last record, nats."""
    baseline_loss: float | None = None
    """The untuned base on the same tokens as this step's batch; null where not measured."""
    batch_loss: float | None = None
    """Loss of this step's batch alone, measured where `baseline_loss` is; `delta` is their difference."""
    delta: float | None = None
    learning_rate: float
    grad_norm: float | None
    tokens_per_second: float | None
    """Useful tokens, padding not counted."""
    samples_per_second: float | None
    step_seconds: float
    memory_bytes: int | None
    """Peak resident memory of the process so far."""
    non_finite: NonFinite = Field(default_factory=dict)


class EvalRecord(_Record):
    """The adapter on the eval split."""

    kind: Literal["eval"] = "eval"
    step: int
    eval_loss: float | None
    baseline_loss: float
    delta: float | None
    delta_low: float | None
    """95 % interval of the delta over examples, paired bootstrap."""
    delta_high: float | None
    rewards: RewardScores | None = None
    """Of the modes that learn from judgements."""
    non_finite: NonFinite = Field(default_factory=dict)


class CheckpointRecord(_Record):
    """A checkpoint is visible, whole and durable."""

    kind: Literal["checkpoint"] = "checkpoint"
    step: int
    folder: str
    eval_loss: float | None
    is_best: bool


class EndedRecord(_Record):
    """A training ends before its last step, because a limit was reached; its result follows."""

    kind: Literal["ended"] = "ended"
    step: int
    total_steps: int
    end: EarlyEnd
    why: str


class NoticeRecord(_Record):
    """Something a reader of the log should know, such as a damaged checkpoint that was stepped over."""

    kind: Literal["notice"] = "notice"
    message: str


Record = Annotated[
    StartedRecord
    | ProgressRecord
    | BaselineRecord
    | LogRecord
    | EvalRecord
    | CheckpointRecord
    | EndedRecord
    | NoticeRecord,
    Field(discriminator="kind"),
]

RECORD: TypeAdapter[Record] = TypeAdapter(Record)

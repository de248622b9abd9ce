"""What a worker leaves: `result.json`, written last; its existence means "done"."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from brewslm.core.value import Value
from brewslm.core.wire.export import FirstDifference, Quantization
from brewslm.core.wire.progress import RewardScores

TrainEnd = Literal["total_steps", "early_stopping", "timeout", "budget", "cancel"]
"""`timeout`: the time of the budget was used up. `budget`: its tokens or its cost."""


class PassRate(Value):
    """How fast micro-batches of examples of about one length went through the model, forward and backward."""

    up_to_tokens: int
    """Mean length of the examples of such a micro-batch, at most; more than the next smaller one."""
    num_tokens: int
    seconds: float
    """Of the first process, where several trained."""


class PairedLoss(Value):
    """A batch under what was tuned and under the untuned base."""

    step: int
    loss: float
    baseline_loss: float


class TrainResult(Value):
    """The outcome of a training."""

    kind: Literal["train"] = "train"
    status: Literal["completed", "cancelled"]
    end: TrainEnd = "total_steps"
    """What ended it."""
    why: str = ""
    """The same in a sentence, where it ended before its last step."""
    checkpoint: str
    """Folder of the best checkpoint, relative to the run directory.

    In it, `adapter/` loads with PEFT, or `model/` with transformers.
    """
    step: int
    """Step of that checkpoint."""
    last_step: int
    total_steps: int
    base_eval_loss: float
    eval_loss: float
    """Of that checkpoint, mean per trained token (pair, judged answer) of the eval split, nats."""
    delta_low: float | None = None
    """95 % interval of `eval_loss` minus `base_eval_loss` over examples, paired bootstrap."""
    delta_high: float | None = None
    rewards: RewardScores | None = None
    """Of that checkpoint, on the eval split; of the modes that learn from judgements."""
    final_train_loss: float | None
    last_pair: PairedLoss | None = None
    """The newest batch that was scored under the base, too."""
    training_seconds: float
    """Wall time over all attempts, measured."""
    step_seconds: float | None = None
    """The part of it that went into optimiser steps."""
    passes: tuple[PassRate, ...] = ()
    """By length of the examples, the shortest first."""
    num_attempts: int = 1
    num_tokens_seen: int
    peak_memory_bytes: int | None


class ScoredSplit(Value):
    """Per-example losses of one split, in shard order."""

    name: str
    num_tokens: tuple[int, ...]
    """Trained tokens of each example."""
    base_loss: tuple[float, ...]
    """Sum over the example's trained tokens, nats."""
    tuned_loss: tuple[float, ...]


class JudgedSplit(Value):
    """The losses of a mode that learns from judgements, one for each pair or judged answer of a split, in order."""

    name: str
    base_loss: tuple[float, ...]
    tuned_loss: tuple[float, ...]
    rewards: RewardScores | None
    """None where there are not both good and bad answers."""
    base_margins: tuple[float, ...] = ()
    """Of pairs: by how much the better answer is likelier, nats per token of each answer."""
    tuned_margins: tuple[float, ...] = ()


class ScoredLabels(Value):
    """The label that each model finds most likely, row by row."""

    name: str
    base: tuple[str, ...]
    tuned: tuple[str, ...]
    base_log_likelihood: tuple[float, ...] = ()
    """Of that label as the whole answer, nats."""
    tuned_log_likelihood: tuple[float, ...] = ()


class GeneratedAnswer(Value):
    """A greedy answer."""

    text: str
    num_tokens: int
    is_stopped: bool
    """Whether it ended by an end-of-turn token, not by the limit."""
    seconds: float = 0.0
    """How long it took."""
    prompt_tokens: int = Field(0, exclude_if=lambda value: value == 0)
    """Told where log-probabilities are."""
    logprobs: tuple[float, ...] = Field((), exclude_if=lambda value: not value)
    """Of each token of the answer, nats, where they were asked for."""


class AskedAnswers(Value):
    """The answers to one set of prompts, in order."""

    name: str
    base: tuple[GeneratedAnswer, ...]
    tuned: tuple[GeneratedAnswer, ...]


class TextLosses(Value):
    """The loss of each text, summed over its tokens but the first, nats."""

    base: tuple[float, ...]
    tuned: tuple[float, ...]


class EvaluateResult(Value):
    """The outcome of an evaluation."""

    kind: Literal["evaluate"] = "evaluate"
    splits: tuple[ScoredSplit, ...]
    judged: tuple[JudgedSplit, ...] = ()
    """Of the same splits, where the order names a judgement."""
    labelled: tuple[ScoredLabels, ...]
    base_answers: tuple[GeneratedAnswer, ...]
    tuned_answers: tuple[GeneratedAnswer, ...]
    asked: tuple[AskedAnswers, ...] = ()
    texts: TextLosses | None = None


class ExportResult(Value):
    """The outcome of an export, with the comparison of what was saved (reloaded from disk) and what was tuned."""

    kind: Literal["export"] = "export"
    dtype: str
    """Of a GGUF file its quantization."""
    num_examples: int
    adapter_loss: float
    merged_loss: float
    largest_logprob_difference: float
    mean_logprob_difference: float = 0.0
    same_greedy_tokens: bool
    num_prompts: int = 0
    first_difference: FirstDifference | None = None
    num_texts: int = 0
    text_problem: str | None = None
    runtime: str
    """What loaded the saved form."""
    smoke: tuple[GeneratedAnswer, ...] = ()
    """The bundle's own greedy answers, prompt by prompt."""
    stop_tokens: tuple[str, ...] = ()
    """What ends a turn."""
    ollama_template: str | None = None
    """Of a GGUF file; None where the chat template cannot be spelled so."""


class GenerateResult(Value):
    """The outcome of a generation."""

    kind: Literal["generate"] = "generate"
    answers: tuple[GeneratedAnswer, ...]
    runtime: str


class Measurement(Value):
    """One number format of a model, measured on this machine."""

    quantization: Quantization
    file_bytes: int
    loss: float
    """Mean per trained token of the eval split, nats."""
    tokens_per_second: float
    """Generated tokens, one stream, greedy."""
    prompt_tokens_per_second: float


class MeasureResult(Value):
    """The outcome of a measurement."""

    kind: Literal["measure"] = "measure"
    measurements: tuple[Measurement, ...]
    runtime: str
    device: str


class RowScores(Value):
    """What one model makes of the eval rows, in shard order."""

    losses: tuple[float, ...]
    """Sum over a row's trained tokens, nats."""
    labels: tuple[str, ...] = ()
    """The likeliest one, where rows are classified."""


class ModelMeasurement(Value):
    """A base model's scores."""

    name: str
    zero_shot: RowScores
    probed: RowScores | None
    """Of the probe's best checkpoint."""
    scored_tokens_per_second: float
    trained_tokens_per_second: float | None
    learning_rate: float | None
    """Of the probe."""
    peak_memory_bytes: int


class ProbeResult(Value):
    """What was measured of a base model."""

    kind: Literal["probe"] = "probe"
    measured: ModelMeasurement | None
    problem: str = ""
    """Why it could not be measured; empty where it was."""
    runtime: str
    device: str


Result = Annotated[
    TrainResult | EvaluateResult | ExportResult | GenerateResult | MeasureResult | ProbeResult,
    Field(discriminator="kind"),
]

RESULT: TypeAdapter[Result] = TypeAdapter(Result)

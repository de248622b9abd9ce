"""Base against tuned, on the same rows."""

from typing import ClassVar

from brewslm.core.artifacts.base import AdapterId, Artifact, ArtifactKind, EvalReportId, ManifestId
from brewslm.core.evaluation.interval import EvalVerdict, Interval
from brewslm.core.evaluation.judge import JudgeReport
from brewslm.core.evaluation.outcome import ProbeReport, TaskReport
from brewslm.core.evaluation.pack import EvalPack
from brewslm.core.recipe.preference import PreferenceMode
from brewslm.core.value import Value
from brewslm.core.wire.progress import RewardScores


class LossComparison(Value):
    """Mean loss per trained token on one split, nats."""

    split: str
    num_examples: int
    num_tokens: int
    base: float
    tuned: float
    delta: float
    """tuned - base; below zero is better."""
    interval: Interval
    base_bits_per_byte: float
    tuned_bits_per_byte: float
    verdict: EvalVerdict


class JudgementComparison(Value):
    """Mean objective of a mode that learns from judgements, per pair (of `kto` per answer) of one split."""

    split: str
    mode: PreferenceMode
    num_examples: int
    base: float
    tuned: float
    delta: float
    """tuned - base; below zero is better."""
    interval: Interval
    rewards: RewardScores | None
    """How far the tuned model prefers the better answers; None where there are not both kinds."""
    verdict: EvalVerdict


class AccuracyComparison(Value):
    """Classification by the likelihood of each allowed label, on one set of rows."""

    rows: str
    """Which rows: a split's name, or the name of the file."""
    num_examples: int
    base: float
    tuned: float
    majority: float
    """Accuracy of always answering the most frequent label of the train split."""
    delta: float
    interval: Interval
    verdict: EvalVerdict


def measure_of(comparison: LossComparison | JudgementComparison) -> str:
    """Name what a comparison compares."""
    return "loss" if isinstance(comparison, LossComparison) else f"{comparison.mode} objective"


class Answer(Value):
    """One prompt, answered greedily by both."""

    prompt: str
    base: str
    tuned: str


class GateOutcome(Value):
    """One gate of the evaluation."""

    name: str
    sentence: str
    passed: bool
    seen: str
    required: bool = True
    """Whether it blocks a promotion."""
    p_adjusted: float | None = None
    """Of what is to be no worse than something: how well noise explains what was seen, adjusted over all gates."""


class EvalReport(Artifact):
    """The evaluation.

    Files: `<split>.parquet`, one row per example: `id`, `num_tokens`, `base_loss`, `tuned_loss`; and
    `rows-<task>.parquet`, a table of `ScoredRow`.
    """

    kind: ClassVar[ArtifactKind] = "eval_report"

    adapter_id: AdapterId
    manifest_id: ManifestId
    losses: tuple[LossComparison, ...]
    judgements: tuple[JudgementComparison, ...] = ()
    """Of what was trained by `dpo`, `orpo` or `kto`: there this decides, for the loss of better answers may rise while
    they are preferred more."""
    accuracy: tuple[AccuracyComparison, ...]
    answers: tuple[Answer, ...]
    gates: tuple[GateOutcome, ...]
    verdict: EvalVerdict
    """That of the test split, by the objective of its mode."""
    pack: EvalPack | None = None
    """The eval pack that was asked for; None for what is usual."""
    tasks: tuple[TaskReport, ...] = ()
    probe: ProbeReport | None = None
    judge: JudgeReport | None = None
    """None where the pack names none."""
    accepted_report_id: EvalReportId | None = None
    """The report of the last release, where a gate compared with it."""

    @property
    def final(self) -> LossComparison | JudgementComparison:
        """The comparison that decided."""
        return next(one for one in (self.judgements or self.losses) if one.split == "test")

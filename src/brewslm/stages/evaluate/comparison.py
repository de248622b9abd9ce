"""From a worker's scores to comparisons with intervals, and the gates over them."""

import math

from brewslm.core.artifacts.eval_report import (
    AccuracyComparison,
    Answer,
    GateOutcome,
    JudgementComparison,
    LossComparison,
    measure_of,
)
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.data.example import Message
from brewslm.core.recipe.preference import PreferenceMode
from brewslm.core.wire.order import LabelledRows
from brewslm.core.wire.result import EvaluateResult, JudgedSplit, ScoredLabels, ScoredSplit
from brewslm.stages.evaluate.statistics import paired_ratio_interval, verdict_of


def compare_loss(scored: ScoredSplit, manifest: Manifest, *, seed: int) -> LossComparison:
    """Compare the mean loss per trained token (nats) of both models on one split."""
    num_tokens = sum(scored.num_tokens)
    base_sum, tuned_sum = sum(scored.base_loss), sum(scored.tuned_loss)
    differences = [tuned - base for base, tuned in zip(scored.base_loss, scored.tuned_loss, strict=True)]
    interval = paired_ratio_interval(differences, [float(count) for count in scored.num_tokens], seed=seed)
    num_bytes = next(split.num_bytes for split in manifest.splits if split.name == scored.name)
    return LossComparison(
        split=scored.name,
        num_examples=len(scored.num_tokens),
        num_tokens=num_tokens,
        base=base_sum / num_tokens,
        tuned=tuned_sum / num_tokens,
        delta=(tuned_sum - base_sum) / num_tokens,
        interval=interval,
        base_bits_per_byte=base_sum / num_bytes / math.log(2),
        tuned_bits_per_byte=tuned_sum / num_bytes / math.log(2),
        verdict=verdict_of(interval, is_lower_better=True),
    )


def compare_judgement(judged: JudgedSplit, mode: PreferenceMode, *, seed: int) -> JudgementComparison:
    """Compare the mean objective of both models on one split, pair by pair (of `kto` answer by answer)."""
    count = len(judged.base_loss)
    differences = [tuned - base for base, tuned in zip(judged.base_loss, judged.tuned_loss, strict=True)]
    interval = paired_ratio_interval(differences, [1.0] * count, seed=seed)
    return JudgementComparison(
        split=judged.name,
        mode=mode,
        num_examples=count,
        base=sum(judged.base_loss) / count,
        tuned=sum(judged.tuned_loss) / count,
        delta=sum(differences) / count,
        interval=interval,
        rewards=judged.rewards,
        verdict=verdict_of(interval, is_lower_better=True),
    )


def compare_accuracy(truth: LabelledRows, scored: ScoredLabels, *, majority: str, seed: int) -> AccuracyComparison:
    """Compare the share of right labels, and set the majority class beside it."""
    base = [float(guess == right) for guess, right in zip(scored.base, truth.labels, strict=True)]
    tuned = [float(guess == right) for guess, right in zip(scored.tuned, truth.labels, strict=True)]
    count = len(truth.labels)
    differences = [after - before for before, after in zip(base, tuned, strict=True)]
    interval = paired_ratio_interval(differences, [1.0] * count, seed=seed)
    return AccuracyComparison(
        rows=truth.name,
        num_examples=count,
        base=sum(base) / count,
        tuned=sum(tuned) / count,
        majority=sum(label == majority for label in truth.labels) / count,
        delta=sum(differences) / count,
        interval=interval,
        verdict=verdict_of(interval, is_lower_better=False),
    )


def gate_outcomes(
    final: LossComparison | JudgementComparison, accuracy: tuple[AccuracyComparison, ...]
) -> tuple[GateOutcome, ...]:
    """Judge: better than the base on unseen rows, and for labels better than always guessing the same."""
    gates = [
        GateOutcome(
            name="better_than_base",
            sentence=f"The 95 % interval of the {measure_of(final)} difference on the test split lies below zero.",
            passed=final.interval.high < 0.0,
            seen=f"{final.delta:+.4f} [{final.interval.low:+.4f}, {final.interval.high:+.4f}]",
        )
    ]
    gates += [
        GateOutcome(
            name="better_than_majority",
            sentence=f"Accuracy on {comparison.rows} is above that of always naming the most frequent label.",
            passed=comparison.tuned > comparison.majority,
            seen=f"{comparison.tuned:.3f} against {comparison.majority:.3f}",
        )
        for comparison in accuracy
    ]
    return tuple(gates)


def pair_answers(prompts: tuple[tuple[Message, ...], ...], result: EvaluateResult) -> tuple[Answer, ...]:
    """Set the answers of both models side by side."""
    return tuple(
        Answer(prompt=prompt[-1].content, base=base.text, tuned=tuned.text)
        for prompt, base, tuned in zip(prompts, result.base_answers, result.tuned_answers, strict=True)
    )

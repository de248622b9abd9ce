"""Whether the evaluation's gates can be passed with these splits, and who decides at the project's own gates."""

from collections import Counter
from dataclasses import dataclass

from brewslm.core.artifacts.manifest import Manifest, SplitName
from brewslm.core.context import StageContext
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding, Level
from brewslm.core.wire.shard import EXAMPLES_FILE

FEWEST = 20
"""Test rows below which the interval of a difference says little, and a gate is passed or not by chance."""


@dataclass(frozen=True, slots=True)
class _Labelled:
    """The column of an example that names its class."""

    label: str | None


def gates(manifest: Manifest, context: StageContext, *, is_intact: bool) -> Finding:
    """Look for gates that no model could pass, or that nobody would answer."""
    if not is_intact:
        return _finding("unknown", "not looked at, because the data is not as it was prepared")
    num_test = manifest.split("test").num_examples
    if (only := _only_label(manifest, context)) is not None:
        seen = (
            f"gate better_than_majority cannot be passed: all {num_test:,} test rows have label {only!r}, train's most "
            "frequent one, so that naming it always is right"
        )
        step = "Import more data, or prepare it again with another --seed, so that test has several labels."
        return _finding("block", seen, step, Reason.PREFLIGHT_GATES)
    modes = {stage: mode for stage, mode in context.gate_modes.items() if mode != "auto"}
    unanswered = sorted(stage for stage, mode in modes.items() if mode == "auto-judge" and not context.has_judge)
    if unanswered:
        seen = f"no model is set that could judge at {', '.join(unanswered)}, so a person has to"
        step = "Set BREWSLM_ADVISOR_URL and BREWSLM_ADVISOR_MODEL, or answer with `brewslm gates approve`."
        return _finding("warn", seen, step)
    if num_test < FEWEST:
        seen = f"gate better_than_base is judged on {num_test:,} test rows: it may be passed, or not, by chance"
        return _finding("warn", seen, "Import more data, or give the test split a larger share.")
    seen = f"{'better_than_base and better_than_majority' if manifest.labels else 'better_than_base'} can be passed"
    waits = sorted(stage for stage, mode in modes.items() if mode == "human")
    asked = f"; a person is asked after {', '.join(waits)}" if waits else ""
    return _finding("ok", f"{seen}, judged on {num_test:,} test rows{asked}")


def _finding(level: Level, seen: str, next_step: str = "", reason: Reason | None = None) -> Finding:
    return Finding(check="gates", level=level, seen=seen, next_step=next_step, reason=reason)


def _only_label(manifest: Manifest, context: StageContext) -> str | None:
    """Return the label that all test rows have, where it is train's most frequent one; None otherwise."""
    if manifest.shape != "classification":
        return None
    test, train = _labels(manifest, "test", context), _labels(manifest, "train", context)
    if len(test) != 1 or not train:
        return None
    majority = min(train, key=lambda label: (-train[label], label))
    return majority if majority in test else None


def _labels(manifest: Manifest, split: SplitName, context: StageContext) -> Counter[str]:
    path = context.shelf.path(f"{manifest.split(split).folder}/{EXAMPLES_FILE}")
    return Counter(row.label or "" for batch in context.tables.read(path, _Labelled) for row in batch)

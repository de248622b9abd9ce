"""The report on a training that leads nowhere: for people, because nothing is done about it by itself."""

from collections.abc import Iterable

from brewslm.core.health.report import HealthFinding, Verdict
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.recovery import Measure

_CONSIDER = (
    "Are the right tokens trained? `brewslm xray` shows labels, mask and template of examples.",
    "Is the data of the task, and right? `brewslm dataset health` names what is not.",
    "Is learning_rate far off for this method and model? A tenth of it, or ten times, says much in a few steps.",
    "Can the base model do the task at all? Another base, or a higher lora_rank, may.",
)


def design_report(why: str, verdict: Verdict, recipe: Recipe, measures: Iterable[Measure]) -> str:
    """Return the report as Markdown.

    Args:
        why: what makes it a matter of design, in one line.
        verdict: how the training is now.
        recipe: what was ordered.
        measures: what was done so that it went on, oldest first.
    """
    seen = [*verdict.findings, *verdict.recovered]
    done = [_measure(measure) for measure in measures]
    steps = f"{verdict.step or 0:,} of {verdict.total_steps or 0:,} steps"
    return "\n".join(
        [
            "# This training does not lead where it should",
            "",
            f"{why}",
            "",
            "## What was expected",
            f"By half of its steps a training is better than its untuned base ({recipe.base_model}) on the eval split.",
            "",
            "## What was seen",
            f"After {steps}: {verdict.verdict}"
            + (f", loss {verdict.loss:.4g} (median of the last 8 records)." if verdict.loss is not None else "."),
            *_listed([_finding(finding) for finding in seen], "No detector saw anything else."),
            "",
            "## What was done",
            *_listed(done, "Nothing."),
            "",
            "## What to consider",
            *_listed(_CONSIDER, ""),
            "",
            _recipe(recipe),
            "",
        ]
    )


def _recipe(recipe: Recipe) -> str:
    said = f"The recipe: method {recipe.method}, learning_rate {recipe.optim.learning_rate:g}, batch_size "
    return f"{said}{recipe.data.batch_size}, max_seq_len {recipe.data.max_seq_len}, seed {recipe.seed}."


def _listed(lines: Iterable[str], otherwise: str) -> list[str]:
    return [f"- {line}" for line in lines] or [otherwise]


def _finding(finding: HealthFinding) -> str:
    state = "open" if finding.is_open else f"over at step {finding.recovery_step}"
    return f"{finding.detector} ({finding.level}, from step {finding.onset_step}, {state}): {finding.seen}"


def _measure(measure: Measure) -> str:
    return f"attempt {measure.attempt} ended at step {measure.step} ({measure.cause}); then: {measure.action}"

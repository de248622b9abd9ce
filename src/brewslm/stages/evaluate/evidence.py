"""From a worker's answers to what was seen of each row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.context import StageContext
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.metrics import METRICS
from brewslm.core.evaluation.pack import EvalPack, EvalTask
from brewslm.core.value import canonical_json
from brewslm.core.wire.order import AskedRows
from brewslm.core.wire.result import EvaluateResult, GeneratedAnswer
from brewslm.core.wire.shard import BYTES_DTYPE, BYTES_FILE
from brewslm.stages.evaluate.rows import Row, prompt_of, split_rows


def needs_answers(task: EvalTask) -> bool:
    """Whether a metric of the task is of generated answers."""
    return any(METRICS[name].needs in {"answers", "judge"} for name in task.metrics)


def needs_labels(pack: EvalPack, rows: str) -> bool:
    """Whether a metric of the pack is of the likeliest labels of a split."""
    return any(METRICS[name].needs == "labels" for task in pack.tasks if task.rows == rows for name in task.metrics)


def rows_to_ask(pack: EvalPack, manifest: Manifest, context: StageContext) -> tuple[AskedRows, ...]:
    """Return what each task of the pack asks; nothing for those whose metrics need no answers."""
    asked = []
    for task in pack.tasks:
        if not needs_answers(task):
            continue
        chosen = chosen_rows(task, list(split_rows(manifest, task.rows, context)), manifest)
        if chosen:
            asked.append(
                AskedRows(
                    name=task.id,
                    prompts=tuple(prompt_of(row, manifest) for _, row in chosen),
                    tools=tuple(row.tools for _, row in chosen),
                    max_new_tokens=task.max_new_tokens,
                )
            )
    return tuple(asked)


def chosen_rows(task: EvalTask, rows: list[Row], manifest: Manifest) -> list[tuple[int, Row]]:
    """Return the rows that are answered, evenly spread, with their places."""
    with_prompt = [(place, row) for place, row in enumerate(rows) if prompt_of(row, manifest)]
    count = min(task.sample, len(with_prompt))
    return [with_prompt[number * len(with_prompt) // count] for number in range(count)]


def evidence_of(
    task: EvalTask,
    result: EvaluateResult,
    manifest: Manifest,
    context: StageContext,
    *,
    verdicts: Mapping[int, float],
) -> tuple[ScoredRow, ...]:
    """Set what was seen of each row of a task's split side by side.

    Args:
        task: whose rows they are.
        result: what the worker saw.
        manifest: has the split.
        context: of the stage.
        verdicts: of a judge, by place of the row: 1 where the tuned model won, 0 where it lost, one half for a tie.
    """
    own = list(split_rows(manifest, task.rows, context))
    seen = _Seen.of(task, result, chosen_rows(task, own, manifest) if needs_answers(task) else [], verdicts)
    num_bytes = _bytes_of(manifest, task, context)
    return tuple(
        replace(_described(row, task, manifest), num_bytes=num_bytes[place], **seen.of_row(place))
        for place, row in enumerate(own)
    )


def _bytes_of(manifest: Manifest, task: EvalTask, context: StageContext) -> list[int]:
    import numpy as np

    path = context.shelf.path(f"{manifest.split(task.rows).folder}/{BYTES_FILE}")
    found: list[int] = np.fromfile(path, BYTES_DTYPE).tolist()
    return found


def _described(row: Row, task: EvalTask, manifest: Manifest) -> ScoredRow:
    """Say what is known of a row before any model has seen it."""
    asked = prompt_of(row, manifest)
    said = row.chosen[-1:] if manifest.shape == "preference" else row.messages[-1:]
    known: dict[str, Any] = json.loads(row.metadata) if row.metadata else {}
    calls = said[0].tool_calls if said else ()
    spelled = canonical_json([{"name": call.name, "arguments": call.arguments} for call in calls]) if calls else None
    return ScoredRow(
        id=row.id,
        num_tokens=0,
        num_bytes=0,
        prompt=asked[-1].content if asked else "",
        expected=said[0].content if said else (row.text or ""),
        label=row.label,
        source=_text(known.get("source")),
        cluster=_text(known.get(task.cluster_key)),
        is_unanswerable=known.get(task.unanswerable_key) in {True, "true", "True"},
        tool_calls=spelled,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a worker saw of the rows of one task."""

    result: EvaluateResult
    split: str
    answers: dict[int, tuple[GeneratedAnswer, GeneratedAnswer]]
    """By place of the row."""
    verdicts: Mapping[int, float]

    @staticmethod
    def of(
        task: EvalTask, result: EvaluateResult, chosen: Sequence[tuple[int, Row]], verdicts: Mapping[int, float]
    ) -> "_Seen":
        asked = next((one for one in result.asked if one.name == task.id), None)
        pairs = zip(asked.base, asked.tuned, strict=True) if asked is not None else ()
        answers = {place: pair for (place, _), pair in zip(chosen, pairs, strict=asked is not None)}
        return _Seen(result, task.rows, answers, verdicts)

    def of_row(self, place: int) -> dict[str, Any]:
        """Return the fields of one row."""
        scored = next(one for one in self.result.splits if one.name == self.split)
        found: dict[str, Any] = {
            "num_tokens": scored.num_tokens[place],
            "base_loss": scored.base_loss[place],
            "tuned_loss": scored.tuned_loss[place],
        }
        for judged in self.result.judged:
            if judged.name == self.split:
                found |= {"base_objective": judged.base_loss[place], "tuned_objective": judged.tuned_loss[place]}
                if judged.base_margins:
                    found |= {"base_margin": judged.base_margins[place], "tuned_margin": judged.tuned_margins[place]}
        for labelled in self.result.labelled:
            if labelled.name == self.split:
                found |= {"base_label": labelled.base[place], "tuned_label": labelled.tuned[place]}
                if labelled.base_log_likelihood:
                    found["base_confidence"] = exp(min(labelled.base_log_likelihood[place], 0.0))
                    found["tuned_confidence"] = exp(min(labelled.tuned_log_likelihood[place], 0.0))
        for who, answer in zip(("base", "tuned"), self.answers.get(place, ()), strict=False):
            found |= {
                f"{who}_answer": answer.text,
                f"{who}_is_stopped": answer.is_stopped,
                f"{who}_num_new_tokens": answer.num_tokens,
                f"{who}_seconds": answer.seconds,
            }
        if place in self.verdicts:
            found |= {"base_judge": 1.0 - self.verdicts[place], "tuned_judge": self.verdicts[place]}
        return found

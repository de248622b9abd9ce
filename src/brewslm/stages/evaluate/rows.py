"""The rows that an evaluation looks at, and the scores that it keeps."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from brewslm.core.artifacts.base import FileRef
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest, SplitName
from brewslm.core.context import StageContext
from brewslm.core.data.example import Message
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.wire.order import LabelledRows
from brewslm.core.wire.result import ScoredSplit
from brewslm.core.wire.shard import EXAMPLES_FILE

NUM_DEFAULT_PROMPTS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """The columns of an example that an evaluation reads."""

    id: str
    messages: tuple[Message, ...] = ()
    label: str | None = None
    tools: str | None = None
    text: str | None = None
    chosen: tuple[Message, ...] = ()
    metadata: str | None = None

    @property
    def prompt(self) -> tuple[Message, ...]:
        """All but the answer."""
        return self.messages[:-1]


@dataclass(frozen=True, slots=True)
class ScoredExample:
    """An example's losses: sums over its trained tokens, nats."""

    id: str
    num_tokens: int
    base_loss: float
    tuned_loss: float


def _rows(path: Path, context: StageContext) -> Iterator[Row]:
    for batch in context.tables.read(path, Row):
        yield from batch


def split_rows(manifest: Manifest, name: SplitName, context: StageContext) -> Iterator[Row]:
    """Yield the rows of a split, in the order of its shard."""
    return _rows(context.shelf.path(f"{manifest.split(name).folder}/{EXAMPLES_FILE}"), context)


def _labelled(name: str, rows: Iterator[Row]) -> LabelledRows:
    kept = tuple(rows)
    labels = tuple(row.label or "" for row in kept)
    return LabelledRows(name=name, prompts=tuple(row.prompt for row in kept), labels=labels)


def labelled_sets(
    manifest: Manifest, extra: Dataset | None, splits: tuple[SplitName, ...], context: StageContext
) -> tuple[LabelledRows, ...]:
    """Return splits, and the extra dataset where there is one, as rows to classify; nothing for other tasks."""
    if manifest.shape != "classification":
        return ()
    sets = [_labelled(name, split_rows(manifest, name, context)) for name in splits]
    if extra is not None:
        path = next(file.path for file in extra.files if file.path.endswith(f"/{EXAMPLES_FILE}"))
        sets.append(_labelled("file", _rows(context.shelf.path(path), context)))
    return tuple(sets)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What both models are asked."""

    messages: tuple[Message, ...]
    tools: str | None = None
    """Functions that may be called, a JSON array."""


def prompts_to_answer(prompts: tuple[str, ...], manifest: Manifest, context: StageContext) -> tuple[Prompt, ...]:
    """Return the given prompts as user turns, or the first prompts of the test split.

    Texts and documents ask nothing, so they have no prompts of their own: their losses are compared.
    """
    if prompts:
        return tuple(Prompt((Message(role="user", content=prompt),)) for prompt in prompts)
    found = (Prompt(prompt_of(row, manifest), row.tools) for row in split_rows(manifest, "test", context))
    return tuple(islice((prompt for prompt in found if prompt.messages), NUM_DEFAULT_PROMPTS))


def prompt_of(row: Row, manifest: Manifest) -> tuple[Message, ...]:
    """Return what is asked: of a preference all messages, for its answers stand apart; of a text nothing."""
    return row.messages if manifest.shape == "preference" else row.prompt


def spelled(messages: tuple[Message, ...]) -> str:
    """Return a conversation as text: a single turn as it is, of more each with who says it."""
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join(f"{message.role}: {message.content}" for message in messages)


def majority_label(manifest: Manifest, context: StageContext) -> str:
    """Return the most frequent label of the train split (the first in order among equals); "" for other tasks."""
    if manifest.shape != "classification":
        return ""
    counts = Counter(row.label or "" for row in split_rows(manifest, "train", context))
    return min(counts, key=lambda label: (-counts[label], label))


def write_scores(
    splits: tuple[ScoredSplit, ...],
    tasks: Mapping[str, tuple[ScoredRow, ...]],
    manifest: Manifest,
    context: StageContext,
) -> tuple[FileRef, ...]:
    """Write a table of `ScoredExample` a split, `<split>.parquet`, and of `ScoredRow` a task, `rows-<task>.parquet`."""
    draft = context.shelf.draft()
    for scored in splits:
        name: SplitName = "eval" if scored.name == "eval" else "test"
        ids = (row.id for row in split_rows(manifest, name, context))
        parts = zip(ids, scored.num_tokens, scored.base_loss, scored.tuned_loss, strict=True)
        with context.tables.write(draft / f"{scored.name}.parquet", ScoredExample) as table:
            table.add([ScoredExample(*part) for part in parts])
    for task, seen in tasks.items():
        with context.tables.write(draft / f"rows-{task}.parquet", ScoredRow) as evidence:
            evidence.add(seen)
    return context.shelf.publish(draft, room="evaluations")

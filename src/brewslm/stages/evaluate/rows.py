"""The rows that an evaluation looks at, and the scores that it keeps."""

from collections import Counter
from typing import Any

from brewslm.core.artifacts.base import FileRef
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest, SplitName
from brewslm.core.data.example import Message
from brewslm.core.ports.artifact_store import Shelf
from brewslm.core.wire.order import LabelledRows
from brewslm.core.wire.result import ScoredSplit
from brewslm.core.wire.shard import EXAMPLES_FILE

NUM_DEFAULT_PROMPTS = 3


def _read(path: str, shelf: Shelf, columns: list[str]) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(shelf.path(path), columns=columns).to_pylist()
    return rows


def _split_rows(manifest: Manifest, name: SplitName, shelf: Shelf, columns: list[str]) -> list[dict[str, Any]]:
    return _read(f"{manifest.split(name).folder}/{EXAMPLES_FILE}", shelf, columns)


def _prompt(row: dict[str, Any]) -> tuple[Message, ...]:
    return tuple(Message(role=turn["role"], content=turn["content"]) for turn in row["messages"][:-1])


def _labelled(name: str, rows: list[dict[str, Any]]) -> LabelledRows:
    return LabelledRows(name=name, prompts=tuple(map(_prompt, rows)), labels=tuple(row["label"] for row in rows))


def labelled_sets(manifest: Manifest, extra: Dataset | None, shelf: Shelf) -> tuple[LabelledRows, ...]:
    """Return the test split, and the extra dataset where there is one, as rows to classify; nothing for other tasks."""
    if manifest.shape != "classification":
        return ()
    sets = [_labelled("test", _split_rows(manifest, "test", shelf, ["messages", "label"]))]
    if extra is not None:
        path = next(file.path for file in extra.files if file.path.endswith("/examples.parquet"))
        sets.append(_labelled("file", _read(path, shelf, ["messages", "label"])))
    return tuple(sets)


def prompts_to_answer(prompts: tuple[str, ...], manifest: Manifest, shelf: Shelf) -> tuple[tuple[Message, ...], ...]:
    """Return the given prompts as user turns, or the first prompts of the test split."""
    if prompts:
        return tuple((Message(role="user", content=prompt),) for prompt in prompts)
    rows = _split_rows(manifest, "test", shelf, ["messages"])
    return tuple(_prompt(row) for row in rows[:NUM_DEFAULT_PROMPTS])


def majority_label(manifest: Manifest, shelf: Shelf) -> str:
    """Return the most frequent label of the train split (the first in order among equals); "" for other tasks."""
    if manifest.shape != "classification":
        return ""
    counts: Counter[str] = Counter(row["label"] for row in _split_rows(manifest, "train", shelf, ["label"]))
    return min(counts, key=lambda label: (-counts[label], label))


def write_scores(splits: tuple[ScoredSplit, ...], manifest: Manifest, shelf: Shelf) -> tuple[FileRef, ...]:
    """Write one `<split>.parquet` a split: `id`, `num_tokens`, `base_loss`, `tuned_loss` (sums over tokens, nats)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    draft = shelf.draft()
    for scored in splits:
        name: SplitName = "eval" if scored.name == "eval" else "test"
        ids = [row["id"] for row in _split_rows(manifest, name, shelf, ["id"])]
        table = pa.table(
            {
                "id": ids,
                "num_tokens": list(scored.num_tokens),
                "base_loss": list(scored.base_loss),
                "tuned_loss": list(scored.tuned_loss),
            }
        )
        pq.write_table(table, draft / f"{scored.name}.parquet", compression="zstd")
    return shelf.publish(draft, room="evaluations")

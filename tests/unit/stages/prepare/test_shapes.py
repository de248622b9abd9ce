"""Preparation of every kind of example: lengths, texts, preferences, feedback; and what `manifest.json` says."""

import hashlib
import json
from itertools import pairwise
from typing import Any

import pytest

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest, Split
from brewslm.core.data.example import Example, Message
from brewslm.core.errors import InvalidRequestError
from brewslm.core.events.reasons import Reason
from brewslm.core.wire import shard
from brewslm.stages.prepare import PREPARE
from brewslm.stages.prepare.contract import PrepareInputs
from tests.unit.stages.prepare.test_prepare import MODEL, arrays, dataset_of, examples, prepare, rows
from tests.unit.stages.workbench import Workbench


def put(bench: Workbench, content: list[Example]) -> Dataset:
    """Put a dataset of these very examples on the shelf."""
    model = dataset_of(bench, rows(3))
    draft = bench.shelf.draft()
    with bench.context.tables.write(draft / "examples.parquet", Example) as table:
        table.add(content)
    files = bench.shelf.publish(draft, room="datasets")
    made = model.model_copy(update={"files": files, "shape": content[0].task, "num_examples": len(content)})
    bench.shelf.put(made)
    return made


def prepared(bench: Workbench, content: list[Example], **choices: Any) -> Manifest:
    dataset = put(bench, content)
    return bench.run(PREPARE, PrepareInputs(dataset_id=dataset.id, base_model=MODEL, **choices))


def decoded(bench: Workbench, split: Split, *, part: str = "") -> list[tuple[str, str]]:
    """The whole text of each example, and what of it is trained."""
    import numpy as np
    from tokenizers import Tokenizer

    from brewslm.adapters.sources.bundled import BASE_MODELS_FOLDER

    tokenizer = Tokenizer.from_file(str(BASE_MODELS_FOLDER / MODEL / "tokenizer.json"))
    folder = bench.shelf.path(split.folder) / part
    tokens = np.fromfile(folder / shard.TOKENS_FILE, dtype=shard.TOKENS_DTYPE)
    mask = np.fromfile(folder / shard.MASK_FILE, dtype=shard.MASK_DTYPE)
    offsets = np.fromfile(folder / shard.OFFSETS_FILE, dtype=shard.OFFSETS_DTYPE).astype(int)
    found = []
    for start, end in pairwise(offsets):
        own = tokens[start:end]
        trained = own[mask[start:end] == 1].tolist()
        texts = [tokenizer.decode(ids, skip_special_tokens=False) for ids in (own.tolist(), trained)]
        found.append((texts[0], texts[1]))
    return found


@pytest.mark.parametrize("shape", ["plain_text", "documents"])
def test_of_a_text_all_but_the_first_token_is_trained_and_it_ends(bench: Workbench, shape: Any) -> None:
    content = [
        Example(id=f"{n:016x}", task=shape, text=f"The {n}th story <|im_end|> of tea.", source_row=n) for n in range(30)
    ]
    manifest = prepared(bench, content)
    kept = [pair for split in manifest.splits for pair in decoded(bench, split)]
    texts = {example.text for example in content}
    assert {whole.removesuffix("<|im_end|>") for whole, _ in kept} == texts
    assert all(whole == f"{whole[: len(whole) - len(trained)]}{trained}" for whole, trained in kept)
    assert all(trained.endswith("of tea.<|im_end|>") for _, trained in kept)
    assert all(arrays(bench, split)["mask"][0] == 0 for split in manifest.splits)


def test_a_preference_has_a_second_shard_in_the_same_order(bench: Workbench) -> None:
    content = [
        Example(
            id=f"{n:016x}",
            task="preference",
            messages=(Message("user", f"What is {n} like?"),),
            chosen=(Message("assistant", f"It is fine, {n}."),),
            rejected=(Message("assistant", f"Do not ask me, {n}, at all."),),
            source_row=n,
        )
        for n in range(30)
    ]
    manifest = prepared(bench, content)
    for split in manifest.splits:
        kept = examples(bench, split)
        better, worse = decoded(bench, split), decoded(bench, split, part=shard.REJECTED_FOLDER)
        assert len(kept) == len(better) == len(worse) == split.num_examples
        for row, one, other in zip(kept, better, worse, strict=True):
            assert one[1] == row["chosen"][0]["content"] + "<|im_end|>"
            assert other[1] == row["rejected"][0]["content"] + "<|im_end|>"


def test_feedback_has_a_file_of_labels(bench: Workbench) -> None:
    content = [
        Example(
            id=f"{n:016x}",
            task="binary_feedback",
            messages=(Message("user", f"Why {n}?"), Message("assistant", f"Because {n}.")),
            label="good" if n % 3 else "bad",
            source_row=n,
        )
        for n in range(60)
    ]
    manifest = prepared(bench, content)
    for split in manifest.splits:
        labels = list((bench.shelf.path(split.folder) / shard.LABELS_FILE).read_bytes())
        assert labels == [int(row["label"] == "good") for row in examples(bench, split)]


LONG = {"prompt": "Tell me all", "completion": "word and word " * 100}
ENDLESS = {"prompt": "why " * 200, "completion": "because"}


def test_a_cut_answer_is_listed_and_has_no_end_made_up(bench: Workbench) -> None:
    manifest = prepare(bench, dataset_of(bench, [*rows(60), LONG, ENDLESS]), max_seq_len=64, truncation="truncate")
    (cut,) = bench.rows(manifest, "truncated.parquet")
    assert (cut["source_row"], cut["ends_in_answer"]) == (60, True)
    assert cut["num_tokens"] - cut["num_cut"] == 64
    (dropped,) = bench.rows(manifest, "dropped.parquet")
    assert (dropped["source_row"], dropped["reason"]) == (61, "answer_cut_away")
    assert (manifest.num_truncated, manifest.num_dropped) == (1, 1)
    pairs = [pair for split in manifest.splits for pair in decoded(bench, split)]
    (trained,) = [trained for whole, trained in pairs if "Tell me all" in whole]
    assert trained.startswith("word and word")
    assert not trained.endswith("<|im_end|>")
    index = [row["source_row"] for split in manifest.splits for row in examples(bench, split)].index(60)
    spelled = [int(number) for split in manifest.splits for number in arrays(bench, split)["bytes"]][index]
    assert spelled == len(trained.encode())


def test_long_examples_can_be_refused_with_count_and_row(bench: Workbench) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"2 of 62 examples are longer than 64 tokens; the first is row 60"
    ) as caught:
        prepare(bench, dataset_of(bench, [*rows(60), LONG, ENDLESS]), max_seq_len=64, truncation="raise")
    assert caught.value.code == Reason.PREPARATION_TOO_LONG


def test_lengths_are_counted_in_bins(bench: Workbench) -> None:
    manifest = prepare(bench, dataset_of(bench, rows(200)), max_seq_len=64)
    for split in manifest.splits:
        assert sum(split.length_counts) == split.num_examples


def test_a_split_that_differs_is_noted(bench: Workbench) -> None:
    """The newest conversations are longer and speak of other things."""
    content = [
        Example(
            id=f"{n:016x}",
            task="chat",
            messages=(Message("user", f"Q {n}"), Message("assistant", "yes " * (3 if n < 450 else 60))),
            metadata=json.dumps({"at": n}),
            source_row=n,
        )
        for n in range(500)
    ]
    manifest = prepared(bench, content, time_by="at", leak_check="exact")
    notable = {(drift.split, drift.measure) for drift in manifest.drifts if drift.is_notable}
    assert ("test", "length") in notable
    assert ("eval", "length") not in notable
    assert [finding.check for finding in bench.findings] == ["no_drift"]
    alike = prepared(bench, content, leak_check="exact")
    assert not any(drift.is_notable for drift in alike.drifts)


def test_manifest_json_stands_beside_the_splits(bench: Workbench) -> None:
    dataset = dataset_of(bench, rows(60))
    manifest = prepare(bench, dataset)
    path = bench.shelf.path(next(file.path for file in manifest.files if file.path.endswith("/manifest.json")))
    told = json.loads(path.read_text())
    assert told["dataset_id"] == told["lineage"]["dataset_id"] == dataset.id
    assert told["lineage"]["snapshot_id"] == dataset.snapshot_id
    assert told["tokenizer_hash"] == manifest.tokenizer_hash
    assert {split["name"]: split["num_examples"] for split in told["splits"]} == {
        split.name: split.num_examples for split in manifest.splits
    }
    assert len(told["files"]) == len(manifest.files) - 1
    for file in told["files"]:
        data = (path.parent / file["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["size_bytes"], file["sha256"])


def test_the_sources_own_splits_are_kept(bench: Workbench) -> None:
    from brewslm.core.artifacts.snapshot import Snapshot
    from brewslm.core.data.snapshot_row import SnapshotRow

    dataset = dataset_of(bench, rows(90))
    snapshot = bench.shelf.read(Snapshot, dataset.snapshot_id)
    path = next(file.path for file in snapshot.files if file.path.endswith("/rows.parquet"))
    draft = bench.shelf.draft()
    names = ("train", "validation", "test")
    with bench.context.tables.write(draft / "rows.parquet", SnapshotRow) as table:
        for batch in bench.context.tables.read(bench.shelf.path(path), SnapshotRow):
            table.add([row._replace(split=names[row.row % 3]) for row in batch])
    own = snapshot.model_copy(update={"files": bench.shelf.publish(draft, room="snapshots")})
    bench.shelf.put(own)
    changed = dataset.model_copy(update={"snapshot_id": own.id})
    bench.shelf.put(changed)
    manifest = prepare(bench, changed, use_source_splits=True)
    for code, name in enumerate(("train", "eval", "test")):
        split = next(split for split in manifest.splits if split.name == name)
        assert {row["source_row"] % 3 for row in examples(bench, split)} == {code}
    with pytest.raises(InvalidRequestError, match="it says none for 90 rows"):
        prepare(bench, dataset, use_source_splits=True)

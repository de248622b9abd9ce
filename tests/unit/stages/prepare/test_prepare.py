"""Preparation end to end: shards, examples, dropped ones, and a manifest that describes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.sources.bundled import BASE_MODELS_FOLDER
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest, Split, SplitShares
from brewslm.core.errors import BaseModelError, CancelledError, GateRefusedError
from brewslm.core.events.reasons import Reason
from brewslm.core.wire import shard
from brewslm.stages.clean import CLEAN
from brewslm.stages.clean.contract import CleanInputs
from brewslm.stages.prepare import PREPARE
from brewslm.stages.prepare.contract import PrepareInputs
from tests.unit.stages.workbench import Workbench

MODEL = "brewslm-tiny-v1"


def rows(count: int) -> list[dict[str, Any]]:
    return [{"prompt": f"What is {n}?", "completion": f"It is {n * n}, of course."} for n in range(count)]


def dataset_of(bench: Workbench, content: list[dict[str, Any]]) -> Dataset:
    return bench.import_dataset("data.jsonl", "\n".join(map(json.dumps, content)))


def prepare(bench: Workbench, dataset: Dataset, **choices: Any) -> Manifest:
    return bench.run(PREPARE, PrepareInputs(dataset_id=dataset.id, base_model=MODEL, **choices))


def arrays(bench: Workbench, split: Split) -> dict[str, Any]:
    import numpy as np

    folder = bench.shelf.path(split.folder)
    kinds = {
        "tokens": (shard.TOKENS_FILE, shard.TOKENS_DTYPE),
        "mask": (shard.MASK_FILE, shard.MASK_DTYPE),
        "offsets": (shard.OFFSETS_FILE, shard.OFFSETS_DTYPE),
        "bytes": (shard.BYTES_FILE, shard.BYTES_DTYPE),
    }
    return {name: np.fromfile(folder / file, dtype=kind) for name, (file, kind) in kinds.items()}


def examples(bench: Workbench, split: Split) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    found: list[dict[str, Any]] = pq.read_table(bench.shelf.path(split.folder) / shard.EXAMPLES_FILE).to_pylist()
    return found


def test_shards_spell_their_examples_in_order(bench: Workbench) -> None:
    from tokenizers import Tokenizer

    dataset = dataset_of(bench, rows(60))
    manifest = prepare(bench, dataset)
    tokenizer = Tokenizer.from_file(str(BASE_MODELS_FOLDER / MODEL / "tokenizer.json"))
    ids = []
    for split in manifest.splits:
        data = arrays(bench, split)
        kept = examples(bench, split)
        assert data["offsets"][0] == 0
        assert data["offsets"][-1] == len(data["tokens"]) == len(data["mask"]) == split.num_tokens
        assert len(data["offsets"]) == len(kept) + 1 == split.num_examples + 1
        assert int(data["mask"].sum()) == split.num_trained_tokens
        assert int(data["bytes"].sum()) == split.num_bytes
        for index, example in enumerate(kept):
            span = slice(int(data["offsets"][index]), int(data["offsets"][index + 1]))
            tokens, mask = data["tokens"][span], data["mask"][span]
            question, answer = (message["content"] for message in example["messages"])
            text = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n"
            assert tokenizer.decode(tokens.tolist(), skip_special_tokens=False) == text
            trained = tokenizer.decode(tokens[mask == 1].tolist(), skip_special_tokens=False)
            assert trained == f"{answer}<|im_end|>"
            assert int(data["bytes"][index]) == len(answer.encode())
        ids += [example["id"] for example in kept]
    assert sorted(ids) == sorted(row["id"] for row in bench.rows(dataset, "examples.parquet"))
    assert {path.name for path in bench.shelf.path(manifest.splits[0].folder).iterdir()} == {
        *(shard.TOKENS_FILE, shard.MASK_FILE, shard.OFFSETS_FILE, shard.BYTES_FILE, shard.EXAMPLES_FILE)
    }


def test_the_manifest_describes_what_was_done(bench: Workbench) -> None:
    dataset = dataset_of(bench, rows(60))
    manifest = prepare(bench, dataset, seed=7, max_seq_len=64)
    assert (manifest.dataset_id, manifest.base_model, manifest.seed) == (dataset.id, MODEL, 7)
    assert (manifest.shape, manifest.labels, manifest.is_stratified) == ("prompt_completion", (), False)
    assert len(manifest.tokenizer_hash) == len(manifest.template_hash) == 64
    assert [split.name for split in manifest.splits] == ["train", "eval", "test"]
    assert sum(split.num_examples for split in manifest.splits) == 60
    assert set(manifest.split("train").length_quantiles) == {"p10", "p50", "p90", "p99", "max"}
    assert bench.reports[-1].reason == Reason.PREPARATION
    assert not any(Path(split.folder).is_absolute() for split in manifest.splits)


def test_the_same_work_has_the_same_fingerprint(bench: Workbench) -> None:
    dataset = dataset_of(bench, rows(60))
    assert prepare(bench, dataset).id == prepare(bench, dataset).id
    assert prepare(bench, dataset).id != prepare(bench, dataset, seed=1).id


def test_examples_that_are_too_long_are_dropped_and_listed(bench: Workbench) -> None:
    long = {"prompt": "Tell me all", "completion": "word " * 200}
    dataset = dataset_of(bench, [*rows(60), long])
    manifest = prepare(bench, dataset, max_seq_len=64)
    dropped = bench.rows(manifest, "dropped.parquet")
    assert manifest.num_dropped == 1
    assert [row["source_row"] for row in dropped] == [60]
    assert dropped[0]["num_tokens"] > 64
    assert sum(split.num_examples for split in manifest.splits) == 60
    assert [finding.check for finding in bench.findings if finding.level == "warn"] == ["few_dropped"]


def test_a_split_that_would_be_empty_is_refused(bench: Workbench) -> None:
    dataset = dataset_of(bench, [{"prompt": f"p {n}", "completion": "word " * 200} for n in range(9)])
    with pytest.raises(GateRefusedError, match="No example is in train and eval and test; 9 were longer") as caught:
        prepare(bench, dataset, max_seq_len=64)
    assert caught.value.code == Reason.PREPARATION_EMPTY_SPLIT


def test_three_examples_are_enough_and_two_are_not(bench: Workbench) -> None:
    assert [split.num_examples for split in prepare(bench, dataset_of(bench, rows(3))).splits] == [1, 1, 1]
    with pytest.raises(GateRefusedError, match="2 examples cannot fill") as caught:
        prepare(bench, dataset_of(bench, rows(2)))
    assert caught.value.code == Reason.PREPARATION_EMPTY_SPLIT


@pytest.mark.parametrize(
    "shares", [SplitShares(train=1.0, eval=0.0, test=0.0), SplitShares(train=0.5, eval=0.1, test=0.1)]
)
def test_shares_that_make_no_whole_are_refused(bench: Workbench, shares: SplitShares) -> None:
    with pytest.raises(GateRefusedError, match="each must be above 0"):
        prepare(bench, dataset_of(bench, rows(9)), shares=shares)


def test_a_sequence_beyond_the_context_is_refused(bench: Workbench) -> None:
    with pytest.raises(GateRefusedError, match="max_seq_len=4096 is above the 1024 tokens"):
        prepare(bench, dataset_of(bench, rows(9)), max_seq_len=4096)


def test_an_unknown_base_model_is_refused(bench: Workbench) -> None:
    dataset = dataset_of(bench, rows(9))
    with pytest.raises(BaseModelError, match="There is no base model 'nope'"):
        bench.run(PREPARE, PrepareInputs(dataset_id=dataset.id, base_model="nope"))


def test_labels_are_trained_alone_and_told(bench: Workbench) -> None:
    content = [{"text": f"message {n}", "label": ("good", "bad", "so so")[n % 3]} for n in range(90)]
    manifest = prepare(bench, dataset_of(bench, content))
    assert manifest.labels == ("bad", "good", "so so")
    assert manifest.is_stratified
    for split in manifest.splits:
        assert {example["label"] for example in examples(bench, split)} == {"good", "bad", "so so"}


def test_the_same_question_is_never_in_two_splits(bench: Workbench) -> None:
    content = [{"prompt": f"What is {n % 20}?", "completion": f"answer {n}"} for n in range(200)]
    manifest = prepare(bench, bench.run(CLEAN, CleanInputs(dataset_id=dataset_of(bench, content).id)))
    asked = [{example["messages"][0]["content"] for example in examples(bench, split)} for split in manifest.splits]
    assert sum(map(len, asked)) == len(set().union(*asked)) == 20
    assert manifest.num_moved_for_leaks > 0
    assert sum(split.num_examples for split in manifest.splits) == 200


def test_batches_do_not_show(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = dataset_of(bench, rows(60))
    whole = prepare(bench, dataset)
    monkeypatch.setattr("brewslm.adapters.files.tables.BATCH_ROWS", 7)
    parts = prepare(bench, dataset)
    for one, other in zip(whole.splits, parts.splits, strict=True):
        assert examples(bench, one) == examples(bench, other)
        assert arrays(bench, one)["tokens"].tolist() == arrays(bench, other)["tokens"].tolist()


def test_a_cancelled_preparation_stops(bench: Workbench) -> None:
    dataset = dataset_of(bench, rows(9))
    bench.is_cancelled = lambda: True
    with pytest.raises(CancelledError, match="9 of 9"):
        prepare(bench, dataset)

"""Which files are data, and which split they belong to, as the hub's own rules say."""

from typing import Any

import pytest

from brewslm.adapters.sources.datasets.layout import (
    configurations,
    configured_files,
    default_configuration,
    named_files,
)


def told(files: Any) -> dict[str, str]:
    return {file.path: file.split for file in files}


@pytest.mark.parametrize(
    ("paths", "splits"),
    [
        (["train.csv", "test.csv"], {"train.csv": "train", "test.csv": "test"}),
        (["rows-train.jsonl", "rows_dev.jsonl"], {"rows-train.jsonl": "train", "rows_dev.jsonl": "validation"}),
        (["train/a.csv", "test/train.csv"], {"train/a.csv": "train", "test/train.csv": "test"}),
        (["data/train-00000-of-00002.parquet", "data/odd-00000-of-00001.parquet"],
         {"data/train-00000-of-00002.parquet": "train", "data/odd-00000-of-00001.parquet": "odd"}),
        (["contest.csv", "training-set.csv"], {"training-set.csv": "train"}),
        (["a.csv", "b.csv"], {"a.csv": "train", "b.csv": "train"}),
        (["a.csv", "b.csv", "c.jsonl"], {"a.csv": "train", "b.csv": "train"}),
        (["a.csv", "b.parquet"], {"b.parquet": "train"}),
        (["a.jsonl.gz", "b.zip"], {"a.jsonl.gz": "train"}),
        (["b.zip", "README.md", "LICENSE.txt"], {"b.zip": "train"}),
        ([".hidden/a.csv", "__pycache__/a.csv", "dataset_infos.json", "LICENSE.txt"], {}),
        (["validation.JSONL", "Test.JSONL"], {"validation.JSONL": "validation", "Test.JSONL": "test"}),
    ],
)  # fmt: skip
def test_names_tell_the_splits(paths: list[str], splits: dict[str, str]) -> None:
    assert told(named_files(paths)) == splits


PATHS = ["a.csv", "d/a.csv", "d/e/b.csv", "d/train.jsonl", "d/test.jsonl", "x[1].csv"]


@pytest.mark.parametrize(
    ("entry", "splits"),
    [
        ({"data_files": "*.csv"}, {"a.csv": "train", "x[1].csv": "train"}),
        ({"data_files": ["d/*.csv", "d/e/?.csv"]}, {"d/a.csv": "train", "d/e/b.csv": "train"}),
        ({"data_files": "**/*.csv"}, {"a.csv": "train", "d/a.csv": "train", "d/e/b.csv": "train", "x[1].csv": "train"}),
        ({"data_files": {"test": "d/e/*", "train": ["a.csv"]}}, {"d/e/b.csv": "test", "a.csv": "train"}),
        ({"data_files": [{"split": "all", "path": ["d/[ae].csv"]}]}, {"d/a.csv": "all"}),
        ({"data_dir": "d", "data_files": "*.csv"}, {"d/a.csv": "train"}),
        ({"data_dir": "./d"}, {"d/train.jsonl": "train", "d/test.jsonl": "test"}),
        ({"data_files": [{"path": None}, 7, {}]}, {}),
        ({"data_files": "[("}, {}),
    ],
)
def test_the_card_tells_the_files(entry: dict[str, Any], splits: dict[str, str]) -> None:
    assert told(configured_files(PATHS, entry)) == splits


def test_the_default_configuration_is_certain_or_none() -> None:
    assert default_configuration({"a": {}, "b": {"default": True}}) == "b"
    assert default_configuration({"a": {}}) == "a"
    assert default_configuration({"a": {}, "default": {}}) == "default"
    assert default_configuration({"a": {}, "b": {}}) is None
    assert configurations({"configs": "nonsense"}) == configurations({"configs": [1, {}]}) == {}

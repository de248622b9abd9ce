"""Object stores, on fsspec's own stores in memory and on disk."""

import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from brewslm.adapters.sources.cloud import STORES, CloudFiles, Store
from brewslm.core.errors import CancelledError, SourceError
from brewslm.core.ports.source import Fetch
from tests.fakes.fetch import fetch_into

MEMORY = {"mem": Store("memory", "memory", "NOTHING", {}), "disk": Store("file", "disk", "NOTHING", {})}


@pytest.fixture
def cloud() -> Iterator[CloudFiles]:
    memory = fsspec.filesystem("memory")
    for name in ("b.jsonl", "a.jsonl", "c.csv", "deep/d.jsonl"):
        memory.pipe(f"/bucket/rows/{name}", name.encode())
    yield CloudFiles(stores=MEMORY)
    memory.rm("/bucket", recursive=True)


def test_one_object_and_all_of_a_pattern(cloud: CloudFiles, tmp_path: Path) -> None:
    def told(locator: str) -> dict[str, str]:
        opened = cloud.open(locator, fetch_into(tmp_path / locator.replace("/", "-")))
        assert opened.name == locator
        return {file.name: file.path.read_text() for file in opened.files}

    assert told("mem://bucket/rows/a.jsonl") == {"a.jsonl": "a.jsonl"}
    assert list(told("mem://bucket/rows/*.jsonl").items()) == [("a.jsonl", "a.jsonl"), ("b.jsonl", "b.jsonl")]
    assert told("mem://bucket/rows/**/*.jsonl")["deep/d.jsonl"] == "deep/d.jsonl"
    (tmp_path / "x.csv").write_text("x")
    assert told(f"disk://{tmp_path}/x.csv") == {"x.csv": "x"}


@pytest.mark.parametrize(
    ("locator", "words"),
    [
        ("mem://bucket/rows/absent", "There is no object"),
        ("mem://bucket/rows/*.xyz", "Nothing matches"),
        (
            "mem://bucket/rows",
            "is a folder. Name one object, or several by a pattern such as 'mem://bucket/rows/*.jsonl'",
        ),
        ("mem://", "names no object"),
        ("mem:bucket", "names no object"),
        ("mem://key:secret@bucket/rows/a.jsonl", "A login does not belong into the locator"),
    ],
)
def test_what_cannot_be_had_is_one_clear_line(cloud: CloudFiles, tmp_path: Path, locator: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        cloud.open(locator, fetch_into(tmp_path))
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_limits_offline_and_cancelling(cloud: CloudFiles, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has 14 bytes; 10 are allowed"):
        CloudFiles(stores=MEMORY, max_bytes=10).open("mem://bucket/rows/*.jsonl", fetch_into(tmp_path))
    with pytest.raises(SourceError, match="BREWSLM_OFFLINE"):
        CloudFiles(stores=MEMORY, is_offline=True).open("mem://bucket/rows/a.jsonl", fetch_into(tmp_path))
    with pytest.raises(CancelledError):
        cloud.open("mem://bucket/rows/a.jsonl", Fetch(tmp_path, lambda *_: None, lambda: True))


@pytest.mark.parametrize(("scheme", "module"), [("s3", "s3fs"), ("gs", "gcsfs"), ("abfs", "adlfs")])
def test_without_the_extra_the_line_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SourceError, match=rf"pip install 'brewslm\[{STORES[scheme].extra}\]'"):
        CloudFiles().open(f"{scheme}://bucket/a.csv", fetch_into(tmp_path))


def test_what_a_client_says_is_shown_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        message = "cannot get https://host/x?sig=geheim nor AccountKey=geheim;"
        raise RuntimeError(message)

    monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem.info", fail)
    with pytest.raises(SourceError, match="cannot be fetched: cannot get https://host/x nor") as caught:
        CloudFiles(stores=MEMORY).open("mem://bucket/a.csv", fetch_into(tmp_path))
    assert "geheim" not in str(caught.value)

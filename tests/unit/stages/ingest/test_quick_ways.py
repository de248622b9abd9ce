"""Quick and streamed ways of reading give what the slow and whole ones give, wherever a block of the file ends."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brewslm.core.errors import BrewError
from brewslm.stages.ingest.formats import json_scan
from brewslm.stages.ingest.formats.choice import Choices, reading_of
from brewslm.stages.ingest.formats.csv_quick import QuickCsv
from brewslm.stages.ingest.reading import lines

Rows = list[tuple[int, int, str | None, str | None, str | None]]
ANY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows_of(name: str, data: bytes, choices: Choices | None = None) -> Rows | str:
    """Line, offset, record, raw and problem of every row; or the refusal."""
    found: Rows = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            for batch in reading_of(path, name, choices or Choices()).read():
                texts = [text.decode() if isinstance(text, bytes) else text for text in batch.texts]
                found += zip(batch.lines, batch.offsets, texts, batch.raws, batch.problems, strict=True)
        except BrewError as error:
            return str(error)
    return found


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the size of the blocks in which files are read."""

    def set_size(size: int) -> None:
        monkeypatch.setattr(lines, "BLOCK_BYTES", size)
        monkeypatch.setattr(json_scan, "BLOCK_BYTES", size)

    return set_size


CELL = st.text(st.sampled_from("ab é\",\n\r;'\\"), max_size=6)
CSV = st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=12)


def spelled(rows: list[list[str]], *, is_sound: bool) -> bytes:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if is_sound and set(text) & set("\",\n\r;'") else text

    return "\n".join(",".join(map(cell, row)) for row in [["first", "second"], *rows]).encode() + b"\n"


@given(CSV, st.booleans(), st.integers(1, 40))
@ANY
def test_quick_csv_is_slow_csv(
    blocks: Any, monkeypatch: pytest.MonkeyPatch, rows: list[list[str]], is_sound: bool, size: int
) -> None:
    data = spelled(rows, is_sound=is_sound)
    choices = Choices(format="csv", delimiter=",", has_header=True, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(QuickCsv, "add_rows", lambda *_: False)
        slow = rows_of("a.csv", data, choices)
    blocks(size)
    assert rows_of("a.csv", data, choices) == slow


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from('a"\\[]{},:\n é🎉'), max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.sampled_from('abé{"'), max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
OBJECTS = st.lists(
    st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3), VALUE), min_size=1
)


@given(OBJECTS, st.sampled_from([None, 1]), st.sampled_from(["utf-8", "utf-16-le", "utf-32-be"]), st.integers(1, 60))
@ANY
def test_a_streamed_array_gives_the_rows_and_places_of_the_whole(
    blocks: Any, objects: list[dict[str, Any]], indent: int | None, encoding: str, size: int
) -> None:
    text = json.dumps(objects, ensure_ascii=False, indent=indent)
    data = text.encode(encoding)
    blocks(size)
    found = rows_of("a.json", data, Choices(format="json", encoding=encoding))
    assert isinstance(found, list)
    assert [record and json.loads(record) for _, _, record, _, _ in found] == objects
    for (line, offset, *_), value in zip(found, objects, strict=True):
        begins = data[offset:].decode(encoding)
        assert json.JSONDecoder().raw_decode(begins)[0] == value
        assert line == data[:offset].decode(encoding).count("\n") + 1


@given(st.text(st.sampled_from('[]{}",:\\ \nab1'), max_size=60), st.integers(1, 20))
@ANY
def test_any_near_json_gives_the_same_in_blocks_of_any_size(blocks: Any, text: str, size: int) -> None:
    data = f'[{{"a": 1}}, {text}]'.encode()
    blocks(1 << 20)
    whole = rows_of("a.json", data, Choices(format="json"))
    blocks(size)
    assert rows_of("a.json", data, Choices(format="json")) == whole


@given(OBJECTS, st.integers(1, 30))
@ANY
def test_json_lines_in_blocks_of_any_size(blocks: Any, objects: list[dict[str, Any]], size: int) -> None:
    blocks(size)
    data = "\r\n".join(json.dumps(value) for value in objects).encode()
    found = rows_of("a.jsonl", data, Choices(format="jsonl"))
    assert isinstance(found, list)
    assert [json.loads(record or "null") for _, _, record, _, _ in found] == objects
    assert [json.loads(data[offset:].split(b"\r\n")[0]) for _, offset, *_ in found] == objects


@pytest.mark.parametrize("layout", ["array", "rows", "columns"])
def test_a_large_document_is_read_in_flat_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: Any, layout: str
) -> None:
    import tracemalloc

    blocks(64 << 10)
    monkeypatch.setattr("brewslm.stages.ingest.reading.batch.BATCH_ROWS", 100)
    monkeypatch.setattr("brewslm.stages.ingest.formats.choice.HEAD_BYTES", 64 << 10)
    monkeypatch.setattr("brewslm.stages.ingest.reading.encoding._BLOCK_BYTES", 64 << 10)
    row = {"text": "some words " * 50, "n": 1}
    num = 10_000
    path = tmp_path / "a.json"
    array = "[" + ",".join([json.dumps(row)] * num) + "]"
    columns = ", ".join(f'"{key}": [{",".join([json.dumps(value)] * num)}]' for key, value in row.items())
    text = {"array": array, "rows": f'{{"version": 1, "data": {array}}}', "columns": f"{{{columns}}}"}[layout]
    path.write_text(text)
    monkeypatch.setattr(json_scan, "MAX_PART_CHARACTERS", 100_000)
    assert len(text) > 5_000_000
    del text, array, columns
    tracemalloc.start()
    total = sum(len(batch.lines) for batch in reading_of(path, "a.json", Choices()).read())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == num
    assert peak < 2_000_000, "a few blocks and a batch, not the document and its objects"

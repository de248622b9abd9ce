"""What tables promise: what was written is read, row by row, from anywhere, without holding it all."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.adapters.files.tables import BATCH_ROWS, ParquetTables
from brewslm.core.data.example import Example, Message, ToolCall
from brewslm.core.errors import ArtifactDamagedError
from brewslm.core.ports.tables import Nested, Tables


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Plain:
    number: int
    share: float
    is_kept: bool
    colour: Colour
    size: Literal["s", "l"] | None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    number: int


@dataclass(frozen=True, slots=True)
class Newer:
    number: int
    added_later: str = "absent"


@dataclass(frozen=True, slots=True)
class Worded:
    word: str


class Named(NamedTuple):
    number: int
    added_later: str = "absent"


@pytest.fixture
def tables() -> Tables:
    return ParquetTables()


def _plain(number: int) -> Plain:
    words = tuple(f"word {index}" for index in range(number % 3))
    return Plain(number, number / 3, number % 2 == 0, Colour.BLUE, None if number % 5 else "l", words)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
CALLS = st.builds(ToolCall, name=TEXT, arguments=TEXT, id=st.none() | TEXT)
MESSAGES = st.lists(
    st.builds(
        Message, role=st.sampled_from(["user", "assistant"]), content=TEXT, tool_calls=st.lists(CALLS).map(tuple)
    ),
    max_size=3,
).map(tuple)
EXAMPLES = st.builds(
    Example, id=TEXT, task=st.just("chat"), messages=MESSAGES, chosen=MESSAGES, text=st.none() | TEXT, label=st.none()
)


@settings(deadline=None, max_examples=50)
@given(examples=st.lists(EXAMPLES, max_size=12))
def test_examples_come_back_as_they_were(examples: list[Example], tmp_path_factory: pytest.TempPathFactory) -> None:
    tables, path = ParquetTables(), tmp_path_factory.mktemp("table") / "examples.parquet"
    with tables.write(path, Example) as rows:
        rows.add(examples)
    assert [row for batch in tables.read(path, Example) for row in batch] == examples
    assert list(tables.each(path, Example)) == examples


def test_columns_become_rows_and_what_is_left_out_has_its_default(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "examples.parquet"
    messages = Nested([2, 0, 1], {"role": ["user", "assistant", "user"], "content": ["q", "a", "p"]})
    first = Example("0", "plain_text", text="t")
    with tables.write(path, Example) as rows:
        rows.add((first,))
        rows.add_columns({"id": ["1", "2", "3"], "task": ["qa"] * 3, "messages": messages, "source_row": [4, 5, 6]})
    assert list(tables.each(path, Example)) == [
        first,
        Example("1", "qa", (Message("user", "q"), Message("assistant", "a")), source_row=4),
        Example("2", "qa", source_row=5),
        Example("3", "qa", (Message("user", "p"),), source_row=6),
    ]


def test_a_named_tuple_is_read_one_by_one_too(tables: Tables, tmp_path: Path) -> None:
    with tables.write(tmp_path / "numbers.parquet", Number) as rows:
        rows.add([Number(number) for number in range(BATCH_ROWS + 1)])
    assert list(tables.each(tmp_path / "numbers.parquet", Named)) == [Named(number) for number in range(BATCH_ROWS + 1)]


@pytest.mark.parametrize("start", [0, 1, BATCH_ROWS - 1, BATCH_ROWS, BATCH_ROWS + 1, 9999, 10_000])
def test_reading_begins_at_any_row(tables: Tables, tmp_path: Path, start: int) -> None:
    path = tmp_path / "plain.parquet"
    written = [_plain(number) for number in range(10_000)]
    with tables.write(path, Plain) as rows:
        for first in range(0, len(written), 333):
            rows.add(written[first : first + 333])
    assert tables.outline(path).num_rows == 10_000
    assert tables.outline(path).columns[:2] == ("number", "share")
    assert [row for batch in tables.read(path, Plain, start=start) for row in batch] == written[start:]
    assert [row["number"] for row in tables.page(path, start=start, limit=3)] == list(range(10_000))[start : start + 3]
    assert [row for batch in tables.read(path, Number, start=start) for row in batch][:1] == [
        Number(number) for number in range(start, 10_000)
    ][:1]


def test_a_field_with_a_default_may_be_absent(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "old.parquet"
    with tables.write(path, Number) as rows:
        rows.add([Number(7)])
    assert list(tables.read(path, Newer)) == [[Newer(7, "absent")]]
    with pytest.raises(ArtifactDamagedError, match="lacks the column 'share'"):
        list(tables.read(path, Plain))


def test_what_is_no_table_is_damaged(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"PAR1 no more")
    for found in (path, tmp_path / "absent.parquet"):
        with pytest.raises(ArtifactDamagedError, match=found.name):
            list(tables.read(found, Plain))


@dataclass(frozen=True, slots=True)
class Turn:
    content: str


@dataclass(frozen=True, slots=True)
class OldTalk:
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class SignedTurn:
    author: str
    content: str
    mood: str = "absent"


@dataclass(frozen=True, slots=True)
class Talk:
    turns: tuple[SignedTurn, ...]


@dataclass(frozen=True, slots=True)
class MoodyTurn:
    mood: str = "absent"
    content: str = ""


@dataclass(frozen=True, slots=True)
class MoodyTalk:
    turns: tuple[MoodyTurn, ...]


@dataclass(frozen=True, slots=True)
class FlatTalk:
    turns: str


def _write_talk(tables: Tables, path: Path, *talks: OldTalk) -> Path:
    with tables.write(path, OldTalk) as rows:
        rows.add(talks)
    return path


def test_a_nested_field_that_is_absent_has_its_default_and_none_takes_anothers_place(
    tables: Tables, tmp_path: Path
) -> None:
    path = _write_talk(tables, tmp_path / "talk.parquet", OldTalk((Turn("hello"),)), OldTalk(()))
    assert list(tables.read(path, MoodyTalk)) == [[MoodyTalk((MoodyTurn("absent", "hello"),)), MoodyTalk(())]]


@pytest.mark.parametrize("turn_count", [0, 1])
def test_other_nested_fields_than_the_rows_have_are_damage(tables: Tables, tmp_path: Path, turn_count: int) -> None:
    path = _write_talk(tables, tmp_path / "talk.parquet", OldTalk((Turn("hello"),) * turn_count))
    with pytest.raises(ArtifactDamagedError, match=r"'talk\.parquet' .*'turns'"):
        list(tables.read(path, Talk))


def test_a_text_where_a_list_should_be_is_damage(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "flat.parquet"
    with tables.write(path, FlatTalk) as rows:
        rows.add([FlatTalk("hello")])
    with pytest.raises(ArtifactDamagedError, match=r"'flat\.parquet' .*'turns'"):
        list(tables.read(path, OldTalk))


def test_rows_may_be_named_tuples(tables: Tables, tmp_path: Path) -> None:
    written = [Named(number, f"text {number}") for number in range(BATCH_ROWS + 3)]
    with tables.write(tmp_path / "t.parquet", Named) as table:
        table.add(written)
    read = [row for batch in tables.read(tmp_path / "t.parquet", Named) for row in batch]
    assert read == written
    assert {type(row) for row in read} == {Named}
    assert next(tables.read(tmp_path / "t.parquet", Newer))[0] == Newer(0, "text 0")


def test_a_field_of_a_named_tuple_with_a_default_may_be_absent(tables: Tables, tmp_path: Path) -> None:
    with tables.write(tmp_path / "t.parquet", Number) as table:
        table.add([Number(4)])
    assert next(tables.read(tmp_path / "t.parquet", Named)) == [Named(4)]
    with pytest.raises(ArtifactDamagedError, match="lacks the column 'share'"):
        next(tables.read(tmp_path / "t.parquet", Plain))


def test_rows_are_picked_by_number(tables: Tables, tmp_path: Path) -> None:
    with tables.write(tmp_path / "t.parquet", Plain) as table:
        for first in range(0, 3 * BATCH_ROWS, 1000):
            table.add([_plain(number) for number in range(first, first + 1000)])
    wanted = [0, 1, 999, BATCH_ROWS - 1, BATCH_ROWS, 2 * BATCH_ROWS + 17, 2 * BATCH_ROWS + 16, 1, 10**9]
    picked = tables.pick(tmp_path / "t.parquet", Plain, wanted)
    assert picked == [_plain(number) for number in sorted(set(wanted))[:-1]]
    assert tables.pick(tmp_path / "t.parquet", Plain, []) == []


def test_columns_of_few_different_texts_are_read_as_texts(tables: Tables, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    column = pa.array(["one.jsonl", None, "one.jsonl", "two.jsonl"]).dictionary_encode()
    pq.write_table(pa.table({"number": [0, 1, 2, 3], "added_later": column}), tmp_path / "t.parquet")
    read = [row.added_later for row in next(tables.read(tmp_path / "t.parquet", Newer))]
    assert read == ["one.jsonl", None, "one.jsonl", "two.jsonl"]


def test_reading_keeps_nothing_of_what_has_been_read(tables: Tables, tmp_path: Path) -> None:
    import pyarrow as pa

    path = tmp_path / "words.parquet"
    noise = Random(1)
    with tables.write(path, Worded) as rows:
        for _ in range(30):
            rows.add([Worded(noise.randbytes(100).hex()) for _ in range(BATCH_ROWS)])
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in tables.each(path, Worded)]
    assert path.stat().st_size > 10_000_000
    assert max(held) < 4_000_000

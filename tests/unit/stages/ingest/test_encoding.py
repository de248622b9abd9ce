"""Encodings: by the byte-order mark, else strict UTF-8, else a fallback that is stated."""

import json

import pytest

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from tests.unit.stages.workbench import Workbench

TEXT = 'text,label\n"grüße, 世界 🎉",a\nnaïve,b\n'


def texts(bench: Workbench, content: bytes, name: str = "data.csv") -> tuple[str, list[str | None], list[int]]:
    snapshot = bench.ingest(name, content, max_malformed_share=1.0)
    rows = bench.rows(snapshot, "rows.parquet")
    found = [None if row["record"] is None else json.loads(row["record"])["text"] for row in rows]
    return snapshot.encoding, found, [row["byte_offset"] for row in rows]


@pytest.mark.parametrize("has_mark", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_unicode_encodings_give_the_same_text(bench: Workbench, encoding: str, has_mark: bool) -> None:
    text = TEXT + "and some more,c\n" * 40
    data = ("\ufeff" * has_mark + text).encode(encoding)
    name, found, offsets = texts(bench, data)
    assert (name, found[:3]) == (encoding, ["grüße, 世界 🎉", "naïve", "and some more"])
    for offset, start in zip(offsets, ['"gr', "na"], strict=False):
        assert data[offset:].startswith(start.encode(encoding))


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Доброе утро, как я могу вернуть товар, который мне не подошёл?"),
        ("gb18030", "您好。我想退回上周购买的商品。请问应该怎么办理退货手续呢。谢谢您的帮助。"),
        ("shift_jis", "こんにちは。先週購入した商品を返品したいのですが、どうすればよいでしょうか。"),
        ("koi8-r", "Доброе утро, как я могу вернуть товар, который мне не подошёл?"),
    ],
)
def test_another_script_is_guessed_and_said(bench: Workbench, encoding: str, text: str) -> None:
    data = ("text,label\n" + f'"{text}",a\n' * 30).encode(encoding)
    name, found, _ = texts(bench, data)
    assert found[:2] == [text, text]
    assert name in {encoding, {"shift_jis": "cp932"}.get(encoding)}
    assert "guessed as" in next(iter(bench.shelf.artifacts.values())).reading["encoding"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_utf_16_json(bench: Workbench, form: str) -> None:
    rows = [{"text": "grüße 🎉"}, {"text": "b"}]
    text = json.dumps(rows, ensure_ascii=False) if form == "json" else "\r\n".join(json.dumps(row) for row in rows)
    data = text.encode("utf-16")
    name, found, offsets = texts(bench, data, f"data.{form}")
    assert (name, found) == ("utf-16-le", ["grüße 🎉", "b"])
    assert all(data[offset:].startswith("{".encode("utf-16-le")) for offset in offsets)


def test_windows_1252_is_a_stated_fallback(bench: Workbench) -> None:
    name, found, _ = texts(bench, "text,label\ngrüße “hi”,a\nnaïve,b\n".encode("cp1252"))
    assert (name, found) == ("cp1252", ["grüße “hi”", "naïve"])
    assert "Windows-1252" in next(iter(bench.shelf.artifacts.values())).reading["encoding"]  # type: ignore[attr-defined]


def test_damaged_utf_8_spoils_only_its_lines(bench: Workbench) -> None:
    data = "text,label\ngrüße,a\nnaïve,b\nok,c\nok,d\nok,e\n".encode().replace("ï".encode(), b"\xef")
    name, found, _ = texts(bench, data)
    assert (name, found) == ("utf-8", ["grüße", None, "ok", "ok", "ok"])


def test_bytes_that_windows_1252_does_not_know_stay_utf_8(bench: Workbench) -> None:
    name, found, _ = texts(bench, b"text,label\nb\x81d,a\nok,b\n")
    assert (name, found) == ("utf-8", [None, "ok"])


def test_the_users_word_counts(bench: Workbench) -> None:
    snapshot = bench.ingest("data.csv", "text,label\ngrüße,a\n".encode("cp1252"), encoding="cp1252")
    assert snapshot.reading["encoding"] == "chosen by the user"
    wide = bench.ingest("data.csv", "text,label\ngrüße,a\n".encode("utf-16-le"), encoding="utf-16-le")
    assert wide.num_rows == 1


def test_half_a_character_at_the_end_is_one_malformed_line(bench: Workbench) -> None:
    data = "text,label\na,x\nb,y\nc,z\n".encode("utf-16") + b"\x41"
    _, found, _ = texts(bench, data)
    assert found == ["a", "b", "c", None]


def test_lone_surrogates_in_utf_16_spoil_only_their_line(bench: Workbench) -> None:
    data = "text,label\na,x\n?,y\nc,z\n".encode("utf-16").replace("?".encode("utf-16-le"), b"\x00\xd8")
    _, found, _ = texts(bench, data)
    assert found == ["a", None, "c"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"SQLite format 3\0" + b"\x00" * 100, "SQLite"),
        (b"\x89PNG\r\n" + b"abc" * 20, "PNG"),
        (b"Rar!" + b"abc" * 20, "RAR"),
        (b"\x80\x04\x95abc", "pickle"),
        (bytes(range(256)) * 8, "binary data"),
    ],
)
def test_what_is_no_text_is_refused_with_what_it_is(bench: Workbench, content: bytes, word: str) -> None:
    with pytest.raises(SourceError, match=word) as caught:
        bench.ingest("data.csv", content)
    assert caught.value.code == Reason.INGESTION_UNSUPPORTED_FORMAT


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("data.xlsx", "a,b\n", "is called xlsx but does not begin like one"),
        ("data.bin", "Some prose.\n", "in no format that is read"),
        ("data.xls", b"\xd0\xcf\x11\xe0", "jsonl, markdown, parquet, pdf"),
    ],
)
def test_an_unknown_format_names_the_ones_that_are_read(
    bench: Workbench, name: str, content: str | bytes, word: str
) -> None:
    with pytest.raises(SourceError, match=word) as caught:
        bench.ingest(name, content)
    assert caught.value.code == Reason.INGESTION_UNSUPPORTED_FORMAT

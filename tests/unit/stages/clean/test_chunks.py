"""Chunks: within the size, nothing lost, cut where a reader pauses."""

import re
from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brewslm.stages.clean.chunks import Chunk, chunk


def _starts(text: str) -> list[int]:
    """A token is a word of up to four letters, or a longer word's part of four."""
    return [match.start() for match in re.finditer(r"\S{1,4}", text)]


def _cut(text: str, size: int, overlap: int = 0) -> list[str]:
    return [text[one.start : one.end] for one in chunk(text, _starts(text), size=size, overlap=overlap)]


TEXTS = st.text(st.sampled_from("ab c.\n#!é。 "), max_size=300)
SIZES = st.integers(1, 40).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, (size - 1) // 2)))


@given(text=TEXTS, sizes=SIZES)
def test_every_character_is_in_a_chunk_and_none_is_too_long(text: str, sizes: tuple[int, int]) -> None:
    size, overlap = sizes
    starts = _starts(text)
    chunks = chunk(text, starts, size=size, overlap=overlap)
    assert [chunks[0].start, chunks[-1].end] == [0, len(text)] if text else chunks == []
    for one in chunks:
        assert one.start < one.end
        assert bisect_left(starts, one.end) - bisect_left(starts, one.start) <= size
    for before, after in pairwise(chunks):
        assert before.start < after.start <= before.end < after.end
        assert bisect_left(starts, before.end) - bisect_left(starts, after.start) <= overlap


def test_a_short_document_is_one_chunk() -> None:
    assert _cut("One two. Three four.", 50) == ["One two. Three four."]


def test_chunks_end_at_paragraphs_before_sentences_before_words() -> None:
    assert _cut("aa bb cc.\n\ndd ee. ff gg hh", 7) == ["aa bb cc.\n\n", "dd ee. ff gg hh"]
    assert _cut("aa bb. cc dd ee. ff gg hh", 6) == ["aa bb. cc dd ee. ", "ff gg hh"]
    assert _cut("aa bb cc dd ee ff gg", 4) == ["aa bb cc dd ", "ee ff gg"]


def test_only_a_word_longer_than_a_chunk_is_cut_inside() -> None:
    assert _cut("abcdefghijkl", 2) == ["abcdefgh", "ijkl"]


def test_abbreviations_and_decimals_end_no_sentence() -> None:
    text = "We met Dr. Who at 3.50 pm. Then we all left home"
    assert _cut(text, 10)[0] == "We met Dr. Who at 3.50 pm. "


def test_sentences_without_spaces_are_found() -> None:
    assert _cut("今日は雨です。明日は晴れます。", 3) == ["今日は雨です。", "明日は晴れます。"]


def test_chunks_overlap_by_whole_sentences_where_they_fit() -> None:
    text = "aa bb. cc dd. ee ff. gg hh. ii jj. kk ll."
    assert _cut(text, 6, overlap=2) == ["aa bb. cc dd. ee ff. ", "ee ff. gg hh. ii jj. ", "ii jj. kk ll."]


def test_a_chunk_knows_the_headings_above_it() -> None:
    text = "# Book\n\n## One\n\naa bb cc dd.\n\n## Two\n\nee ff gg hh.\n\n# Other\n\nii jj kk ll."
    chunks = chunk(text, _starts(text), size=9, overlap=0)
    assert [(text[one.start : one.end].split("\n", maxsplit=1)[0], one.headings) for one in chunks] == [
        ("# Book", ("Book",)),
        ("## Two", ("Book", "Two")),
        ("# Other", ("Other",)),
    ]


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (4, 2), (10, 5), (10, -1)])
def test_sizes_that_cannot_be_kept_are_refused(size: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="less than half"):
        chunk("aa bb", [0, 2], size=size, overlap=overlap)


def test_a_large_document_takes_time_in_proportion() -> None:
    text = "Some words make a sentence. " * 40_000
    chunks = chunk(text, _starts(text), size=256, overlap=32)
    assert isinstance(chunks[0], Chunk)
    assert chunks[-1].end == len(text)

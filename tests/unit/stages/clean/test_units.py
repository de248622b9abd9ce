"""Documents become chunks by the units that a rule names; nothing of them is lost, and each knows its place."""

import json
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.core.artifacts.cleaning import ChunkRule, CleaningPlan, CleaningReport
from brewslm.core.data.example import Example
from brewslm.core.errors import BaseModelError
from brewslm.stages.clean.chunks import chunk
from brewslm.stages.clean.sweep import Means, sweep
from brewslm.stages.clean.units import Starts, unit_starts
from tests.unit.stages.workbench import Workbench

BASE = "brewslm-tiny-v1"
LOCATE = LocalBaseModels(is_offline=True).locate
PIECES = ("a", "b", " ", ".", "\n", "#", "é", "日", "!", "```", "## ", "\n\n")
TEXT = st.lists(st.sampled_from(PIECES), max_size=200).map("".join)


def rule(size: int, overlap: int = 0, unit: str = "characters") -> ChunkRule:
    base = BASE if unit == "tokens" else None
    return ChunkRule(size=size, overlap=overlap, unit=unit, base_model=base)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def starts() -> Callable[[str], Starts]:
    made = {unit: unit_starts(rule(16, unit=unit), LOCATE) for unit in ("characters", "words", "tokens")}
    return made.__getitem__


@pytest.mark.parametrize("unit", ["characters", "words", "tokens"])
@given(text=TEXT, size=st.integers(16, 60), overlap=st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_every_character_is_in_a_chunk_and_none_is_too_large(
    starts: Callable[[str], Starts], unit: str, text: str, size: int, overlap: int
) -> None:
    made = rule(size, min(overlap, (size - 1) // 2), unit)
    chunks = chunk(text, starts(unit)(text), size=made.size, overlap=made.overlap)
    assert chunks[0].start == 0 if text else chunks == []
    for one, other in pairwise(chunks):
        assert one.start < other.start <= one.end < other.end
    if text:
        assert chunks[-1].end == len(text)
    units = starts(unit)(text)
    for one in chunks:
        assert sum(one.start <= start < one.end for start in units) <= size


def test_a_comment_in_code_is_no_heading() -> None:
    text = "# Top\n```\n# comment\ncode = 1\n```\nmore text behind the code that is long enough to be cut off"
    chunks = chunk(text, unit_starts(rule(48), LOCATE)(text), size=48, overlap=0)
    assert chunks[-1].headings == ("Top",)


@pytest.mark.parametrize(
    "fields",
    [
        {"size": 8},
        {"size": 20, "overlap": 11, "unit": "words"},
        {"size": 20},
        {"size": 20, "unit": "words", "base_model": "x"},
    ],
)
def test_impossible_rules_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ChunkRule.model_validate(fields)


def test_an_unknown_tokenizer_is_told_before_any_work() -> None:
    with pytest.raises(BaseModelError, match="no-such-model"):
        unit_starts(ChunkRule(size=20, base_model="no-such-model"), LOCATE)


def test_documents_become_examples_with_their_place(bench: Workbench) -> None:
    text = "# One\n\n" + "A sentence of the document. " * 20
    documents = [
        Example("a" * 16, "chat", text=text, metadata='{"file":"a.md"}', source_row=3),
        Example("b" * 16, "chat", text="short", source_row=4),
    ]
    first, report = sweep_of(bench, documents, rule(100, 20))
    assert [row["source_row"] for row in first] == [3] * (len(first) - 1) + [4]
    assert (report.num_chunked, report.num_chunks) == (
        1,
        report.num_after - 1 + report.removed.get("exact_duplicate", 0),
    )
    place = json.loads(first[1]["metadata"])
    assert place["file"] == "a.md"
    assert place["chunk"]["of"] == "a" * 16
    assert place["chunk"]["headings"] == ["One"]
    assert text[place["chunk"]["start"] : place["chunk"]["end"]] == first[1]["text"]
    again, _ = sweep_of(bench, documents, rule(100, 20))
    assert [row["id"] for row in again] == [row["id"] for row in first]


def sweep_of(
    bench: Workbench, documents: list[Example], chunks: ChunkRule
) -> tuple[list[dict[str, str]], CleaningReport]:
    tables = bench.context.tables
    folder = bench.shelf.draft()
    source = folder / "source.parquet"
    with tables.write(source, Example) as rows:
        rows.add(documents)
    means = Means(tables, bench.context.similarity, LOCATE)
    report = sweep(source, folder, CleaningPlan(chunks=chunks), means, at_batch=lambda _: None)
    return tables.page(folder / "examples.parquet", start=0, limit=1000), report

"""Cleaning takes out exact duplicates, lists them, and makes the next version."""

import json
from typing import Any

import pytest

from brewslm.core.artifacts.cleaning import CleaningPlan
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.errors import CancelledError
from brewslm.core.events.reasons import Reason
from brewslm.core.similarity import normalised
from brewslm.stages.clean import CLEAN
from brewslm.stages.clean.contract import CleanInputs
from tests.unit.stages.workbench import Workbench


def clean(bench: Workbench, rows: list[dict[str, Any]], **choices: Any) -> tuple[Dataset, Dataset]:
    before = bench.import_dataset("data.jsonl", "\n".join(map(json.dumps, rows)))
    return before, bench.run(CLEAN, CleanInputs(dataset_id=before.id, plan=CleaningPlan(**choices)))


def pair(prompt: str, completion: str) -> dict[str, Any]:
    return {"prompt": prompt, "completion": completion}


def test_equal_examples_are_taken_out_and_the_first_stays(bench: Workbench) -> None:
    rows = [pair("a", "b"), pair("c", "d"), pair("A", " b"), pair("a", "B"), pair("c", "e")]
    before, after = clean(bench, rows)
    assert after.removed == {"exact_duplicate": 2}
    assert after.num_examples == 3
    assert [row["source_row"] for row in bench.rows(after, "examples.parquet")] == [0, 1, 4]
    removed = bench.rows(after, "removed.parquet")
    assert [(row["source_row"], row["rule"], row["kept_row"]) for row in removed] == [
        (2, "exact_duplicate", 0),
        (3, "exact_duplicate", 0),
    ]
    assert after.cleaned_from == before.id
    assert (after.tally, after.rejections, after.plan_hash) == (before.tally, before.rejections, before.plan_hash)


def test_the_version_before_stays_as_it_was(bench: Workbench) -> None:
    before, after = clean(bench, [pair("a", "b")] * 3)
    assert len(bench.rows(before, "examples.parquet")) == 3
    assert before.id != after.id


@pytest.mark.parametrize(
    ("text", "other"),
    [("Straße", "STRASSE"), ("ﬁne", "fine"), ("a  b\n\tc", "a b c"), ("\uff21\uff22", "ab"), ("e\u0301", "é")],
)
def test_spellings_of_the_same_are_equal(text: str, other: str) -> None:
    assert normalised(text) == normalised(other)


def test_the_speaker_matters(bench: Workbench) -> None:
    turns = [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    other = [("system", "a"), ("user", "b"), ("assistant", "c d")]
    rows = [{"messages": [{"role": r, "content": c} for r, c in each]} for each in (turns, other, turns)]
    _, after = clean(bench, rows)
    assert [row["source_row"] for row in bench.rows(after, "examples.parquet")] == [0, 1]


def test_a_text_with_two_labels_is_kept_and_counted(bench: Workbench) -> None:
    rows = [{"text": f"t {n}", "label": "ab"[n % 2]} for n in range(10)]
    rows += [{"text": "T 0", "label": "b"}, {"text": "t 0", "label": "a"}, {"text": "t 0 ", "label": "b"}]
    _, after = clean(bench, rows)
    assert after.num_conflicts == 1
    assert after.removed == {"exact_duplicate": 2}
    assert after.num_examples == 11
    assert bench.findings[-1].seen == "1 texts carry more than one label; all of them were kept."


def test_cleaning_twice_adds_nothing_and_keeps_the_count(bench: Workbench) -> None:
    _, after = clean(bench, [pair("a", "b"), pair("a", "b"), pair("c", "d")])
    again = bench.run(CLEAN, CleanInputs(dataset_id=after.id))
    assert (again.removed, again.num_examples) == ({"exact_duplicate": 1}, 2)
    assert bench.rows(again, "removed.parquet") == []


def test_duplicates_may_stay(bench: Workbench) -> None:
    _, after = clean(bench, [pair("a", "b")] * 3, exact_duplicates=False)
    assert (after.removed, after.num_examples) == ({}, 3)


def test_the_report_tells_before_and_after(bench: Workbench) -> None:
    clean(bench, [pair("a", "b")] * 3)
    draft = bench.reports[-1]
    assert draft.reason == Reason.CLEANING
    assert draft.summary == "A cleaned version of 1 of 3 examples was written."


def test_a_cancelled_cleaning_stops(bench: Workbench) -> None:
    before = bench.import_dataset("data.jsonl", "\n".join([json.dumps(pair("a", "b"))] * 3))
    bench.is_cancelled = lambda: True
    with pytest.raises(CancelledError):
        bench.run(CLEAN, CleanInputs(dataset_id=before.id))


def test_duplicates_are_found_across_batches(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brewslm.adapters.files.tables.BATCH_ROWS", 2)
    _, after = clean(bench, [pair(f"p {n % 7}", "c") for n in range(21)])
    assert after.num_examples == 7

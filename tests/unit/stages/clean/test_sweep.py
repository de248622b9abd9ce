"""A cleaning adds up, is the same each time, and a preview of it says what it will do."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brewslm.core.artifacts.cleaning import CleaningPlan, NearDuplicateRule, PiiRule, QualityRules
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.events.data import Cleaning
from brewslm.stages.clean import CLEAN
from brewslm.stages.clean.contract import CleanInputs
from brewslm.stages.clean.stage import examples_path
from brewslm.stages.clean.sweep import Means, sweep
from tests.unit.stages.workbench import Workbench

ALL = CleaningPlan(
    normalise=("mojibake", "html_entities", "unicode_nfc", "control_characters", "zero_width", "whitespace"),
    pii=PiiRule(policy="redact"),
    quality=QualityRules(min_characters=6, max_repeated_ngram_share=0.4, max_html_share=0.3, max_outlier_score=8),
    near_duplicates=NearDuplicateRule(threshold=0.8),
)
ROWS: list[dict[str, Any]] = [
    *({"prompt": f"Tell me about the town number {n} of the list", "completion": "It is a town."} for n in range(8)),
    {"prompt": "Tell me about the town number 3 of the list!", "completion": "It is a town"},
    {"prompt": "Write to ann@example.org &amp; bob", "completion": "caf\u00c3\u00a9 it is\u200b then\u00a0now"},
    {"prompt": "a", "completion": "b"},
    {"prompt": "<div><p><br></p></div><b></b>", "completion": "<i></i>"},
    {"prompt": "so so so so so so so so so so so so", "completion": "yes"},
    {"prompt": "An odd one", "completion": "=" * 900 + " odd"},
]


@pytest.fixture
def dataset(bench: Workbench) -> Dataset:
    return bench.import_dataset("data.jsonl", "\n".join(map(json.dumps, ROWS)))


def clean(bench: Workbench, dataset: Dataset, plan: CleaningPlan = ALL) -> Dataset:
    return bench.run(CLEAN, CleanInputs(dataset_id=dataset.id, plan=plan))


def test_every_example_is_left_or_listed_with_its_rule(bench: Workbench, dataset: Dataset) -> None:
    made = clean(bench, dataset)
    left = [row["source_row"] for row in bench.rows(made, "examples.parquet")]
    removed = {row["source_row"]: row for row in bench.rows(made, "removed.parquet")}
    assert sorted([*left, *removed]) == list(range(len(ROWS)))
    assert {row: removed[row]["rule"] for row in (8, 10, 11, 12, 13)} == {
        8: "near_duplicate",
        10: "too_few_characters",
        11: "html_residue",
        12: "repeated_ngrams",
        13: "outlier",
    }
    assert all(row["measured"] is not None and row["limit"] is not None for row in removed.values())
    report = made.cleaning
    assert report is not None
    assert report.num_before == report.num_after + sum(report.removed.values()) == len(ROWS)
    assert made.num_examples == report.num_after == len(left)


def test_every_change_is_listed_with_its_rule_and_both_ids(bench: Workbench, dataset: Dataset) -> None:
    made = clean(bench, dataset)
    changes = bench.rows(made, "changes.parquet")
    assert {(one["source_row"], one["rule"]) for one in changes} == {
        (9, rule) for rule in ("mojibake", "html_entities", "zero_width", "whitespace", "pii_redacted")
    }
    after = {row["source_row"]: row for row in bench.rows(made, "examples.parquet")}
    before = {row["source_row"]: row for row in bench.rows(dataset, "examples.parquet")}
    assert {(one["id"], one["new_id"]) for one in changes} == {(before[9]["id"], after[9]["id"])}
    assert [turn["content"] for turn in after[9]["messages"]] == ["Write to <EMAIL_1> & bob", "café it is then now"]
    unchanged = [row for row in after if row != 9]
    assert [after[row] for row in unchanged] == [before[row] for row in unchanged]


def test_the_same_plan_on_the_same_dataset_is_the_same_version(bench: Workbench, dataset: Dataset) -> None:
    one, other = clean(bench, dataset), clean(bench, dataset)
    assert one.id == other.id
    assert one.files == other.files
    assert clean(bench, dataset, CleaningPlan()).id != one.id


def test_cleaning_the_cleaned_takes_nothing_more(bench: Workbench, dataset: Dataset) -> None:
    once = clean(bench, dataset)
    again = clean(bench, once)
    assert again.cleaning is not None
    assert (again.cleaning.removed, again.cleaning.changed) == ({}, {})
    assert (again.removed, again.num_examples) == (once.removed, once.num_examples)
    assert bench.rows(again, "examples.parquet") == bench.rows(once, "examples.parquet")


def test_the_plan_and_three_examples_of_each_rule_are_in_the_artifact(bench: Workbench, dataset: Dataset) -> None:
    report = clean(bench, dataset).cleaning
    assert report is not None
    assert report.plan == ALL
    shown = [sample.rule for sample in report.samples]
    assert set(shown) == {*report.removed, *report.changed}
    assert max(map(shown.count, shown)) <= 3


def test_the_event_tells_removals_changes_and_finds(bench: Workbench, dataset: Dataset) -> None:
    made = clean(bench, dataset)
    told = bench.reports[-1].payload
    assert isinstance(told, Cleaning)
    assert made.cleaning is not None
    assert (told.num_before, told.num_after, told.removed) == (len(ROWS), made.num_examples, made.cleaning.removed)
    assert (told.changed["pii_redacted"], told.pii) == (1, {"email": 1})


def test_a_rule_that_takes_much_is_warned_of(bench: Workbench, dataset: Dataset) -> None:
    clean(bench, dataset, CleaningPlan(quality=QualityRules(min_characters=60)))
    seen = next(finding.seen for finding in bench.findings if finding.check == "no_greedy_rule")
    assert seen.startswith("More than 30% of 14 examples went by one rule: too_few_characters ")


def test_a_look_at_the_beginning_says_so(bench: Workbench, dataset: Dataset) -> None:
    context = bench.context
    means = Means(context.tables, context.similarity, context.base_models.locate)
    heard: list[int] = []
    source = bench.shelf.path(examples_path(dataset))
    report = sweep(source, bench.shelf.draft(), ALL, means, at_batch=heard.append, max_examples=9)
    assert (report.num_before, report.is_whole) == (9, False)
    assert report.removed == {"near_duplicate": 1}
    whole = sweep(source, bench.shelf.draft(), ALL, means, at_batch=heard.append, max_examples=len(ROWS))
    assert whole.is_whole


PIECES = st.sampled_from(
    ["a town", "ann@example.org", "&amp;", "\u200b", "x " * 9, "4111 1111 1111 1111", "ok", "Ü\u0308"]
)
TEXTS = st.lists(st.lists(PIECES, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=12)


@given(prompts=TEXTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_in_the_counts_add_up(bench: Workbench, prompts: list[str]) -> None:
    rows = [json.dumps({"prompt": f"ask {text}", "completion": f"say {text[::-1]}"}) for text in prompts]
    before = bench.import_dataset("any.jsonl", "\n".join(rows))
    context = bench.context
    means = Means(context.tables, context.similarity, context.base_models.locate)
    folder = bench.shelf.draft()
    report = sweep(bench.shelf.path(examples_path(before)), folder, ALL, means, at_batch=lambda _: None)
    assert report.num_before == before.num_examples == report.num_after + sum(report.removed.values())
    assert context.tables.outline(folder / "examples.parquet").num_rows == report.num_after
    assert context.tables.outline(folder / "removed.parquet").num_rows == sum(report.removed.values())
    assert context.tables.outline(folder / "pii.parquet").num_rows == sum(report.pii.values())

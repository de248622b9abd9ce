"""Near duplicates go, templates stay, and every one that goes is within the threshold of one that stays."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.near_duplicates import measure
from brewslm.adapters.text.similarity import MinHashSimilarity
from brewslm.core.artifacts.cleaning import CleaningPlan, NearDuplicateRule
from brewslm.core.data.example import Example, Message
from brewslm.core.similarity import likeness, shingles_of
from brewslm.stages.clean import CLEAN
from brewslm.stages.clean.contract import CleanInputs
from brewslm.stages.clean.near import Near, NearDuplicates
from brewslm.stages.clean.texts import parts_of
from tests.fakes.similarity import ExactSimilarity
from tests.unit.stages.workbench import Workbench

WORDS = [f"word{number}" for number in range(12)]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join), max_size=14)


def example(row: int, text: str, *, answer: str | None = None, label: str | None = None) -> Example:
    if answer is None:
        return Example(f"{row:016x}", "chat", text=text, label=label, source_row=row)
    messages = (Message("user", text), Message("assistant", answer))
    return Example(f"{row:016x}", "qa", messages=messages, label=label, source_row=row)


def fates(examples: list[Example], rule: NearDuplicateRule | None = None) -> list[Near | None]:
    finder = NearDuplicates(rule or NearDuplicateRule(), MinHashSimilarity())
    finder.add(examples)
    return [finder.judge(place, one) for place, one in enumerate(examples)]


def kept_rows(examples: list[Example], rule: NearDuplicateRule | None = None) -> list[int]:
    return [row for row, near in enumerate(fates(examples, rule)) if near is None or near.is_kept]


def test_planted_edits_are_found_and_templates_are_not() -> None:
    result = measure(NearDuplicateRule())
    assert result.precision >= 0.99
    assert result.recall["original"] == 0
    assert result.recall["template"] <= 0.05
    for edit in ("case", "punctuation", "reordered", "suffix", "typo"):
        assert result.recall[edit] >= 0.95, edit


def test_a_lower_threshold_finds_larger_edits() -> None:
    result = measure(NearDuplicateRule(threshold=0.7))
    assert result.recall["added sentence"] >= 0.9
    assert result.precision >= 0.97


@given(TEXTS, st.sampled_from([0.5, 0.7, 0.85]), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_each_that_goes_is_like_one_that_stays(texts: list[str], threshold: float, size: int) -> None:
    rule = NearDuplicateRule(threshold=threshold, shingle_words=size)
    examples = [example(row, text) for row, text in enumerate(texts)]
    found = fates(examples, rule)
    stays = {row for row, near in enumerate(found) if near is None or near.is_kept}
    for row, near in enumerate(found):
        if near is not None and not near.is_kept:
            assert near.kept.source_row in stays
            assert near.kept.source_row < row
            alike = likeness(
                [shingles_of(part, size) for part in parts_of(examples[row])],
                [shingles_of(part, size) for part in parts_of(examples[near.kept.source_row])],
            )
            assert near.likeness == alike >= threshold


def test_no_two_that_stay_are_alike_by_an_exact_index() -> None:
    draw = random.Random(5)
    bases = [draw.choices(WORDS * 9, k=30) for _ in range(12)]
    texts = [" ".join(base[: 30 - cut]) for base in bases for cut in (0, 1, 2, 12)]
    examples = [example(row, text) for row, text in enumerate(texts)]
    finder = NearDuplicates(NearDuplicateRule(threshold=0.8, shingle_words=1), ExactSimilarity())
    finder.add(examples)
    found = [finder.judge(place, one) for place, one in enumerate(examples)]
    stays = [shingles_of(texts[row]) for row, near in enumerate(found) if near is None or near.is_kept]
    alike = [likeness([one], [other]) for place, one in enumerate(stays) for other in stays[:place]]
    assert max(alike) < 0.8


def test_a_chain_does_not_pull_in_its_far_end() -> None:
    words = [f"w{number}" for number in range(30)]
    texts = [" ".join(words[shift : shift + 24]) for shift in (0, 2, 4)]
    rule = NearDuplicateRule(threshold=0.8, shingle_words=1)
    assert kept_rows([example(row, text) for row, text in enumerate(texts)], rule) == [0, 2]


def test_another_question_on_the_same_passage_stays() -> None:
    passage = " ".join(f"passage{number}" for number in range(200))
    rows = [
        example(0, f"{passage} Who built the mill?", answer="Monks built it."),
        example(1, f"{passage} When did it burn down?", answer="It burned in 1632."),
        example(2, f"{passage} Who built the mill ?", answer="monks built it"),
    ]
    assert kept_rows(rows) == [0, 1]


def test_texts_with_different_labels_are_not_merged() -> None:
    text = "the very same words about a lamp that does not light up any more"
    rows = [example(0, text, label="a"), example(1, text + " ok", label="b"), example(2, text + " so", label="a")]
    assert kept_rows(rows) == [0, 1]


def test_clusters_are_listed_counted_and_shown(bench: Workbench) -> None:
    long = "please tell me how to get the old lamp in the hall to light up again after the storm of last night"
    rows = [{"prompt": long + end, "completion": "change the fuse" + end} for end in ("", "!", " .", " now")]
    rows.append({"prompt": "something else altogether, on another day", "completion": "yes"})
    before = bench.import_dataset("data.jsonl", "\n".join(map(json.dumps, rows)))
    plan = CleaningPlan(exact_duplicates=False, near_duplicates=NearDuplicateRule(threshold=0.6))
    made = bench.run(CLEAN, CleanInputs(dataset_id=before.id, plan=plan))
    assert made.removed == {"near_duplicate": 3}
    members = bench.rows(made, "clusters.parquet")
    assert [(one["cluster"], one["source_row"], one["is_kept"]) for one in members] == [
        (0, 0, True),
        (0, 1, False),
        (0, 2, False),
        (0, 3, False),
    ]
    removed = bench.rows(made, "removed.parquet")
    assert {(one["rule"], one["kept_row"], one["limit"]) for one in removed} == {("near_duplicate", 0, 0.6)}
    assert [one["measured"] for one in removed] == [one["likeness"] for one in members[1:]]
    assert made.cleaning is not None
    (shown,) = made.cleaning.clusters
    assert (made.cleaning.num_clusters, shown.kept_row, shown.removed_rows) == (1, 0, (1, 2, 3))
    assert [path for path in made.files if "waiting" in path.path] == []


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["?!", "?!", "a"]])
def test_empty_texts_are_no_trouble(texts: list[str]) -> None:
    assert len(fates([example(row, text) for row, text in enumerate(texts)])) == len(texts)

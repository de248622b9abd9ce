"""Rules from a file and from options make one plan; what is wrong in either is told in one line."""

from pathlib import Path

import pytest

from brewslm.cli.cleaning_options import SAFE_NORMALISATION, plan_from
from brewslm.core.artifacts.cleaning import NORMALISATION_RULES, ChunkRule, CleaningPlan
from brewslm.core.errors import InvalidRequestError


def rules(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_options_only_exact_duplicates_go() -> None:
    assert plan_from(None) == CleaningPlan()
    assert set(SAFE_NORMALISATION) < set(NORMALISATION_RULES)


def test_every_option_has_its_place_in_the_plan() -> None:
    plan = plan_from(
        None,
        pii="redact",
        near_duplicates=0.9,
        keeps_duplicates=True,
        languages=["en", "de"],
        min_length=3,
        max_length=900,
        normalises=True,
        chunk_tokens=128,
        overlap=16,
        base_model="tiny",
    )
    assert plan.pii.policy == "redact"
    assert plan.near_duplicates is not None
    assert plan.near_duplicates.threshold == 0.9
    assert not plan.exact_duplicates
    assert (plan.quality.languages, plan.quality.min_characters, plan.quality.max_characters) == (("en", "de"), 3, 900)
    assert plan.normalise == SAFE_NORMALISATION
    assert plan.chunks == ChunkRule(size=128, overlap=16, base_model="tiny")


def test_an_option_wins_over_the_file_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    path = rules(tmp_path, "pii: {policy: warn, kinds: [email]}\nnormalise: [mojibake]\nquality: {min_words: 2}\n")
    plan = plan_from(path, pii="block", normalises=True, min_length=5)
    assert (plan.pii.policy, plan.pii.kinds) == ("block", ("email",))
    assert plan.normalise == ("mojibake", *SAFE_NORMALISATION)
    assert (plan.quality.min_words, plan.quality.min_characters) == (2, 5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pii: {policy: erase}\nqualty: {}\n", r"pii\.policy='erase'.*qualty"),
        ("- a\n- b\n", "no mapping"),
        ("", "no mapping"),
        ("a: [\n", "no YAML"),
        ("1: 2\n", "no mapping"),
        ("pii: redact\n", "pii"),
        ("!!python/object/apply:os.getcwd []\n", "no YAML"),
        ("near_duplicates: {threshold: .nan}\n", "threshold"),
        ("x: " + "[" * 1200 + "\n", "no YAML"),
    ],
)
def test_rules_that_are_none_are_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told) as refused:
        plan_from(rules(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_an_option_cannot_be_laid_over_what_is_no_mapping(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="no mapping"):
        plan_from(rules(tmp_path, "pii: redact\n"), pii="warn")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"absent\.yaml"):
        plan_from(tmp_path / "absent.yaml")
    large = rules(tmp_path, "x: " + "a" * 1_000_001)
    with pytest.raises(InvalidRequestError, match="1 MB"):
        plan_from(large)

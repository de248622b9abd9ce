"""The taxonomy of reasons is closed, documented, grammatical, and exactly what the code emits."""

from pathlib import Path

import pytest

from brewslm.core.events.notices import BELL_ONLY, NOTICES, SILENT
from brewslm.core.events.payloads import PAYLOADS
from brewslm.core.events.reasons import TAXONOMY, Reason
from tests.architecture.reason_lint import Row, documentation_problems, emission_problems, grammar_problems
from tests.architecture.tree import PACKAGE, copy_source

ROWS = {str(reason): Row(row.stage, row.severity, row.meaning, row.next_step) for reason, row in TAXONOMY.items()}
MEMBERS = {reason.name: str(reason) for reason in Reason}
GOOD = Row("training", "info", "Training has ended.", "Evaluate it.")


def test_every_reason_has_a_row_and_a_payload() -> None:
    assert set(TAXONOMY) == set(Reason)
    assert set(PAYLOADS) == set(Reason)


def test_names_and_values_agree() -> None:
    assert {reason.name.lower() for reason in Reason} == {str(reason) for reason in Reason}


def test_every_reason_keeps_the_grammar() -> None:
    assert grammar_problems(ROWS) == []


def test_every_reason_has_a_meaning_and_a_next_step() -> None:
    assert documentation_problems(ROWS) == []


def test_it_is_decided_of_every_reason_whether_people_are_told() -> None:
    told, silent = set(NOTICES), set(SILENT)
    grave = {reason for reason, row in TAXONOMY.items() if row.severity != "info"}
    assert grave <= told | silent, "give each a row in NOTICES or SILENT of core/events/notices.py"
    assert not told & silent
    assert told >= BELL_ONLY


def test_the_code_emits_exactly_the_taxonomy() -> None:
    assert emission_problems(PACKAGE, MEMBERS) == []


@pytest.mark.parametrize(
    ("reason", "row"),
    [
        ("Training", GOOD),
        ("training-oom", Row("training", "error", GOOD.meaning, GOOD.next_step)),
        ("evaluation_oom", Row("training", "error", GOOD.meaning, GOOD.next_step)),
        ("training", Row("training", "error", GOOD.meaning, GOOD.next_step)),
        ("training_oom", GOOD),
    ],
)
def test_a_reason_against_the_grammar_is_caught(reason: str, row: Row) -> None:
    assert len(grammar_problems({reason: row})) == 1


@pytest.mark.parametrize("row", [Row("training", "info", "", "Go on."), Row("training", "info", "It ended.", "go")])
def test_a_reason_without_documentation_is_caught(row: Row) -> None:
    assert len(documentation_problems({"training": row})) == 1


@pytest.mark.parametrize(
    "line",
    [
        "x = Reason.TRAINING_ATE_THE_DOG",
        "x = Reason('training_ate_the_dog')",
        "f(reason='training_ate_the_dog')",
    ],
)
def test_a_reason_that_is_not_in_the_taxonomy_is_caught(tmp_path: Path, line: str) -> None:
    package = copy_source(tmp_path) / "src" / "brewslm"
    (package / "services" / "sneak.py").write_text(line + "\n")
    problems = [problem for problem in emission_problems(package, MEMBERS) if "not in the taxonomy" in problem]
    assert len(problems) == 1
    assert problems[0].startswith("services/sneak.py:1: ")


def test_a_reason_that_nothing_emits_is_caught() -> None:
    members = {**MEMBERS, "TRAINING_FORGOTTEN": "training_forgotten"}
    assert "training_forgotten: is never emitted" in emission_problems(PACKAGE, members)

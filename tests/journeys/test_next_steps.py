"""What a page of the data half says to do next can be done."""

import json
from pathlib import Path

import pytest

from tests.journeys.brew import Inside


@pytest.fixture
def project(inside: Inside) -> Inside:
    inside.run("project", "create", "--name", "one")
    return inside


def test_an_uncertain_reading_offers_dry_runs_that_decide(project: Inside, tmp_path: Path) -> None:
    rows = [{name: f"Lamp {n} of house {name} is {n} metres long." for name in "vwxyz"} for n in range(60)]
    file = tmp_path / "tickets.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    project.run("ingest", "--project", "1", str(file))
    page = project.run("introspect", "--project", "1").stdout
    offered = [line.split("  ")[1] for line in page.splitlines() if " map --dry-run " in line and "--as" in line]
    assert offered, page
    for command in offered:
        project.run(*command.split()[1:])


def test_documents_are_cut_by_the_tokens_of_the_projects_base_model(project: Inside, tmp_path: Path) -> None:
    file = tmp_path / "guide.md"
    file.write_text("\n\n".join(f"Paragraph {n} says what the lamp does." for n in range(80)), encoding="utf-8")
    project.run("dataset", "import", "--project", "1", str(file))
    page = project.run("clean", "--project", "1", "--preview", "--chunk-tokens", "64").stdout
    assert "1 documents became" in page


def test_rows_that_fit_are_not_counted_as_the_table(project: Inside) -> None:
    project.run("dataset", "import", "--project", "1", "--sample", "general-chat-v1")
    dataset = project.ask("artifacts", "list", "--project", "1", "--kind", "dataset")[0]["id"]
    page = project.run("artifacts", "rows", dataset, "examples", "--where", "source_row=7").stdout
    assert "examples 0 of those that fit" in page
    assert "1 that fit are shown; the table has" in page
    none = project.run("artifacts", "rows", dataset, "examples", "--where", "source_row=999999").stdout
    assert "No row of 'examples" in none


def test_a_likeness_beyond_one_names_its_option(project: Inside) -> None:
    line = project.run_any("clean", "--project", "1", "--near-duplicates", "3").stderr
    assert "'--near-duplicates'" in line


def test_where_a_person_is_to_look_first_only_that_is_next(project: Inside, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"prompt": "How long is it?", "completion": "Two metres."}), encoding="utf-8")
    project.run("gates", "set", "1", "ingest", "human")
    page = project.run("ingest", "--project", "1", str(file)).stdout
    _, _, offered = page.partition("\nNext\n")
    (command,) = [line.strip().split("  ")[0] for line in offered.splitlines() if line.strip()]
    job = command.split()[-1]
    assert "Gates" in project.run("jobs", "show", job).stdout
    project.run(*command.split()[1:])
    project.run("introspect", "--project", "1")

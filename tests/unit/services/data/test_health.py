"""Data health: every trouble is seen, told with its numbers and its place, and nothing is said of healthy data."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.core.artifacts.manifest import LeakPolicy
from brewslm.core.artifacts.schema import Schema
from brewslm.core.errors import NotFoundError
from brewslm.services.data import scan
from brewslm.services.data.checks import HealthCheck
from brewslm.services.data.health import Health, HealthReport
from brewslm.stages.ingest.contract import IngestInputs
from brewslm.stages.introspect.contract import IntrospectInputs
from brewslm.stages.mapping.contract import MapCommitInputs, MapDryRunInputs
from brewslm.stages.prepare.contract import PrepareInputs
from tests.unit.scene import Scene

Report = Callable[[Sequence[Any]], HealthReport]


@pytest.fixture
def report(scene: Scene, tmp_path: Path) -> Report:
    """Imports lines (objects, or raw text), and looks."""

    def look(lines: Sequence[Any]) -> HealthReport:
        source = tmp_path / "rows.jsonl"
        source.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        snapshot = scene.run_stage("ingest", IngestInputs(locator=str(source))).artifact_id
        assert snapshot
        schema = scene.run_stage("introspect", IntrospectInputs(snapshot_id=snapshot)).artifact_id
        assert schema
        shape = scene.shelf.read(Schema, schema).hypotheses[0].shape
        tried = MapDryRunInputs(snapshot_id=snapshot, schema_id=schema, as_shape=shape)
        mapping = scene.run_stage("map_dry_run", tried).artifact_id
        assert mapping
        scene.run_stage("map_commit", MapCommitInputs(snapshot_id=snapshot, mapping_id=mapping, min_coverage=0.0))
        return Health(scene.ports, scene.projects).report(scene.project.id)

    return look


def _qa(number: int) -> dict[str, str]:
    return {"question": f"What is the number {number}?", "answer": f"It is the number {number}."}


def _labelled(number: int, label: str) -> dict[str, str]:
    return {"text": f"Please look at case {number} of mine", "label": label}


def _check(report: HealthReport, name: str) -> HealthCheck:
    return next(check for check in report.checks if check.check == name)


def test_without_a_dataset_there_is_nothing_to_look_at(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="no dataset yet; make one with"):
        Health(scene.ports, scene.projects).report(scene.project.id)


def test_healthy_data_is_well_and_says_what_is_not_known_yet(report: Report) -> None:
    found = report([_qa(number) for number in range(60)])
    assert found.level == "unknown"
    assert {check.check for check in found.checks if check.level != "ok"} == {"leaks", "empty_masks"}
    assert all(check.command for check in found.checks if check.level != "ok")
    assert found.num_scanned == found.num_examples == 60


def test_lines_that_cannot_be_read_are_counted_and_linked(report: Report) -> None:
    found = _check(report([*(_qa(number) for number in range(48)), "{broken", "[1]"]), "parse_failures")
    assert (found.level, found.seen) == ("warn", "2 of 50 records (4.00%) cannot be read.")
    assert found.rows is not None
    assert found.rows.table == "rejections"
    assert "--reason malformed_record" in found.command


@pytest.mark.parametrize(("num_bad", "level"), [(0, "ok"), (2, "warn"), (9, "block")])
def test_rejected_rows_warn_and_block_as_the_gate_does(report: Report, num_bad: int, level: str) -> None:
    rows = [_qa(number) for number in range(100 - num_bad)]
    rows += [{"question": f"What is {number}?", "answer": ""} for number in range(num_bad)]
    found = _check(report(rows), "rejected_rows")
    assert found.level == level
    assert (
        num_bad == 0 or found.seen == f"{num_bad} of 100 rows ({num_bad}.00%) were rejected, most for empty_completion."
    )


def test_examples_said_twice_are_counted_whatever_their_case_and_spaces(report: Report) -> None:
    rows = [_qa(number) for number in range(40)]
    twice = {"question": "what is the number 3?", "answer": "It  is the number 3."}
    found = _check(report([*rows, twice, _qa(7)]), "duplicates")
    assert (found.level, found.is_estimated) == ("warn", False)
    assert found.seen.startswith("2 of 42 examples (4.76%)")
    assert "--preview" in found.command


def test_a_text_with_two_labels_is_seen(report: Report) -> None:
    rows = [_labelled(number, "refund" if number % 2 else "delivery") for number in range(40)]
    healthy, ill = report(rows), report([*rows, _labelled(3, "delivery")])
    assert _check(healthy, "label_conflicts").level == "ok"
    assert _check(ill, "label_conflicts").level == "warn"
    assert _check(ill, "label_conflicts").seen.startswith("1 examples give a text another label")


def test_labels_that_are_rare_or_uneven_are_seen(report: Report) -> None:
    even = report([_labelled(number, "refund" if number % 2 else "delivery") for number in range(40)])
    assert _check(even, "label_balance").level == "ok"
    uneven = _check(
        report([_labelled(number, "delivery" if number else "refund") for number in range(60)]), "label_balance"
    )
    assert uneven.level == "warn"
    assert "from 59 ('delivery') to 1 ('refund')" in uneven.seen
    assert "1 have fewer than 5" in uneven.seen


def test_one_example_that_is_far_longer_than_the_rest_is_seen(report: Report) -> None:
    rows = [_qa(number) for number in range(40)]
    assert _check(report(rows), "lengths").level == "ok"
    long = {"question": "And this?", "answer": "much more " * 200}
    assert _check(report([*rows, long]), "lengths").level == "warn"


def test_personal_data_is_counted_by_kind_with_a_fix(report: Report) -> None:
    rows = [_qa(number) for number in range(40)]
    assert _check(report(rows), "personal_data").level == "ok"
    private = {"question": "Who do I write to?", "answer": "Write to jane.doe@example.org, please."}
    found = _check(report([*rows, private]), "personal_data")
    assert (found.level, found.is_estimated) == ("warn", False)
    assert found.seen == "1 of 41 examples looked at hold some: email in 1."
    assert "--pii redact" in found.command


def test_a_second_language_is_seen(report: Report) -> None:
    rows = [_qa(number) for number in range(40)]
    assert _check(report(rows), "language_mix").level == "ok"
    german = [
        {"question": f"Wie viele Äpfel liegen heute in Korb {n}?", "answer": f"Es sind genau {n}, so wie gestern auch."}
        for n in range(20)
    ]
    found = _check(report([*rows, *german]), "language_mix")
    assert found.level == "warn"
    assert "en 67%, de 33%" in found.seen
    assert "--language en" in found.command


def test_overlap_between_splits_is_told_and_linked(report: Report, scene: Scene) -> None:
    rows = [_qa(number) for number in range(60)]
    rows += [{**_qa(number), "answer": f"Said otherwise, {number}."} for number in range(60)]
    dataset_id = report(rows).dataset_id
    ports = scene.ports_with(base_models=LocalBaseModels(is_offline=True))

    def leaks(policy: LeakPolicy) -> HealthCheck:
        wanted = PrepareInputs(dataset_id=dataset_id, base_model="brewslm-tiny-v1", leak_policy=policy)
        assert scene.runner(ports=ports).run(scene.queue("prepare", wanted).id).artifact_id
        return _check(Health(scene.ports, scene.projects).report(scene.project.id), "leaks")

    assert leaks("move").level == "ok"
    assert "pairs overlap" in leaks("move").seen
    assert leaks("report").level == "warn"
    assert leaks("report").rows is not None


def test_of_many_examples_a_part_is_looked_at_and_said_to_be_one(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "MAX_SCANNED", 40)
    found = report([_qa(number % 50) for number in range(100)])
    assert (found.num_scanned, found.num_examples) == (40, 100)
    assert _check(found, "duplicates").is_estimated
    assert _check(found, "lengths").is_estimated
    assert not _check(found, "parse_failures").is_estimated

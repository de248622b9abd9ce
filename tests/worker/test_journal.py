"""The journal is strictly valid, and survives a kill in the middle of a line."""

import json
from pathlib import Path

import pytest

from brewslm.core.wire.progress import NoticeRecord
from brewslm.worker.journal import Journal, split_non_finite


def note(journal: Journal, message: str) -> None:
    journal.append(NoticeRecord(**journal.stamp(), message=message))


def lines(path: Path) -> list[tuple[int, int, str]]:
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [(record["seq"], record["attempt"], record["message"]) for record in found]


def test_numbers_go_on_over_attempts(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    note(Journal(path, attempt=1), "a")
    second = Journal(path, attempt=2)
    note(second, "b")
    note(second, "c")
    assert lines(path) == [(1, 1, "a"), (2, 2, "b"), (3, 2, "c")]


@pytest.mark.parametrize("torn", ['{"seq": 2, "time"', '{"seq":2}', "\x00\x00\x00", "x" * 70_000])
def test_a_torn_line_is_cut_off(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "log.jsonl"
    note(Journal(path, attempt=1), "a")
    with path.open("a") as file:
        file.write(torn)
    note(Journal(path, attempt=2), "b")
    assert lines(path) == [(1, 1, "a"), (2, 2, "b")]


def test_a_file_that_holds_only_a_torn_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"seq": 1')
    note(Journal(path, attempt=2), "b")
    assert lines(path) == [(1, 2, "b")]


def test_numbers_are_found_behind_a_very_long_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    first = Journal(path, attempt=1)
    note(first, "a")
    note(first, "b" * 200_000)
    note(Journal(path, attempt=2), "c")
    assert [seq for seq, _, _ in lines(path)] == [1, 2, 3]


def test_numbers_that_are_not_finite_are_named() -> None:
    values = {"a": float("nan"), "b": float("inf"), "c": float("-inf"), "d": 1.0, "e": None}
    assert split_non_finite(values) == (
        {"a": None, "b": None, "c": None, "d": 1.0, "e": None},
        {"a": "nan", "b": "inf", "c": "-inf"},
    )

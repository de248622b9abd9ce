"""Files and folders stay small: a smoke alarm, whose list of exceptions may only shrink."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, ROOT, python_files

MAX_LINES = 400
MAX_TEST_LINES = 500
MAX_FILES_IN_A_ROOM = 16
LISTS = {"commands", "routes", "versions"}
"""Folders that are lists of equal things, and may be as long as there are things."""

TOO_LONG: dict[str, int] = {}
"""Path to the length that it may keep until it is split. Lower a number or delete a line; never add one."""
MAX_TOO_LONG = 0
"""How many exceptions there may be. Lower it with the list."""


def num_lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def too_long(paths: list[Path], limit: int) -> list[str]:
    lengths = {str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path): path for path in paths}
    return [
        f"{name} has {num_lines(path)} lines, {TOO_LONG.get(name, limit)} are allowed"
        for name, path in lengths.items()
        if num_lines(path) > TOO_LONG.get(name, limit)
    ]


def test_source_files_are_short() -> None:
    assert not too_long(python_files("src", "tools", "benchmarks"), MAX_LINES)


def test_test_files_are_short() -> None:
    assert not too_long(python_files("tests"), MAX_TEST_LINES)


def test_exceptions_only_shrink() -> None:
    assert len(TOO_LONG) <= MAX_TOO_LONG
    for name, allowed in TOO_LONG.items():
        assert num_lines(ROOT / name) == allowed, f"{name}: lower its number in TOO_LONG, or delete its line"


def test_rooms_hold_few_files() -> None:
    files = Counter(path.parent for path in PACKAGE.rglob("*.py") if path.parent.name not in LISTS)
    crowded = {str(room.relative_to(ROOT)): number for room, number in files.items() if number > MAX_FILES_IN_A_ROOM}
    assert not crowded, "a room this full wants to be two rooms"


@pytest.mark.parametrize(("num", "is_caught"), [(MAX_LINES, False), (MAX_LINES + 1, True)])
def test_the_alarm_rings_at_the_limit(tmp_path: Path, num: int, is_caught: bool) -> None:
    file = tmp_path / "long.py"
    file.write_text("\n" * num)
    assert bool(too_long([file], MAX_LINES)) is is_caught


def test_functions_are_short_and_simple(tmp_path: Path) -> None:
    """Ruff holds the limits for functions; this proves that its settings do."""
    statements = "\n".join(f"    x = {n}" for n in range(51))
    branches = "\n".join(f"    if x == {n}:\n        x += 1" for n in range(11))
    file = tmp_path / "long.py"
    file.write_text(
        f'"""Long."""\n\n\ndef many() -> None:\n    """Do much."""\n{statements}\n\n\n'
        f'def branchy(x: int) -> int:\n    """Choose."""\n{branches}\n    return x\n'
    )
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml", "--no-cache", file],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert "PLR0915" in found
    assert "C901" in found

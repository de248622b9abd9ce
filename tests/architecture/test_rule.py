"""The walls of the house stand, and each of them catches the import that it is there to catch."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, ROOT, copy_source, python_files, run_python

CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


@dataclass(frozen=True)
class Violation:
    """Files that break one contract, and what the report must name."""

    contract: str
    files: dict[str, str]
    named: str


VIOLATIONS = {
    "core looks up": Violation(
        "floors", {"core/sneak.py": "import brewslm.lifecycle"}, "brewslm.core.sneak -> brewslm.lifecycle"
    ),
    "one face imports the other": Violation(
        "floors", {"api/sneak.py": "import brewslm.cli"}, "brewslm.api.sneak -> brewslm.cli"
    ),
    "serving imports worker": Violation(
        "floors", {"serving/sneak.py": "import brewslm.worker"}, "brewslm.serving.sneak -> brewslm.worker"
    ),
    "services import adapters": Violation(
        "floors", {"services/sneak.py": "import brewslm.adapters"}, "brewslm.services.sneak -> brewslm.adapters"
    ),
    "a room without a place": Violation("floors", {"attic/__init__.py": ""}, "brewslm.attic"),
    "a file without a place": Violation("floors", {"helpers.py": ""}, "brewslm.helpers"),
    "a stage opens into another": Violation(
        "stages-apart", {"stages/ingest/sneak.py": "import brewslm.stages.clean"}, "brewslm.stages.ingest.sneak"
    ),
    "the worker knows a stage": Violation(
        "workers-know-core", {"worker/sneak.py": "import brewslm.stages.train"}, "brewslm.worker.sneak"
    ),
    "serving knows a service": Violation(
        "workers-know-core", {"serving/sneak.py": "import brewslm.services"}, "brewslm.serving.sneak"
    ),
    "an adapter knows a stage": Violation(
        "adapters-know-core", {"adapters/sneak.py": "import brewslm.stages"}, "brewslm.adapters.sneak"
    ),
    "a face plugs in an adapter": Violation(
        "bootstrap-plugs", {"cli/sneak.py": "import brewslm.adapters.sql"}, "brewslm.cli.sneak"
    ),
    "core uses torch in a function": Violation(
        "no-framework", {"core/sneak.py": "def late():\n    import torch.nn"}, "brewslm.core.sneak -> torch (l.2)"
    ),
    "core uses a framework for types only": Violation(
        "no-framework",
        {"core/sneak.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import rich"},
        "brewslm.core.sneak -> rich",
    ),
    "a service reaches a framework through others": Violation(
        "no-framework",
        {"services/sneak.py": "import brewslm.cli.sneak", "cli/sneak.py": "import typer"},
        "brewslm.services.sneak -> brewslm.cli.sneak",
    ),
    "SQL outside its home": Violation(
        "sql-home", {"adapters/sneak.py": "import sqlite3"}, "brewslm.adapters.sneak -> sqlite3"
    ),
    "SQLAlchemy outside its home": Violation(
        "sql-home", {"bootstrap/sneak.py": "from sqlalchemy import orm"}, "brewslm.bootstrap.sneak -> sqlalchemy"
    ),
    "Ray outside its file": Violation(
        "ray-file", {"adapters/engines/sneak.py": "import ray"}, "brewslm.adapters.engines.sneak -> ray"
    ),
    "torch outside its rooms": Violation(
        "torch-rooms", {"cli/sneak.py": "import transformers"}, "brewslm.cli.sneak -> transformers"
    ),
    "HTTP outside its rooms": Violation(
        "http-rooms", {"bootstrap/sneak.py": "import fastapi"}, "brewslm.bootstrap.sneak -> fastapi"
    ),
    "the terminal outside its room": Violation(
        "terminal-room", {"worker/sneak.py": "from rich import print"}, "brewslm.worker.sneak -> rich"
    ),
    "a cycle deep inside a room": Violation(
        "no-cycles",
        {
            "core/recipe/sneak_one.py": "import brewslm.core.recipe.sneak_two",
            "core/recipe/sneak_two.py": "import brewslm.core.recipe.sneak_one",
        },
        "sneak_two",
    ),
}


def lint(root: Path) -> tuple[set[str], str]:
    """Return the names of the broken contracts, and the report."""
    result = run_python(
        "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-logo", "--no-cache", root=root
    )
    assert "Contracts:" in result.stdout, result.stdout + result.stderr
    broken = {line[1] for line in re.finditer(r"^(.+?) *BROKEN(?: \(.*\))?$", result.stdout, re.MULTILINE)}
    assert (result.returncode == 0) == (not broken)
    return broken, result.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source that the tests of this file share; each takes its files away again."""
    return copy_source(tmp_path_factory.mktemp("house"))


@pytest.fixture
def violation(request: pytest.FixtureRequest, house: Path) -> Iterator[Violation]:
    violation: Violation = request.param
    paths = [house / "src" / "brewslm" / name for name in violation.files]
    for path, text in zip(paths, violation.files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    yield violation
    for path in paths:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def test_every_wall_stands() -> None:
    broken, report = lint(ROOT)
    assert not broken, report


def test_every_contract_has_a_violation_that_it_catches() -> None:
    assert {violation.contract for violation in VIOLATIONS.values()} == set(CONTRACTS)


def test_no_contract_has_an_exception() -> None:
    """An ignored import may only be a home's own: from the room that the contract gives the library to."""
    homes = {
        "sql-home": ("brewslm.adapters.sql",),
        "ray-file": ("brewslm.adapters.engines.ray",),
        "torch-rooms": ("brewslm.serving", "brewslm.worker"),
        "http-rooms": ("brewslm.api", "brewslm.serving"),
        "terminal-room": ("brewslm.cli",),
    }
    for name, contract in CONTRACTS.items():
        for line in contract.get("ignore_imports", []):
            importer = line.split(" -> ")[0].removesuffix(".**")
            assert importer in homes.get(name, ()), f"{name} ignores {line}"


def test_nobody_climbs_over_a_wall_by_importing_through_a_string() -> None:
    """A linter does not see `import_module`; the one use of it chooses between two SQLites, at home."""
    climbers = {
        path.relative_to(PACKAGE).as_posix()
        for path in python_files("src")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__"))
    }
    assert climbers <= {"adapters/sql/sqlite/driver.py"}


@pytest.mark.parametrize("violation", VIOLATIONS.values(), ids=list(VIOLATIONS), indirect=True)
def test_a_wall_catches(violation: Violation, house: Path) -> None:
    broken, report = lint(house)
    assert CONTRACTS[violation.contract]["name"] in broken, report
    assert violation.named in report

"""What a linter cannot see: which libraries a fresh process really loads."""

import json
import time
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, run_python

HEAVY = {"torch", "transformers", "peft", "ray", "pandas", "accelerate", "scipy", "sklearn"}
HELP = """
import sys
sys.argv = ["brewslm", "--help"]
from brewslm.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
TELL = """
import json, sys
print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_by(code: str) -> set[str]:
    """Run code in a fresh interpreter; return the top-level modules that it has loaded at its end."""
    result = run_python("-c", code + TELL)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


def imports_of(*rooms: str) -> str:
    """Return the code that imports every module of the rooms."""
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        for room in rooms
        for path in sorted((PACKAGE / room).rglob("*.py"))
        if path.stem != "__main__" and "migrations" not in path.parts
    ]
    return "\n".join(f"import {name}" for name in names) + "\n"


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_by(HELP)
    assert not loaded & (HEAVY | {"fastapi", "sqlalchemy", "pyarrow", "numpy", "tokenizers", "huggingface_hub"})


def test_the_api_and_all_that_it_may_use_load_nothing_heavy() -> None:
    code = imports_of("core", "stages", "services", "adapters", "bootstrap", "api") + "import brewslm.api.app\n"
    assert not loaded_by(code) & HEAVY


def test_the_command_line_with_all_its_commands_loads_nothing_heavy() -> None:
    assert not loaded_by(imports_of("cli", "sdk")) & HEAVY


def test_the_worker_loads_no_server_and_no_database() -> None:
    loaded = loaded_by(imports_of("worker"))
    assert not loaded & {"fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "sqlite3", "pysqlite3", "typer"}
    assert "torch" in loaded, "the worker is where torch lives"


def test_the_shim_loads_the_standard_library_only() -> None:
    code = (PACKAGE / "adapters" / "engines" / "shim.py").read_text(encoding="utf-8")
    assert "brewslm" not in {
        line.split()[1].partition(".")[0] for line in code.splitlines() if line.startswith(("import ", "from "))
    }


@pytest.mark.parametrize("library", ["torch", "pandas"])
def test_a_heavy_import_would_be_seen(tmp_path: Path, library: str) -> None:
    (tmp_path / f"{library}.py").write_text("")  # stands for the library, which need not be installed
    assert library in loaded_by(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport {library}\n") & HEAVY


@pytest.mark.bench
def test_help_is_quick() -> None:
    """Print how long help takes beside a bare interpreter; best of five, limit 0.3 s."""

    def best_of_five(code: str) -> float:
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            assert run_python("-c", code).returncode == 0
            times.append(time.perf_counter() - begin)
        return min(times)

    bare, full = best_of_five("pass"), best_of_five(HELP)
    print(f"\nbrewslm --help: {full:.3f} s; bare interpreter: {bare:.3f} s; ratio {full / bare:.1f}")
    assert full < 0.3

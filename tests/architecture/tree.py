"""The repository as the architecture tests see it, and copies of it in which something is wrong."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "brewslm"


def python_files(*folders: str, root: Path = ROOT) -> list[Path]:
    """List the Python files under the folders, sorted; a folder that does not exist holds none."""
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


def copy_source(to: Path) -> Path:
    """Copy pyproject.toml and the Python files of src, so that a test may break them; returns the new root."""
    shutil.copy2(ROOT / "pyproject.toml", to / "pyproject.toml")
    shutil.copytree(SOURCE, to / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "bundled"))
    return to


def run_python(*words: str, root: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter on the source tree of `root`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "BREWSLM_"))}
    return subprocess.run(
        [sys.executable, *words],
        env={**kept, "PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@cache
def imported_names(path: Path) -> tuple[tuple[str, int], ...]:
    """Return the first part of each absolute import of a file, with its line; also of imports by a name in quotes."""
    return tuple(_imported_names(ast.parse(path.read_text(encoding="utf-8"))))


def _imported_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], node.lineno
        elif isinstance(node, ast.Call) and _last_name(node.func) in {"import_module", "__import__"}:
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant):
                    yield str(argument.value).partition(".")[0], node.lineno


def _last_name(function: ast.expr) -> str:
    """Return what a call's function is called, without what it belongs to."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""

"""Every dependency has its reason, an exact version, and a user."""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, ROOT, imported_names, python_files

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
DISTRIBUTIONS = {
    "huggingface_hub": "huggingface-hub",
    "yaml": "pyyaml",
    "backports": "backports-zstd",
    "PIL": "pillow",
    "pynvml": "nvidia-ml-py",
}
"""Name of a module to its distribution, where they differ."""
ON_DEMAND = {"ray", "presidio-analyzer", "sacrebleu"}
"""Of extras; imported in one function each, which says which extra to install where they are missing."""
INSTEAD = {"llama-cpp"}
"""Packages that serve where they are installed in place of a declared one."""
HEAVY_ROOMS = ("worker", "serving")
"""Rooms that run in processes of their own, with the extra `train` or `serve`."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    matched = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert matched
    return canonical(matched[0])


def declared() -> dict[str, set[str]]:
    """Return the direct dependencies by section of docs/dependencies.md."""
    sections = {"core": {name_of(line) for line in PROJECT["dependencies"]}}
    for extra, lines in PROJECT["optional-dependencies"].items():
        sections[extra] = {name_of(line) for line in lines} - {PROJECT["name"]}
    npm = json.loads((ROOT / "studio" / "package.json").read_text(encoding="utf-8"))
    sections["studio"] = {*npm["dependencies"], *npm["devDependencies"]}
    sections["build"] = {name_of(line) for line in PYPROJECT["build-system"]["requires"]}
    return {section: names for section, names in sections.items() if names}


def documented() -> dict[str, set[str]]:
    """Return the rows of docs/dependencies.md by section."""
    sections: dict[str, set[str]] = {}
    section = ""
    for line in (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").splitlines():
        heading = re.match(
            r"## (?:Extra `(?P<extra>\w+)`|(?P<core>Core)|(?P<build>To build)|The (?P<studio>Studio))", line
        )
        if line == "## Licences":  # its table is of reasons for licences
            break
        row = re.match(r"\| ([\w.@/, -]+) \| (.+) \| (.+) \|$", line)
        if heading:
            section = heading["extra"] or ("core" if heading["core"] else "studio" if heading["studio"] else "build")
            sections[section] = set()
        elif row and row[1] != "package":
            assert row[2].strip(), f"{row[1]} has no use"
            assert row[3].strip(), f"{row[1]} has no reason"
            names = row[1].split(", ")
            sections[section] |= {*names} if section == "studio" else {canonical(name) for name in names}
    return sections


def exact() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pin) == 2 for pin in pins), "only NAME==VERSION may stand there"
    return {canonical(name): version for name, version in pins}


def test_every_dependency_has_a_reason_and_every_reason_a_dependency() -> None:
    assert documented() == declared()


def test_every_dependency_has_an_exact_version_without_a_local_label() -> None:
    pins = exact()
    missing = {name for section, names in declared().items() for name in names if section != "studio"} - set(pins)
    assert not missing
    assert not {name: version for name, version in pins.items() if "+" in version}
    assert pins["torch"] == "2.13.0"


def test_the_build_backend_is_the_pinned_one() -> None:
    assert PYPROJECT["build-system"]["requires"] == [f"setuptools=={exact()['setuptools']}"]


def test_the_core_is_light() -> None:
    assert not declared()["core"] & {"torch", "transformers", "peft", "ray", "pandas", "scipy", "scikit-learn"}


def third_party(paths: list[Path]) -> dict[str, str]:
    """Map each distribution that the files import to one place that does."""
    found = {}
    for path in paths:
        for name, line in imported_names(path):
            if name not in sys.stdlib_module_names and name not in {"brewslm", "launcher"}:
                found[canonical(DISTRIBUTIONS.get(name, name))] = f"{path.relative_to(ROOT)}:{line}"
    return found


def test_every_room_imports_only_what_is_declared_for_it() -> None:
    files = python_files("src")
    heavy = [path for path in files if path.relative_to(PACKAGE).parts[0] in HEAVY_ROOMS]
    light = [path for path in files if path not in heavy]
    sections = declared()
    allowed = sections["core"] | {"starlette", "click"}  # the ground that FastAPI and Typer stand on

    extras = ON_DEMAND | sections["kaggle"] | sections["documents"] | sections["tensorboard"] | sections["postgres"]
    undeclared = {name: place for name, place in third_party(light).items() if name not in allowed | extras}
    assert not undeclared
    heavier = allowed | sections["train"] | sections["gguf"] | INSTEAD
    undeclared = {name: place for name, place in third_party(heavy).items() if name not in heavier}
    assert not undeclared


def test_every_core_dependency_is_used() -> None:
    unused = declared()["core"] - set(third_party(python_files("src")))
    assert not unused


def test_the_launcher_needs_the_standard_library_only() -> None:
    assert third_party([ROOT / "tools" / "launch.py", *python_files("tools/launcher")]) == {}


@pytest.mark.parametrize("extra", ["ray", "pii"])
def test_an_extra_that_nothing_uses_says_so(extra: str) -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    section = text.split(f"## Extra `{extra}`", 1)[1].split("\n## ", 1)[0]
    is_used = bool(PROJECT["optional-dependencies"][extra]) and any(
        name in third_party(python_files("src")) for name in declared()[extra]
    )
    assert ("**Nothing uses it yet.**" in section) is not is_used

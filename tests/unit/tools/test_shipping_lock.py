"""Nothing that is installed is unpinned, and nothing but torch unhashed; the locks of Python and of npm."""

import importlib.metadata
import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from shipping import pins
from shipping.bill import changes, versions
from shipping.lock import FROM_SOURCE, _fits
from shipping.pins import ROOT, UNHASHED, canonical, read_constraints, read_hashes, read_pins

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_everything_but_torch_has_hashes() -> None:
    assert {name for name, pin in read_pins().items() if not pin.hashes} == set(UNHASHED) == {"torch"}


def test_every_direct_dependency_is_on_the_lock_and_within_its_range() -> None:
    locked = read_pins()
    parts = {"core": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    for part, lines in parts.items():
        for needed in map(Requirement, lines):
            if needed.name != "brewslm":
                pin = locked[canonical(needed.name)]
                assert needed.specifier.contains(pin.version), f"{part}: {needed}, but {pin.version} is locked"
                assert part != "core" or pin.part == "core"


def test_every_package_that_is_brought_here_is_on_the_lock_in_its_version() -> None:
    locked, seen, waiting = read_pins(), set(), [("brewslm", "train"), ("brewslm", "dev"), ("brewslm", "")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of an extra or a machine that is not here
        if name != "brewslm":
            assert name in locked, f"{name} is installed and not locked"
            assert Version(found.version).public == locked[name].version
        for line in found.requires or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(canonical(needed.name), one) for one in ("", *needed.extras)]
    assert len(seen) > 100


def test_every_npm_package_has_a_hash() -> None:
    packages = json.loads((ROOT / "studio" / "package-lock.json").read_text())["packages"]
    assert not [path for path, one in packages.items() if path and not one.get("integrity", "").startswith("sha512-")]


@pytest.mark.parametrize("line", ["six", "six>=1.17", "six==1.17.0; python_version < '4'", "six==1.17.0\nsix==1.17.1"])
def test_a_line_that_is_no_exact_version_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"constraints\.txt:[23]"):
        read_constraints(f"{pins.HEADINGS['core']}\n{line}\n")


def test_a_line_with_half_a_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="no pin with hashes"):
        read_hashes("six==1.17.0 \\\n    --hash=sha256:abc\n")


@pytest.mark.parametrize(
    ("wheel", "is_ours"),
    [
        ("a-1-py3-none-any.whl", True),
        ("a-1-py2.py3-none-any.whl", True),
        ("a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("a-1-cp39-abi3-macosx_11_0_arm64.whl", True),
        ("a-1-cp314-cp314-manylinux_2_17_x86_64.whl", False),
        ("a-1-cp313-cp313t-manylinux_2_17_x86_64.whl", False),
        ("a-1-cp314-abi3-manylinux_2_17_x86_64.whl", False),
        ("a-1-cp312-cp312-win_amd64.whl", False),
        ("a-1-cp312-cp312-manylinux_2_17_s390x.whl", False),
        ("a-1-cp312-cp312-musllinux_1_2_x86_64.whl", False),
    ],
)
def test_only_wheels_of_supported_machines_are_locked(wheel: str, is_ours: bool) -> None:
    assert _fits({"name": wheel}) is is_ours


def test_changes_tell_what_came_went_and_moved() -> None:
    lock = '{"packages": {"": {}, "node_modules/react": {"version": "19.0.0"}}}'
    old = versions(f"{pins.HEADINGS['core']}\nsix==1.0\nold==2.0\n", lock)
    new = versions(f"{pins.HEADINGS['core']}\nsix==1.1\n", lock.replace("19.0.0", "19.1.0"))
    assert changes(old, new) == ["npm react: 19.0.0 -> 19.1.0", "old: 2.0 -> gone", "six: 1.0 -> 1.1"]


def test_what_is_built_from_source_is_no_part_of_what_users_run() -> None:
    assert {read_pins()[name].part for name in FROM_SOURCE} == {"work"}


def test_no_line_of_the_lock_names_where_packages_come_from() -> None:
    assert not re.search(r"https?:|--(index|find)", pins.HASHES.read_text() + pins.CONSTRAINTS.read_text())

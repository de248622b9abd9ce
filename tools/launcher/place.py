"""Where the environment lies, what it was made for, and the note that says it is whole."""

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from launcher.failures import SetupError

Origin = Literal["made", "adopted"]
"""`made` by the launcher, which may then make it anew; `adopted` from a person, whose it stays."""


@dataclass(frozen=True)
class Place:
    """The checkout, and the paths that setup uses in it."""

    root: Path

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return self.venv / "bin" / "python"

    @property
    def constraints(self) -> Path:
        """The exact versions of all packages."""
        return self.root / "constraints.txt"

    @property
    def hashes(self) -> Path:
        """The hashes of the files that may be installed."""
        return self.root / "hashes.txt"

    @property
    def command(self) -> Path:
        """The CLI inside the virtual environment."""
        return self.venv / "bin" / "brewslm"

    @property
    def stamp(self) -> Path:
        """The note that the environment is whole; `./brewslm` reads its first two lines."""
        return self.venv / ".brewslm-ready"

    @property
    def unfinished(self) -> Path:
        """The note that pip is at work, or was when it was stopped; it holds the origin."""
        return self.venv / ".brewslm-unfinished"

    @property
    def log(self) -> Path:
        """Everything that pip said."""
        return self.root / ".venv-setup.log"

    @property
    def lock(self) -> Path:
        """Held by the one setup that is at work here, and by its pip."""
        return self.root / ".venv-setup.lock"


@dataclass(frozen=True)
class Stamp:
    """What a whole environment was made for."""

    made_for: str
    """Checksum of pyproject.toml and constraints.txt, and the root; computed by `./brewslm`."""
    extras: tuple[str, ...]
    fingerprint: str
    """Hash of what in these two files decides about packages."""
    origin: Origin


def read_stamp(place: Place) -> Stamp | None:
    """Return the stamp, or None where the environment is not known to be whole."""
    try:
        made_for, extras, fingerprint, origin = place.stamp.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    return Stamp(made_for, split_extras(extras), fingerprint, cast("Origin", origin))


def write_stamp(place: Place, stamp: Stamp) -> None:
    """Say that the environment is whole, all at once."""
    lines = [stamp.made_for, ",".join(stamp.extras), stamp.fingerprint, stamp.origin]
    new = place.stamp.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(place.stamp)
    place.unfinished.unlink(missing_ok=True)


def split_extras(text: str) -> tuple[str, ...]:
    """Return the extras in `text` (`train,dev`), sorted; `none` and blanks stand for no extra."""
    return tuple(sorted({word.strip() for word in text.split(",")} - {"", "none"}))


@dataclass(frozen=True)
class Declaration:
    """What pyproject.toml and constraints.txt say about packages."""

    fingerprint: str
    extras: tuple[str, ...]
    build_requires: tuple[str, ...]

    def check_extras(self, wanted: tuple[str, ...]) -> None:
        """Refuse extras that do not exist.

        Raises:
            SetupError: at least one does not.
        """
        unknown = sorted(set(wanted) - set(self.extras))
        if unknown:
            raise SetupError(f"there is no extra {unknown[0]!r}", f"choose among {', '.join(self.extras)} or none")


def read_declaration(place: Place) -> Declaration:
    """Read what decides about packages; other settings in pyproject.toml may change without a setup."""
    with (place.root / "pyproject.toml").open("rb") as file:
        pyproject = tomllib.load(file)
    constraints = place.constraints.read_text(encoding="utf-8").splitlines()
    decisive = {
        "project": pyproject["project"],
        "build": pyproject["build-system"],
        "setuptools": pyproject.get("tool", {}).get("setuptools"),
        "constraints": [line for line in constraints if line.strip() and not line.startswith("#")],
    }
    return Declaration(
        fingerprint=hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest(),
        extras=tuple(sorted(pyproject["project"].get("optional-dependencies", {}))),
        build_requires=tuple(pyproject["build-system"]["requires"]),
    )

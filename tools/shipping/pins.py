"""The exact versions of `constraints.txt` and the hashes of `hashes.txt`, read and written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
HASHES = ROOT / "hashes.txt"

Part = Literal["core", "extras", "work"]
"""Who needs a package: everyone, who asks for an extra, or only who works on BrewSLM."""

HEADINGS: dict[Part, str] = {
    "core": "# What `pip install brewslm` installs.",
    "extras": "# What the extras of users add.",
    "work": "# What tests, checks, benchmarks and releases add.",
}
UNHASHED = {"torch": "its builds differ by index (CPU, CUDA, ROCm), so no list of hashes would hold them all"}
"""Packages whose version alone is exact, and why."""

_CONSTRAINTS_HEAD = """\
# Exact versions of everything that setup may install, for Python 3.11 to 3.13 on Linux and macOS.
# The launcher passes this file and hashes.txt to every pip call. `make lock` writes both:
# docs/decisions/0022-hashes-of-wheels.md
"""
_HASHES_HEAD = """\
# SHA-256 of the wheels of everything in constraints.txt, written by `make lock`; pip 26.3 or newer holds them.
"""
_PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})*)")


@dataclass(frozen=True)
class Pin:
    """One package in its exact version."""

    name: str
    version: str
    part: Part
    hashes: tuple[str, ...] = ()
    """SHA-256 of the files that may be installed, as hex."""


def canonical(name: str) -> str:
    """Return the one spelling of a distribution's name that all its spellings share."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_constraints(text: str) -> dict[str, Pin]:
    """Read the exact versions by canonical name.

    Raises:
        ValueError: a line is no `NAME==VERSION`, or names a package again, or stands before the first heading.
    """
    pins: dict[str, Pin] = {}
    parts: dict[str, Part] = {heading: part for part, heading in HEADINGS.items()}
    part: Part | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        part = parts.get(line, part)
        if not line.strip() or line.startswith("#"):
            continue
        matched = re.fullmatch(r"([\w.-]+)==([\w.!]+)", line)
        if matched is None or part is None or canonical(matched[1]) in pins:
            raise ValueError(
                f"constraints.txt:{number}: {line!r} is no exact version, or the second. Next: `make lock`"
            )
        pins[canonical(matched[1])] = Pin(matched[1], matched[2], part)
    return pins


def read_hashes(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Read version and SHA-256 sums by canonical name."""
    joined = text.replace("\\\n", " ")
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for line in joined.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        matched = _PIN.fullmatch(line.strip())
        if matched is None:
            raise ValueError(f"hashes.txt: {line[:80]!r} is no pin with hashes. Next: `make lock`")
        hashes = tuple(re.findall(r"sha256:([0-9a-f]{64})", matched["hashes"]))
        found[canonical(matched["name"])] = (matched["version"], hashes)
    return found


def read_pins() -> dict[str, Pin]:
    """Read both files of the checkout.

    Raises:
        ValueError: one cannot be read, or they name different versions.
    """
    pins = read_constraints(CONSTRAINTS.read_text(encoding="utf-8"))
    hashes = read_hashes(HASHES.read_text(encoding="utf-8"))
    if {name: pin.version for name, pin in pins.items()} != {name: version for name, (version, _) in hashes.items()}:
        raise ValueError("constraints.txt and hashes.txt name different versions. Next: `make lock`")
    return {name: Pin(pin.name, pin.version, pin.part, hashes[name][1]) for name, pin in pins.items()}


def write_pins(pins: Iterable[Pin]) -> None:
    """Write both files of the checkout."""
    ordered = sorted(pins, key=lambda pin: canonical(pin.name))
    text = _CONSTRAINTS_HEAD
    for part, heading in HEADINGS.items():
        lines = "".join(f"{pin.name}=={pin.version}\n" for pin in ordered if pin.part == part)
        text += f"\n{heading}\n{lines}"
    CONSTRAINTS.write_text(text, encoding="utf-8")
    HASHES.write_text(_HASHES_HEAD + "".join(map(_with_hashes, ordered)), encoding="utf-8")


def _with_hashes(pin: Pin) -> str:
    return " \\\n    --hash=sha256:".join([f"{pin.name}=={pin.version}", *sorted(pin.hashes)]) + "\n"

"""Whether everything that users run may be passed on: licences against a list, with reasons for what is not on it."""

import importlib.metadata
import re
from collections.abc import Iterable
from dataclasses import dataclass

from shipping.pins import ROOT, Pin, canonical, read_pins

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CNRI-Python",
    "HPND",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "Zlib",
}
"""SPDX names of permissive licences: they ask for a notice and no more."""

_SPELLINGS = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}
"""How packages without an SPDX expression spell theirs."""

NPM_LOCK = ROOT / "studio" / "package-lock.json"
NOTICES = ROOT / "src" / "brewslm" / "bundled" / "studio" / "licenses.md"
"""What the build of the Studio writes: which packages it holds, and their licences."""
NONE_TOLD = "none told"
_PAGE = ROOT / "docs" / "dependencies.md"
_ROW = re.compile(r"^\| (?P<names>[\w.@/, -]+) \| (?P<licence>[^|]+) \| (?P<reason>[^|]+) \|$", re.MULTILINE)
_SHIPPED = re.compile(r"^## (?P<name>\S+) - (?P<version>\S+) \((?P<licence>[^)]+)\)$", re.MULTILINE)


@dataclass(frozen=True)
class Licensed:
    """A package and the SPDX expression that it tells of itself; empty where it tells none."""

    name: str
    version: str
    licence: str


def licence_of(distribution: importlib.metadata.Distribution) -> str:
    """Return the SPDX expression of an installed distribution, empty where it tells none."""
    told = distribution.metadata
    if "License-Expression" in told:
        return told["License-Expression"]
    text = told["License"].strip() if "License" in told else ""
    first = text.splitlines()[0].strip() if text else ""
    if known := _SPELLINGS.get(first.lower()):
        return known
    if first and (first in ALLOWED or re.fullmatch(r"[\w.+-]+(?: (?:AND|OR|WITH) [\w.+-]+)+|[A-Z]+-\d[\w.-]*", first)):
        return first
    classes = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or () if one.startswith("License ::")]
    return " OR ".join(sorted({known for one in classes if (known := _SPELLINGS.get(one.lower()))}))


def is_permissive(expression: str) -> bool:
    """Whether an SPDX expression lets a permissive licence be chosen for every part."""
    text = expression.strip()
    for word, decide in ((" OR ", any), (" AND ", all)):
        parts = _split(text, word)
        if len(parts) > 1:
            return decide(is_permissive(part) for part in parts)
    if text.startswith("(") and text.endswith(")"):
        return is_permissive(text[1:-1])
    return text in ALLOWED


def _split(text: str, word: str) -> list[str]:
    """Split at a word that stands in no parentheses."""
    parts, depth, begin = [], 0, 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and text.startswith(word, place):
            parts.append(text[begin:place])
            begin = place + len(word)
    return [*parts, text[begin:]]


def installed(pins: Iterable[Pin]) -> list[Licensed]:
    """Return those of the pins that this environment holds, with their licences."""
    here = {canonical(found.name): found for found in importlib.metadata.distributions()}
    return [
        Licensed(canonical(pin.name), pin.version, licence_of(found))
        for pin in pins
        if (found := here.get(canonical(pin.name)))
    ]


def shipped(notices: str) -> list[Licensed]:
    """Read which npm packages the built Studio holds, from `licenses.md`, which its build writes."""
    return [Licensed(found["name"], found["version"], found["licence"]) for found in _SHIPPED.finditer(notices)]


def everything() -> tuple[list[Licensed], list[str]]:
    """Return what users run, as far as it is installed and built here, and one line for each wrong licence."""
    python = installed(pin for pin in read_pins().values() if pin.part != "work")
    packages = [*python, *shipped(NOTICES.read_text(encoding="utf-8") if NOTICES.exists() else "")]
    return packages, problems(packages, exceptions(_PAGE.read_text(encoding="utf-8")))


def exceptions(page: str) -> set[tuple[str, str]]:
    """Read the accepted pairs of canonical name and licence from docs/dependencies.md, under `## Licences`.

    A row may name several packages and their licences, each package with each of them.
    """
    section = page.split("\n## Licences\n", 1)[1].split("\n## ", 1)[0]
    return {
        (canonical(name.strip()), licence.strip())
        for row in _ROW.finditer(section)
        for name in row["names"].split(",")
        for licence in row["licence"].split(",")
    }


def problems(packages: Iterable[Licensed], accepted: set[tuple[str, str]]) -> list[str]:
    """Return one line for each package whose licence is neither permissive nor accepted as it is."""
    step = "Next: do without it, or give its reason in docs/dependencies.md"
    return [
        f"{one.name} {one.version}: its licence is {one.licence or NONE_TOLD}. {step}"
        for one in packages
        if not is_permissive(one.licence) and (canonical(one.name), one.licence or NONE_TOLD) not in accepted
    ]

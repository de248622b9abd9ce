"""`make audit`: ask for known weaknesses of everything on both locks; what could not be asked about is a failure."""

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.place import Place
from launcher.studio import find_node
from shipping.pins import ROOT, Pin

ACCEPTED = ROOT / "audit.toml"


class AuditError(Exception):
    """An advisory service gave no answer, or audit.toml is wrong; the message is one line with a next step."""


@dataclass(frozen=True)
class Advisory:
    """A known weakness of a package that we use."""

    registry: str
    package: str
    version: str
    ids: tuple[str, ...]
    """Its name first, then its aliases."""
    fixed_in: str


@dataclass(frozen=True)
class Accepted:
    """An advisory that is known and borne with, for a reason and a time."""

    id: str
    package: str
    reason: str
    until: dt.date


def read_accepted(text: str) -> list[Accepted]:
    """Read audit.toml.

    Raises:
        AuditError: an entry lacks a field, or has one that is not known.
    """
    try:
        found = [Accepted(**entry) for entry in tomllib.loads(text).get("accepted", [])]
    except (TypeError, tomllib.TOMLDecodeError) as error:
        raise AuditError(f"audit.toml: {error}. Next: give every entry id, package, reason and until") from error
    for one in found:
        if not one.reason.strip() or not isinstance(one.until, dt.date):
            raise AuditError(f"audit.toml: {one.id} needs a reason and a date (until = 2027-01-31). Next: add them")
    return found


def judge(
    advisories: Iterable[Advisory], accepted: list[Accepted], today: dt.date, *, is_whole: bool = True
) -> tuple[list[list[str]], int]:
    """Return a row for each advisory, and how many rows are to act on.

    Where the answers are whole, an entry of audit.toml without an advisory is such a row, too.
    """
    rows, num_wrong, used = [], 0, set()
    for one in sorted(advisories, key=lambda one: (one.registry, one.package, one.ids)):
        match = next((entry for entry in accepted if entry.package == one.package and entry.id in one.ids), None)
        used.add(match)
        is_borne = match is not None and match.until >= today
        verdict = "OPEN" if match is None else f"{'accepted until' if is_borne else 'EXPIRED'} {match.until}"
        num_wrong += not is_borne
        rows.append([one.registry, one.package, one.version, one.ids[0], one.fixed_in or "no release", verdict])
    left = [entry for entry in accepted if is_whole and entry not in used]
    rows += [["audit.toml", entry.package, "", entry.id, "", "NOT FOUND: take it out"] for entry in left]
    return rows, num_wrong + len(left)


def ask_python(pins: Iterable[Pin]) -> list[Advisory]:
    """Ask about every package of the lock, by pip-audit.

    Raises:
        AuditError: the service did not know, or could not be asked about, at least one of them.
    """
    with tempfile.TemporaryDirectory() as name:
        listed, answer = Path(name) / "pins.txt", Path(name) / "answer.json"
        listed.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins), encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(listed), "--no-deps", "--disable-pip"]
        command += ["--format", "json", "--output", str(answer), "--progress-spinner", "off"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not answer.exists():
            why = done.stderr.strip().splitlines()[-1:] or [f"it ended with status {done.returncode}"]
            raise AuditError(f"pip-audit gave no answer: {why[0]}. {_NEXT}")
        return read_pip_audit(answer.read_text(encoding="utf-8"))


def read_pip_audit(text: str) -> list[Advisory]:
    """Read what pip-audit found.

    Raises:
        AuditError: it skipped a package, which it tells as success.
    """
    packages = json.loads(text)["dependencies"]
    if skipped := [one for one in packages if "skip_reason" in one]:
        told = f"{len(skipped)} of {len(packages)} Python packages were not audited"
        raise AuditError(f"{told}; the first: {skipped[0]['skip_reason']}. {_NEXT}")
    return [
        Advisory(
            "PyPI",
            one["name"],
            one["version"],
            (found["id"], *found.get("aliases", ())),
            ", ".join(found["fix_versions"]),
        )
        for one in packages
        for found in one["vulns"]
    ]


def ask_npm() -> list[Advisory]:
    """Ask about every package of the Studio's lock, by npm.

    Raises:
        AuditError: there is no npm, or the registry gave no answer.
    """
    node = find_node(Place(ROOT))
    if node is None:
        raise AuditError("Node 20.19 or newer is not here. Next: run `./brewslm --setup`, which brings it")
    environment = {**os.environ, "PATH": f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [*node.npm, "audit", "--json"],
        cwd=ROOT / "studio",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return read_npm_audit(done.stdout)


def read_npm_audit(text: str) -> list[Advisory]:
    """Read what npm found.

    Raises:
        AuditError: it is no report: the registry could not be asked.
    """
    try:
        report: dict[str, Any] = json.loads(text)
    except ValueError:
        report = {}
    if "vulnerabilities" not in report:
        why = report.get("message") or (report.get("error") or {}).get("summary") or "it wrote no report"
        raise AuditError(f"npm audit gave no answer: {why}. {_NEXT}")
    return [
        Advisory("npm", cause["name"], cause["range"], (cause["url"].rpartition("/")[2],), _fix(one))
        for one in report["vulnerabilities"].values()
        for cause in one["via"]
        if isinstance(cause, dict)  # else the name of another package of this report
    ]


def _fix(package: dict[str, Any]) -> str:
    fix = package.get("fixAvailable")
    return f"{fix['name']} {fix['version']}" if isinstance(fix, dict) else "a newer one" if fix else ""


def table(rows: list[list[str]]) -> str:
    """Lay rows out under their heading, one line each."""
    everything = [["from", "package", "version", "advisory", "fixed in", "verdict"], *rows]
    widths = [max(len(row[column]) for row in everything) for column in range(6)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in everything
    )


_NEXT = "Nothing is known to be safe. Next: run it where the registry's advisories can be reached"

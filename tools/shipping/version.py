"""`make release`: give what is unreleased its number and its date, in one commit with a tag."""

import re
from datetime import date

from packaging.version import InvalidVersion, Version

from shipping.files import git, version_of
from shipping.pins import ROOT

CHANGELOG, PROJECT = ROOT / "CHANGELOG.md", ROOT / "pyproject.toml"
_HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<date>\S+))?$", re.MULTILINE)


class VersionError(Exception):
    """This version cannot be released; the message is one line with a next step."""


def release(number: str, today: date) -> str:
    """Write the version and the changelog's section, commit both and tag the commit; returns the tag.

    Raises:
        VersionError: the number is none, not newer than the last release or tagged already, the tree is not clean,
            or nothing is unreleased.
        DistError: git cannot answer.
    """
    tag = f"v{number}"
    if status := git("status", "--porcelain"):
        line = status.splitlines()[0].strip()
        raise VersionError(f"the tree differs from its commit: {line!r}. Next: commit it or put it aside")
    if git("tag", "--list", tag):
        raise VersionError(f"the tag {tag} exists. Next: choose the next number")
    log, project = CHANGELOG.read_text(encoding="utf-8"), PROJECT.read_text(encoding="utf-8")
    check_number(number, version_of(ROOT), log)
    CHANGELOG.write_text(close_unreleased(log, number, today), encoding="utf-8")
    PROJECT.write_text(re.sub(r'(?m)^version = "[^"]+"$', f'version = "{number}"', project, count=1), encoding="utf-8")
    git("commit", "--all", "--message", f"Release {number}")
    git("tag", "--annotate", tag, "--message", f"BrewSLM {number}")
    return tag


def check_number(number: str, current: str, log: str) -> None:
    """Refuse what is no version, or not newer than all that were released.

    Raises:
        VersionError: it is one of these.
    """
    try:
        version = Version(number)
    except InvalidVersion as error:
        raise VersionError(f"{number!r} is no version. Next: write it as 0.2.0") from error
    released = [found["name"] for found in _HEADING.finditer(log) if found["date"]]
    newest = max(map(Version, released), default=Version("0"))
    if str(version) != number or version <= newest or version < Version(current):
        last = f"{newest} was released" if released else f"pyproject.toml says {current}"
        raise VersionError(f"{number} does not follow: {last}. Next: choose a higher number, written as 0.2.0")


def close_unreleased(log: str, number: str, today: date) -> str:
    """Return the changelog with what is unreleased under the version's heading, and an empty section above.

    Raises:
        VersionError: there is no section, or nothing in it.
    """
    first = _HEADING.search(log)
    if first is None or first["name"] != "Unreleased":
        raise VersionError("CHANGELOG.md does not begin with `## [Unreleased]`. Next: add that section")
    following = _HEADING.search(log, first.end())
    body = log[first.end() : following.start() if following else len(log)]
    if not re.search(r"^- \S", body, re.MULTILINE):
        raise VersionError("nothing is under `## [Unreleased]` in CHANGELOG.md. Next: say there what changed")
    heading = f"## [Unreleased]\n\n## [{number}] - {today.isoformat()}"
    return f"{log[: first.start()]}{heading}{log[first.end() :]}"

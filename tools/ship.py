"""Lock, audit and release: `python tools/ship.py lock|audit|licences|dist|changes|release`."""

import argparse
import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path

from shipping import audit, bill, files, licences, lock, pins, version

PROBLEMS = (audit.AuditError, files.DistError, lock.LockError, version.VersionError, ValueError)


def main(words: list[str]) -> int:
    """Do one thing; 1 where something is found, 2 where it could not be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lock", help="write constraints.txt and hashes.txt").add_argument("renew", nargs="*")
    commands.add_parser("audit", help="ask for known weaknesses of everything that is locked")
    commands.add_parser("licences", help="compare the licences of what users run with the list")
    commands.add_parser("dist", help="make the files of a release in dist/")
    commands.add_parser("changes", help="what has changed among the packages since a tag").add_argument("since")
    commands.add_parser("release", help="give what is unreleased its version").add_argument("number")
    options = parser.parse_args(words)
    actions: dict[str, Callable[[], int]] = {
        "lock": lambda: _lock(options.renew),
        "audit": _audit,
        "licences": _licences,
        "dist": _dist,
        "changes": lambda: _changes(options.since),
        "release": lambda: _release(options.number),
    }
    try:
        return actions[options.command]()
    except PROBLEMS as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2


def _lock(renew: list[str]) -> int:
    changed = lock.write_lock(renew)
    print("\n".join(changed) or "nothing has changed")
    return 0


def _audit() -> int:
    accepted = audit.read_accepted(audit.ACCEPTED.read_text(encoding="utf-8"))
    found: list[audit.Advisory] = []
    unanswered: list[str] = []
    asking: tuple[Callable[[], list[audit.Advisory]], ...] = (
        lambda: audit.ask_python(pins.read_pins().values()),
        audit.ask_npm,
    )
    for ask in asking:
        try:
            found += ask()
        except audit.AuditError as error:
            unanswered.append(str(error))
    today = dt.datetime.now(dt.UTC).date()
    rows, num_wrong = audit.judge(found, accepted, today, is_whole=not unanswered)
    if rows:
        print(audit.table(rows))
    for line in unanswered:
        print(f"audit: {line}", file=sys.stderr)
    if not unanswered:
        print(f"{len(found)} advisories, {num_wrong} to act on")
    return 2 if unanswered else 1 if num_wrong else 0


def _licences() -> int:
    packages, problems = licences.everything()
    for line in problems:
        print(line, file=sys.stderr)
    print(f"{len(packages)} packages that users run, {len(problems)} with a licence to act on")
    return 1 if problems else 0


def _dist() -> int:
    if code := _licences():
        return code
    for file in files.make_dist(pins.ROOT / "dist"):
        print(
            f"{file.stat().st_size:>10,}  {file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}"
        )
    return 0


def _changes(since: str) -> int:
    old = bill.versions(
        files.git("show", f"{since}:constraints.txt"), files.git("show", f"{since}:studio/package-lock.json")
    )
    new = bill.versions(*(path.read_text(encoding="utf-8") for path in (pins.CONSTRAINTS, licences.NPM_LOCK)))
    print("\n".join(bill.changes(old, new)) or f"the same packages as in {since}")
    return 0


def _release(number: str) -> int:
    tag = version.release(number, dt.datetime.now(dt.UTC).date())
    print(f"tagged {tag}. Next: `make dist test-wheel`, then push the commit and the tag")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

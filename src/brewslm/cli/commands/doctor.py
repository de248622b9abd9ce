"""`brewslm doctor`: is everything here that a run needs."""

from typing import TYPE_CHECKING

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.bootstrap.checkup import Check


def doctor(as_json: options.AsJson = False) -> None:
    """Check Python, packages, machine, disk, workspace and what is bundled. Exit code 1 where something is missing."""
    from brewslm.bootstrap.checkup import run_checks
    from brewslm.cli.session import print_json

    checks = run_checks()
    is_ok = all(check.level != "fail" for check in checks)
    if as_json:
        print_json({"is_ok": is_ok, "checks": [vars_of(check) for check in checks]})
    else:
        _print(checks, is_ok=is_ok)
    if not is_ok:
        raise typer.Exit(1)


def vars_of(check: "Check") -> dict[str, str]:
    """Return a check as JSON fields."""
    return {"check": check.name, "level": check.level, "seen": check.seen, "next_step": check.next_step}


def _print(checks: "tuple[Check, ...]", *, is_ok: bool) -> None:
    from rich.text import Text

    from brewslm.cli.render.parts import level, table
    from brewslm.cli.session import console_for, print_parts

    rows = [
        (level(one.level), one.name, Text(one.seen + (f"\n{one.next_step}" if one.next_step else ""))) for one in checks
    ]
    drawn = table(("", "check", "seen"), rows, whole=(0, 1))
    words = "Everything that a run needs is here." if is_ok else "Something is missing; do what the failed checks say."
    print_parts(console_for(is_stderr=False), drawn, Text(f"\n{words}", style="bold"))

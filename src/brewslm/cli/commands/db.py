"""`brewslm db …`: backups of the ledger, and its move to another database."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.bootstrap.ledger_copies import Moved, Restoring

_SHOWN = ("projects", "jobs", "artifacts", "run_events", "metrics", "experiments", "releases")
_HOLDS = "It holds the ledger; the files of artifacts lie in the workspace, under projects: copy that folder, too."

app = typer.Typer(
    help="The ledger's database: SQLite in the workspace, or PostgreSQL by BREWSLM_DATABASE_URL.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """The ledger's database: SQLite in the workspace, or PostgreSQL by BREWSLM_DATABASE_URL."""


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="Where the backup is written.", metavar="FILE")],
    replace: Annotated[bool, typer.Option("--replace", help="Write over the file, where there is one.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Write the ledger, as it is at one moment, into one file. Servers and trainings go on meanwhile.

    The file is the same for both databases, and can be restored into either. It holds the ledger: projects, jobs,
    events, what artifacts there are. The artifacts' files never change and lie in the workspace under projects.
    """
    from brewslm.bootstrap.ledger_copies import back_up
    from brewslm.bootstrap.settings import read_settings
    from brewslm.cli.failures import say_error

    moved = back_up(read_settings(), file, is_replacing=replace)
    for problem in moved.contents.problems:
        say_error(f"event {problem.seq}: {problem.problem}; the backup holds the ledger as it is")
    _tell(moved, f"Backed up {moved.source} to {moved.target}.", _HOLDS, is_json=as_json)
    if moved.contents.problems:
        raise typer.Exit(1)


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `brewslm db backup` wrote.", metavar="FILE")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a ledger that holds something; it is kept in a file.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Make the ledger hold what a backup holds, and nothing else. Asks first; refuses while a server leads.

    The backup is verified before anything is touched, and the ledger afterwards.
    """
    from brewslm.bootstrap.ledger_copies import restoring
    from brewslm.bootstrap.settings import read_settings

    with restoring(read_settings(), file, is_replacing=replace) as found:
        if not yes:
            _ask(found)
        moved = found.carry_out()
    kept = f"What it held before is in {moved.kept}." if moved.kept else ""
    _tell(moved, f"Restored {moved.source} into {moved.target}.", kept, is_json=as_json)


@app.command("migrate-to")
def migrate_to(
    place: Annotated[
        str, typer.Argument(help="postgresql://USER@HOST:5432/NAME, sqlite:PATH, or sqlite: alone.", metavar="URL")
    ],
    as_json: options.AsJson = False,
) -> None:
    """Copy the ledger into another, empty database; verified by counts and by the hash chain. This one stays.

    `sqlite:` alone is the file of the workspace. A password is better kept in ~/.pgpass or PGPASSWORD than written
    here, where other users of the machine may read it.
    """
    from brewslm.bootstrap.ledger_copies import migrate_to as move
    from brewslm.bootstrap.settings import read_settings

    moved = move(read_settings(), place)
    if moved.target.startswith("postgresql:"):
        step = f"Set BREWSLM_DATABASE_URL={moved.target} to use it from now on; a password goes into ~/.pgpass."
    else:
        step = "Unset BREWSLM_DATABASE_URL to use it from now on."
    _tell(moved, f"Copied {moved.source} to {moved.target}; every hash chain fits.", step, is_json=as_json)


def _ask(found: "Restoring") -> None:
    from brewslm.core.errors import InvalidRequestError

    moved = found.moved
    if not sys.stdin.isatty():
        raise InvalidRequestError(f"{moved.target!r} would be replaced, and nobody can be asked; say --yes.")
    typer.echo(f"{moved.source} holds {_numbers(moved.contents.rows)}", err=True)
    if not found.present.is_empty:
        typer.echo(f"{moved.target} holds {_numbers(found.present.rows)} (kept in a file beside it)", err=True)
    typer.confirm(f"Restore it into {moved.target}?", abort=True, err=True)


def _tell(moved: "Moved", *words: str, is_json: bool) -> None:
    from brewslm.cli.render.parts import facts, indented
    from brewslm.cli.session import console_for, print_json, print_parts

    if is_json:
        print_json(moved)
        return
    rows = moved.contents.rows
    held = facts((name.replace("run_", ""), f"{rows.get(name, 0):,}") for name in _SHOWN)
    print_parts(console_for(is_stderr=False), words[0], indented(held), *(word for word in words[1:] if word))


def _numbers(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('run_', '')}: {rows.get(name, 0):,}" for name in _SHOWN)

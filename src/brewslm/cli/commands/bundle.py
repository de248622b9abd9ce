"""`brewslm bundle …`: what can be done with a bundle alone, without a workspace."""

from pathlib import Path
from typing import Annotated

import typer

from brewslm.cli import options

app = typer.Typer(help="Bundles: exported folders, wherever they lie.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Bundles: exported folders, wherever they lie."""


@app.command("verify")
def verify(path: Annotated[Path, typer.Argument(help="The bundle's folder.")], as_json: options.AsJson = False) -> None:
    """Check every file of a bundle against its SHA256SUMS. Needs no workspace."""
    from brewslm.cli.bundles import check_bundle
    from brewslm.cli.failures import say_error
    from brewslm.cli.session import print_json
    from brewslm.cli.text import size

    check = check_bundle(path)
    if as_json:
        facts = {"num_files": check.num_files, "num_bytes": check.num_bytes, "problems": check.problems}
        print_json({"folder": path, **facts, "is_whole": not check.problems})
    elif not check.problems:
        print(f"All {check.num_files} files ({size(check.num_bytes)}) match {path}/SHA256SUMS")
    for problem in check.problems:
        say_error(problem)
    if check.problems:
        raise typer.Exit(1)

"""`brewslm engines …`: this machine, and the clusters of config/engines.yaml."""

from typing import Annotated

import typer

from brewslm.cli import options

app = typer.Typer(help="Where trainings run: this machine, and clusters of config/engines.yaml.", no_args_is_help=True)


@app.command("init")
def init(as_json: options.AsJson = False) -> None:
    """Write config/engines.yaml with every setting explained, to be changed."""
    from brewslm.cli.session import open_session
    from brewslm.services.engines.book import Engines

    session = open_session(is_json=as_json)
    path = Engines(session.house.ports).begin_file()
    session.answer({"path": path}, f"Wrote {path}. Edit it, then run `brewslm engines check`.")


@app.command("list")
def list_(as_json: options.AsJson = False) -> None:
    """List the engines, and how much waits and runs on each."""
    from brewslm.cli.session import open_session
    from brewslm.services.engines.book import Engines

    session = open_session(is_json=as_json)
    reports = Engines(session.house.ports).report()
    lines = [
        f"{one.name}: {one.num_running} of {one.num_slots} running, {one.num_waiting} waiting"
        + (f"; {one.problem}" if one.problem else "")
        for one in reports
    ]
    session.answer(reports, *lines)


@app.command("check")
def check(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="slurm or ray; all by default.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Ask the clusters whether they would take work; starts nothing there."""
    from brewslm.cli.session import open_session
    from brewslm.services.engines.book import Engines

    session = open_session(is_json=as_json)
    looks = Engines(session.house.ports).look(name)
    if not looks:
        session.answer([], "No cluster is described: trainings run on this machine. Begin with `brewslm engines init`.")
        return
    lines = [
        f"{one.name}: {one.problem or 'would take work'}{''.join(f'; {fact}' for fact in one.facts)}" for one in looks
    ]
    session.answer(looks, *lines)
    raise typer.Exit(1 if any(one.problem for one in looks) else 0)

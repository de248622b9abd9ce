"""`brewslm sweep …`: several trainings on the same data, which differ in a few fields of their recipes."""

from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.cli.recipe_options import Scalar
    from brewslm.cli.session import Session
    from brewslm.services.sweeps.book import Sweep

app = typer.Typer(help="Several trainings that differ in a few fields, side by side.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The sweep's name, as `list` shows it.")]
GRID = "--grid"
FAILED = 1


@app.command("run")
def run(
    project: options.ProjectId,
    grid: Annotated[
        list[str],
        typer.Option(
            GRID,
            metavar="FIELD=A,B,…",
            help="Values of a recipe field, e.g. optim.learning_rate=1e-3,3e-3. Repeatable.",
        ),
    ],
    overrides: options.Overrides = None,
    profile: options.Profile = "balanced",
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="What to call it; under a known name, go on with what is missing."),
    ] = None,
    priority: options.Priority = 0,
    detach: options.Detach = False,
    as_json: options.AsJson = False,
) -> None:
    """Train and evaluate once for each combination of values, as many at once as there are devices or slots."""
    from brewslm.cli.commands.preflight import prepared
    from brewslm.cli.progress.several import follow_all
    from brewslm.cli.recipe_options import overrides_from
    from brewslm.cli.session import open_session, validated
    from brewslm.core.recipe.building import check_fields
    from brewslm.services.sweeps.requests import SweepRequest

    wanted = validated(
        SweepRequest, name=name, grid=_grid_from(grid), overrides=overrides_from(overrides), profile=profile
    )
    check_fields(*({**wanted.overrides, **cell} for cell in wanted.cells))
    session = open_session(is_json=as_json)
    project_id = options.id_of(project)
    manifest = prepared(session, project_id, base_model=None, max_seq_len=None)
    request = wanted.model_copy(update={"manifest_id": manifest.id})
    sweep = session.house.sweeps.start(project_id, request, priority=priority)
    if detach:
        look = f"brewslm sweep show {sweep.name} --project {project}"
        session.answer(sweep, f"{len(sweep.runs)} trainings of {sweep.name} are queued; `{look}` compares them.")
        return
    jobs = [session.house.jobs.get(one.job_id) for one in sweep.runs]
    follow_all(session.house, session.err, jobs, again=f"the same command with `--name {sweep.name}`")
    _show(session, session.house.sweeps.get(project_id, sweep.name))


@app.command("list")
def list_(project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """List the project's sweeps, newest first."""
    from brewslm.cli.render.outcome.sweeps import sweeps_page
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    found = session.house.sweeps.all(options.id_of(project))
    if not found:
        session.answer(found, f"Project {project} has no sweeps; `brewslm sweep run --help` says how to make one.")
        return
    session.answer(found, *sweeps_page(found))


@app.command("show")
def show(name: Name, project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """Compare a sweep's trainings: those that ended first, by eval loss."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    _show(session, session.house.sweeps.get(options.id_of(project), name), is_only_looking=True)


@app.command("cancel")
def cancel(name: Name, project: options.ProjectId, as_json: options.AsJson = False) -> None:
    """Ask every training of a sweep that has not ended to stop."""
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    _show(session, session.house.sweeps.cancel(options.id_of(project), name), is_only_looking=True)


def _show(session: "Session", sweep: "Sweep", *, is_only_looking: bool = False) -> None:
    from brewslm.cli.render.outcome.sweeps import sweep_page
    from brewslm.cli.render.parts import next_steps

    best = sweep.best
    steps = []
    if best is not None and best.experiment_id is not None:
        own = f"--project {sweep.project_id} --experiment {best.experiment_id}"
        steps = [
            (f"brewslm results {best.job_id}", "every figure of the best, beside its base"),
            (f"brewslm export {own}", "merge the best into a bundle"),
        ]
    if any(run.status.value in {"failed", "cancelled"} for run in sweep.runs):
        number = next(run.job_id for run in sweep.runs if run.status.value in {"failed", "cancelled"})
        steps.append((f"brewslm jobs retry {number}", "do again what failed"))
    session.answer(sweep, *sweep_page(sweep), *([next_steps(*steps)] if steps else []))
    if best is None and not is_only_looking:
        raise typer.Exit(FAILED)


def _grid_from(pairs: list[str]) -> "dict[str, tuple[Scalar, ...]]":
    """Read `field=a,b` pairs.

    Raises:
        typer.BadParameter: a pair has no `=` or no values, or names a field twice.
    """
    from brewslm.core.recipe.scalars import scalar

    found: dict[str, tuple[Scalar, ...]] = {}
    for pair in pairs:
        field, sign, values = pair.partition("=")
        words = [word.strip() for word in values.split(",") if word.strip()]
        if not sign or not field.strip() or not words:
            message = f"{pair!r} is not FIELD=A,B,…, for example optim.learning_rate=1e-3,3e-3"
            raise typer.BadParameter(message, param_hint=GRID)
        if field.strip() in found:
            raise typer.BadParameter(f"{field.strip()!r} is named twice", param_hint=GRID)
        found[field.strip()] = tuple(scalar(word) for word in words)
    return found

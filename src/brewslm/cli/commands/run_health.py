"""`brewslm health …`: how a training is, judged from its log; exit codes 0 ok, 1 warning, 2 critical, 3 unknown."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from brewslm.cli import options

EXIT_CODES = {"ok": 0, "finished": 0, "warning": 1, "critical": 2, "unknown": 3}
UNKNOWN = EXIT_CODES["unknown"]
_OF_JOB = "job"


class _JobsByNumber(TyperGroup):
    """A group in which `health 7` is `health job 7`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer's types are private
        """Read a number in the place of a command as that job."""
        return super().resolve_command(ctx, [_OF_JOB, *args] if args and args[0].isdecimal() else args)


app = typer.Typer(
    cls=_JobsByNumber,
    help="How a training is: `health JOB`, or `health replay LOG` for the log of any trainer. "
    "Exit codes: 0 ok, 1 warning, 2 critical, 3 unknown.",
    no_args_is_help=True,
)

ThresholdsFile = Annotated[
    Path | None,
    typer.Option("--thresholds", metavar="FILE", help="YAML that counts before the workspace's own thresholds."),
]


@app.command(_OF_JOB)
def job(
    job_id: Annotated[int, typer.Argument(metavar="JOB", min=1, help="The id of a training or of its flow.")],
    thresholds: ThresholdsFile = None,
    as_json: options.AsJson = False,
) -> None:
    """Judge a training of this workspace, running or over. `health JOB` is enough."""
    from brewslm.cli.render.run_health import health_page
    from brewslm.cli.session import open_session
    from brewslm.core.ids import JobId

    session = open_session(is_json=as_json)
    report = session.house.run_health.of_job(JobId(job_id), thresholds=thresholds)
    session.answer(report, *health_page(report))
    raise typer.Exit(EXIT_CODES[report.verdict.verdict])


@app.command("replay")
def replay(
    log: Annotated[
        Path,
        typer.Argument(metavar="LOG", help="log.jsonl, trainer_state.json, JSON Lines, CSV, TensorBoard; or a folder."),
    ],
    thresholds: ThresholdsFile = None,
    as_json: options.AsJson = False,
) -> None:
    """Judge a log record by record, as if it were written now. The same log gives the same alerts."""
    from brewslm.cli.render.run_health import health_page
    from brewslm.cli.session import open_session

    session = open_session(is_json=as_json)
    report = session.house.run_health.replay(log, thresholds=thresholds)
    session.answer(report, *health_page(report))
    raise typer.Exit(EXIT_CODES[report.verdict.verdict])


@app.command("thresholds")
def thresholds_(
    thresholds: ThresholdsFile = None,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print the file with every default, explained, to be changed.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Print every threshold that counts, and which file said it."""
    from brewslm.cli.render.run_health import thresholds_page
    from brewslm.cli.session import open_session
    from brewslm.core.health.layers import thresholds_yaml

    if as_yaml:
        print(thresholds_yaml(), end="")
        return
    session = open_session(is_json=as_json)
    found = session.house.run_health.thresholds(thresholds)
    session.answer(found.values, thresholds_page(found))

"""Options that several commands share, so that each is spelled and explained once."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from brewslm.cli import choices

if TYPE_CHECKING:
    from brewslm.bootstrap.house import House
    from brewslm.core import ids
    from brewslm.core.events.choice import EventChoice

ProjectId = Annotated[int, typer.Option("--project", "-p", min=1, metavar="ID", help="The project's id.")]
AnyProject = Annotated[
    int | None, typer.Option("--project", "-p", min=1, metavar="ID", help="Only this project; all by default.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout, and nothing else there.")]
BaseModel = Annotated[
    str | None,
    typer.Option("--base-model", metavar="NAME", help="A bundled model, a folder, or a Hugging Face id."),
]
Profile = Annotated[choices.Profile, typer.Option("--profile", help="How much work the plan may be.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Fix a field of the recipe, e.g. optim.learning_rate=1e-3. Repeatable."
    ),
]
Mode = Annotated[
    choices.Mode | None,
    typer.Option(
        "--mode",
        help="What is learnt: answers (sft), texts (continued_pretraining), which of two answers is better (dpo, "
        "orpo), which are good (kto). By the data where not said.",
    ),
]
MaxSeqLen = Annotated[
    int | None, typer.Option("--max-seq-len", min=16, metavar="TOKENS", help="Longest example that is kept.")
]
Prompts = Annotated[list[str] | None, typer.Option("--prompt", metavar="TEXT", help="A prompt to answer. Repeatable.")]
UpstreamUrl = Annotated[
    str | None,
    typer.Option("--at", metavar="URL", help="A runtime that serves the bundle, such as http://127.0.0.1:8001/v1."),
]
UpstreamModel = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="Its name of the model, where it has several.")
]
UpstreamKey = Annotated[
    str | None,
    typer.Option("--key-env", metavar="NAME", help="The variable with its key: BREWSLM_UPSTREAM_KEY, or one so begun."),
]
AsShape = Annotated[
    choices.Shape | None,
    typer.Option(
        "--as",
        metavar="SHAPE",
        help=f"How to read the data, where it is not certain: {', '.join(get_args(choices.Shape))}.",
    ),
]
SourceFormat = Annotated[
    choices.SourceFormat | None, typer.Option("--format", help="The format of the files, where it is not found out.")
]
Encoding = Annotated[
    choices.Encoding | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="Of text files, where it is not found out: utf-8, cp1252, …",
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="MARK", help="What stands between cells: a character, or tab, comma, …"),
]
HasHeader = Annotated[
    bool | None, typer.Option("--header/--no-header", help="Whether the first record of a table names its columns.")
]
MaxMalformed = Annotated[
    float,
    typer.Option("--max-malformed", min=0.0, max=1.0, metavar="SHARE", help="Refuse a source with more bad records."),
]
MaxMemory = Annotated[
    int, typer.Option("--max-memory-mb", min=64, metavar="MIB", help="Memory that parsing the files may take.")
]
MaxSeconds = Annotated[
    int, typer.Option("--max-seconds", min=1, metavar="SECONDS", help="Time that parsing the files may take.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Queue the work for a running server, and return at once.")]
SOURCE_HELP = "A path, a quoted pattern ('data/*.jsonl'), https:…, hf:OWNER/NAME, kaggle:…, s3:…, or sample:NAME."
Priority = Annotated[
    int,
    typer.Option(
        "--priority",
        min=-1000,
        max=1000,
        metavar="N",
        help="Place in the line before the device: the highest goes first; of equal ones, the one asked for first.",
    ),
]

Engine = Annotated[
    choices.EngineName,
    typer.Option("--engine", help="Where to do it: this machine, or a cluster that `brewslm engines` knows."),
]


def moment(text: str) -> datetime:
    """Read a moment: a date, with or without a time, in the reader's time zone where it names none; or an age.

    Raises:
        typer.BadParameter: it is neither.
    """
    number, unit = text[:-1], text[-1:]
    try:
        if unit in _UNITS and number.isdecimal():
            return datetime.now(UTC) - timedelta(**{_UNITS[unit]: int(number)})
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        message = f"{text!r} is no moment; write 2026-11-29, 2026-11-29T14:30, or an age such as 90m, 6h, 2d"
        raise typer.BadParameter(message) from None


def severity(text: str) -> str:
    """Read a severity."""
    return _one_of(text, get_args(choices.Severity))


def stage_of_events(text: str) -> str:
    """Read a stage of events."""
    return _one_of(text, get_args(choices.EventStage))


def reason(text: str) -> str:
    """Read a reason of events."""
    from brewslm.core.events.reasons import Reason

    return _one_of(text, tuple(Reason))


def _one_of(text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        from brewslm.services.reading.strict import nearest

        message = f"{text!r} is not known; {nearest(text, list(known))}"
        raise typer.BadParameter(message)
    return text


_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
OfSeverity = Annotated[
    list[str] | None,
    typer.Option(
        "--severity",
        parser=severity,
        metavar="SEVERITY",
        help=f"Only these: {', '.join(get_args(choices.Severity))}. Repeatable.",
    ),
]
OfStage = Annotated[
    list[str] | None,
    typer.Option(
        "--stage", parser=stage_of_events, metavar="STAGE", help="Only of this stage, e.g. training. Repeatable."
    ),
]
OfReason = Annotated[
    list[str] | None,
    typer.Option(
        "--reason", parser=reason, metavar="REASON", help="Only for this reason (`brewslm reasons`). Repeatable."
    ),
]
OfRun = Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only this run, e.g. train-7.")]
OfActor = Annotated[str | None, typer.Option("--actor", metavar="NAME", help="Only what was done by cli, api, …")]
OfText = Annotated[
    str | None,
    typer.Option("--text", metavar="TEXT", help="Only with this in summary or payload, such as an artifact's id."),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since", parser=moment, metavar="WHEN", help="A date, a date with a time, or how long ago: 2d, 6h, 90m."
    ),
]
Until = Annotated[datetime | None, typer.Option("--until", parser=moment, metavar="WHEN", help="Only before then.")]


def choice_of_events(
    house: "House",
    *,
    project: int | None,
    run: str | None = None,
    severity: list[str] | None = None,
    stage: list[str] | None = None,
    reason: list[str] | None = None,
    actor: str | None = None,
    text: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> "EventChoice":
    """Return what these options choose.

    Raises:
        NotFoundError: there is no such project.
    """
    from brewslm.core.events.choice import EventChoice
    from brewslm.core.events.reasons import Reason
    from brewslm.core.ids import RunId

    return EventChoice(
        project_id=None if project is None else house.projects.get(id_of(project)).id,
        run_id=None if run is None else RunId(run),
        severities=cast(tuple[choices.Severity, ...], tuple(severity or ())),
        stages=cast(tuple[choices.EventStage, ...], tuple(stage or ())),
        reasons=tuple(map(Reason, reason or ())),
        actor=actor,
        text=text,
        since=since,
        until=until,
    )


def id_of(project: int) -> "ids.ProjectId":
    """The project that an option names."""
    from brewslm.core.ids import ProjectId as OfProject

    return OfProject(project)

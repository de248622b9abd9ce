"""`brewslm gates …`: what waits for a person, the decisions, and who decides at the end of a stage."""

from typing import TYPE_CHECKING, Annotated, get_args

import typer

from brewslm.cli import choices, options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.outcome.approval import StageGate

app = typer.Typer(help="Gates: whether what a stage made may be used.", no_args_is_help=True)

Where = Annotated[
    list[str],
    typer.Argument(metavar="PROJECT STAGE|JOB", help="A project and a stage, such as `1 train`; or the id of a job."),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; kept with the decision.")]
ProjectNumber = Annotated[int, typer.Argument(metavar="PROJECT", min=1, help="The project's id.")]


@app.command("list")
def list_(
    project: options.AnyProject = None,
    is_all: Annotated[bool, typer.Option("--all", help="Those that were decided, too.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """List what waits for a person."""
    from brewslm.cli.render.gates import gate_table
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId
    from brewslm.core.outcome.approval import GateState

    session = open_session(is_json=as_json)
    project_id = ProjectId(project) if project is not None else None
    found = session.house.gates.list(project_id=project_id, state=None if is_all else GateState.WAITING)
    session.answer(found, gate_table(found) if found else "Nothing waits at a gate.")


@app.command("approve")
def approve(where: Where, note: Note = "", as_json: options.AsJson = False) -> None:
    """Let pass what a stage made; a flow that waits for it goes on."""
    _decide(where, note, is_approved=True, as_json=as_json)


@app.command("reject")
def reject(where: Where, note: Note = "", as_json: options.AsJson = False) -> None:
    """Keep what a stage made from being used; a flow that waits for it ends."""
    _decide(where, note, is_approved=False, as_json=as_json)


@app.command("set")
def set_(
    project: ProjectNumber,
    stage: Annotated[choices.Stage, typer.Argument(metavar="STAGE", help="Such as train.")],
    mode: Annotated[choices.GateMode, typer.Argument(help="Who decides.")],
    as_json: options.AsJson = False,
) -> None:
    """Say who decides at the end of a stage: its own checks, a language model besides, or a person."""
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    found = session.house.gates.set_mode(ProjectId(project), stage, mode)
    session.answer(found, f"The gate of {stage} in project {project} is {mode}.")


@app.command("modes")
def modes(project: ProjectNumber, as_json: options.AsJson = False) -> None:
    """Tell who decides at the end of each stage."""
    from brewslm.cli.render.parts import facts
    from brewslm.cli.session import open_session
    from brewslm.core.ids import ProjectId

    session = open_session(is_json=as_json)
    found = session.house.gates.modes(ProjectId(project))
    session.answer(found, facts([(str(stage), str(mode)) for stage, mode in found.items()]))


def _decide(where: list[str], note: str, *, is_approved: bool, as_json: bool) -> None:
    from brewslm.cli.render.parts import next_steps
    from brewslm.cli.session import open_session
    from brewslm.core.outcome.approval import GateState

    session = open_session(is_json=as_json)
    state = GateState.APPROVED if is_approved else GateState.REJECTED
    gate = session.house.gates.decide(_gate(session, where).id, state, note=note)
    line = f"Gate {gate.id} of {gate.stage} (job {gate.job_id}) is {gate.state}."
    if gate.flow_id is None:
        session.answer(gate, line)
        return
    session.answer(gate, line, next_steps((f"brewslm jobs watch {gate.flow_id}", "take up the flow that waited")))


def _gate(session: "Session", where: list[str]) -> "StageGate":
    """Return the gate that the words name.

    Raises:
        typer.BadParameter: they name none.
    """
    from brewslm.core.ids import JobId, ProjectId

    match where:
        case [job] if job.isdecimal():
            return session.house.gates.of_job(JobId(int(job)))
        case [project, stage] if project.isdecimal():
            for known in get_args(choices.Stage):
                if stage == known:
                    return session.house.gates.waiting(ProjectId(int(project)), known)
    message = f"{' '.join(where)!r} is neither a job such as 7 nor a project and a stage such as `1 train`"
    raise typer.BadParameter(message, param_hint="PROJECT STAGE|JOB")

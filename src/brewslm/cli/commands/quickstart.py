"""`brewslm quickstart`: the whole lifecycle on a bundled sample, offline, with a report at the end."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.bootstrap.house import House
    from brewslm.cli.render.quickstart import Outcome
    from brewslm.cli.session import Session
    from brewslm.core.ids import JobId
    from brewslm.core.job import Job, JobKind
    from brewslm.core.project import Project
    from brewslm.core.value import Value
    from brewslm.services.requests import AutopilotRequest

NAME = "quickstart"


def quickstart(
    sample: Annotated[str, typer.Option("--sample", metavar="NAME", help="A bundled sample.")] = "general-chat-v1",
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Export and deploy although a gate of the evaluation failed.")
    ] = False,
    profile: options.Profile = "balanced",
    overrides: options.Overrides = None,
    as_json: options.AsJson = False,
) -> None:
    """Run all eleven stages on a bundled sample: a few minutes, offline, on a CPU. Exit code 1 where a gate failed."""
    from brewslm.cli.failures import say_error
    from brewslm.cli.recipe_options import overrides_from
    from brewslm.cli.render.quickstart import answer_of, report_page
    from brewslm.cli.render.training import failed_gates
    from brewslm.cli.session import open_session
    from brewslm.core.errors import InvalidRequestError
    from brewslm.core.recipe.building import check_fields
    from brewslm.services.requests import AutopilotRequest

    fixed = overrides_from(overrides)
    check_fields(fixed)
    session = open_session(is_json=as_json)
    known = session.house.ports.sources.samples()
    if sample not in known:
        message = f"there is no sample {sample!r}; choose one of {', '.join(known)}"
        raise InvalidRequestError(message)
    began = time.monotonic()
    project = new_project(session.house)
    session.note(f"Project {project.id} {project.name!r}: sample {sample} on base model {project.base_model}")
    session.note(f"Workspace {session.settings.home}. Ctrl-C leaves; what was done is kept.")
    session.note("")
    prompts = session.house.ports.sources.sample_prompts(sample)
    request = AutopilotRequest(profile=profile, overrides=fixed, prompts=prompts)
    outcome = _run(session, project, sample, request, keep_going=keep_going, began=began)
    session.answer(answer_of(outcome), *([] if as_json else report_page(outcome, session.out)))
    if problem := failed_gates(outcome.evaluation.gates):
        say_error(problem if keep_going else f"{problem}; run it again with --keep-going to export all the same")
        raise typer.Exit(1)


def new_project(house: "House") -> "Project":
    """Create `quickstart`, or `quickstart-2`, `quickstart-3`, … where that is taken."""
    taken = {project.name for project in house.projects.list()}
    number = 1
    while (name := NAME if number == 1 else f"{NAME}-{number}") in taken:
        number += 1
    return house.projects.create(name)


def _run(
    session: "Session", project: "Project", sample: str, request: "AutopilotRequest", *, keep_going: bool, began: float
) -> "Outcome":
    from brewslm.cli.progress.follow import screen, work
    from brewslm.cli.progress.view import Lookout
    from brewslm.cli.render.quickstart import Outcome
    from brewslm.cli.session import completed, made_by
    from brewslm.core.artifacts.adapter import Adapter
    from brewslm.core.artifacts.bundle import Bundle
    from brewslm.core.artifacts.dataset import Dataset
    from brewslm.core.artifacts.eval_report import EvalReport
    from brewslm.core.artifacts.release import Release
    from brewslm.services.requests import ImportRequest
    from brewslm.stages.deploy.contract import DEFAULT_PROMPTS, DeployInputs
    from brewslm.stages.export.contract import ExportInputs

    shelf, lookout = session.shelf(project.id), Lookout(session.house)
    with screen(session.err) as show:
        do = _doer(
            session,
            project,
            lambda job_id: work(session.house, session.err, job_id, lambda: show(lookout.at_project(project.id))),
        )
        completed(do("import", ImportRequest(locator=f"sample:{sample}")))
        tuned = completed(do("autopilot", request))
        evaluation = shelf.read(EvalReport, made_by(tuned))
        bundle = release = None
        if keep_going or all(gate.passed for gate in evaluation.gates):
            wanted = ExportInputs(adapter_id=evaluation.adapter_id, eval_report_id=evaluation.id, target="vllm")
            bundle = shelf.read(Bundle, made_by(completed(do("export", wanted))))
            smoke = DeployInputs(bundle_id=bundle.id, prompts=request.prompts[:2] or DEFAULT_PROMPTS)
            release = shelf.read(Release, made_by(completed(do("deploy", smoke))))
    current = session.house.projects.current(project.id, "clean", "map_commit")
    return Outcome(
        project=project,
        sample=sample,
        stages=lookout.at_project(project.id).rows,
        dataset=shelf.read(Dataset, current or made_by(tuned)),
        adapter=shelf.read(Adapter, evaluation.adapter_id),
        evaluation=evaluation,
        bundle=bundle,
        bundle_folder=shelf.path(bundle.folder) if bundle is not None else None,
        release=release,
        release_version=max((row.version for row in session.house.releases.list(project.id)), default=None),
        home=session.settings.home,
        seconds=time.monotonic() - began,
    )


def _doer(
    session: "Session", project: "Project", follow: "Callable[[JobId], Job]"
) -> "Callable[[JobKind, Value], Job]":
    def do(kind: "JobKind", request: "Value") -> "Job":
        return follow(session.house.jobs.submit(project.id, kind, request).id)

    return do

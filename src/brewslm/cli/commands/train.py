"""`brewslm train`: launch the newest plan, or let the autopilot do everything that is missing."""

from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import choices, options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.checkpoints.fork import Fork
    from brewslm.core.ids import ProjectId
    from brewslm.core.job import Job, JobKind
    from brewslm.core.value import Value


def train(
    project: options.ProjectId,
    is_autopilot: Annotated[
        bool, typer.Option("--autopilot", help="Clean, prepare, plan, train and evaluate, where it is missing.")
    ] = False,
    is_one_click: Annotated[
        bool, typer.Option("--one-click", help="With --autopilot: launch at once; without it, stop after the plan.")
    ] = False,
    profile: Annotated[
        choices.Profile | None, typer.Option("--profile", help="With --autopilot: how much work the plan may be.")
    ] = None,
    mode: options.Mode = None,
    base_model: options.BaseModel = None,
    overrides: options.Overrides = None,
    max_seq_len: options.MaxSeqLen = None,
    prompts: options.Prompts = None,
    fork: Annotated[
        str | None,
        typer.Option(
            "--fork",
            metavar="EXPERIMENT[:STEP|:best|:last]",
            help="Begin with the weights of an earlier experiment's checkpoint: the best one, if no other is named.",
        ),
    ] = None,
    guard: Annotated[
        str | None,
        typer.Option(
            "--guard",
            metavar="TOKEN",
            help="With --autopilot: launch the plan that `brewslm preflight --plan` showed with it, or plan anew where "
            "the project has changed since.",
        ),
    ] = None,
    priority: options.Priority = 0,
    detach: options.Detach = False,
    as_json: options.AsJson = False,
) -> None:
    """08: train an adapter. Without --autopilot the plan of the newest `brewslm preflight` is launched as it is."""
    from brewslm.cli.recipe_options import fork_from, overrides_from
    from brewslm.cli.session import open_session, validated
    from brewslm.core.ids import ProjectId
    from brewslm.services.requests import AutopilotRequest

    only_autopilot = {
        "--one-click": is_one_click or None,
        "--profile": profile,
        "--mode": mode,
        "--base-model": base_model,
        "--set": overrides,
        "--max-seq-len": max_seq_len,
        "--prompt": prompts,
        "--guard": guard,
    }
    if not is_autopilot:
        for option, value in only_autopilot.items():
            if value is not None:
                message = "needs --autopilot; without it the newest preflight's plan is launched unchanged"
                raise typer.BadParameter(message, param_hint=option)
    fixed = overrides_from(overrides, mode=mode)
    begins = fork_from(fork) if fork is not None else None
    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    if begins is not None:
        session.house.forks.check(project_id, begins)
    if not is_autopilot:
        _launch(session, project_id, begins, priority=priority, is_detached=detach)
        return
    request = validated(
        AutopilotRequest,
        one_click=is_one_click,
        profile=profile or "balanced",
        base_model=base_model,
        max_seq_len=max_seq_len,
        overrides=fixed,
        prompts=tuple(prompts or ()),
        fork=begins,
        guard=guard,
    )
    job = begin(session, project_id, "autopilot", request, priority=priority, is_detached=detach)
    if job is not None:
        (show_result if is_one_click else _show_plan)(session, job)


def _launch(
    session: "Session", project_id: "ProjectId", fork: "Fork | None", *, priority: int, is_detached: bool
) -> None:
    from brewslm.cli.newest import newest
    from brewslm.cli.render.training import adapter_page
    from brewslm.cli.session import product, told
    from brewslm.core.artifacts.adapter import Adapter
    from brewslm.core.artifacts.readiness import Readiness
    from brewslm.stages.train.contract import TrainInputs

    readiness_id = newest(session, project_id, "preflight")
    readiness = session.shelf(project_id).read(Readiness, readiness_id)
    inputs = TrainInputs(readiness_id=readiness_id, manifest_id=readiness.manifest_id, fork=fork)
    job = begin(session, project_id, "train", inputs, priority=priority, is_detached=is_detached)
    if job is None:
        return
    made = product(session, job, Adapter)
    follow_up = session.next_steps(
        job,
        (f"brewslm results {job.id}", "every figure, beside the base's"),
        (f"brewslm evaluate --project {project_id}", "compare it with its base"),
    )
    session.answer(told(job, made), *adapter_page(made), follow_up)


def begin(
    session: "Session",
    project_id: "ProjectId",
    kind: "JobKind",
    request: "Value",
    *,
    priority: int = 0,
    is_detached: bool,
) -> "Job | None":
    """Do the work here and return its job; queue it and return None where it is left to a server."""
    if not is_detached:
        return session.do(project_id, kind, request, priority=priority)
    session.leave_queued(session.house.jobs.submit(project_id, kind, request, priority=priority))
    return None


def show_result(session: "Session", job: "Job") -> None:
    """Show the comparison that an autopilot ended with."""
    from brewslm.cli.render.training import evaluation_page
    from brewslm.cli.session import product, told
    from brewslm.core.artifacts.eval_report import EvalReport

    report = product(session, job, EvalReport)
    follow_up = session.next_steps(
        job,
        (f"brewslm results {job.id}", "every figure of the training, beside the base's"),
        (f"brewslm export --project {job.project_id} --format huggingface --target vllm", "make a bundle of it"),
    )
    session.answer(told(job, report), *evaluation_page(report), follow_up)


def _show_plan(session: "Session", job: "Job") -> None:
    from brewslm.cli.commands.preflight import BLOCKED
    from brewslm.cli.render.training import checks_page, plan_page
    from brewslm.cli.session import product, told
    from brewslm.core.artifacts.readiness import Readiness

    readiness = product(session, job, Readiness)
    follow_up = session.next_steps(job, (f"brewslm train --project {job.project_id}", "launch this plan"))
    session.answer(
        told(job, readiness), *checks_page(readiness), *plan_page(readiness.plan, guard=readiness.guard), follow_up
    )
    if readiness.verdict == "blocked":
        raise typer.Exit(BLOCKED)

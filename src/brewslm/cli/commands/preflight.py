"""`brewslm preflight`: will this run, and at what cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brewslm.cli import choices, options

if TYPE_CHECKING:
    from brewslm.cli.session import Session
    from brewslm.core.artifacts.manifest import Manifest
    from brewslm.core.ids import ProjectId

BLOCKED = 1


def preflight(
    project: options.ProjectId,
    task: Annotated[choices.Task, typer.Option("--task", help="What the model is trained to do.")] = "causal_lm",
    has_plan: Annotated[bool, typer.Option("--plan", help="Show every value of the plan and the forecast.")] = False,
    profile: options.Profile = "balanced",
    mode: options.Mode = None,
    base_model: options.BaseModel = None,
    overrides: options.Overrides = None,
    config: Annotated[Path | None, typer.Option("--config", help="A YAML file of recipe fields.")] = None,
    max_seq_len: options.MaxSeqLen = None,
    is_strict: Annotated[
        bool,
        typer.Option(
            "--strict/--no-strict",
            help="Block on whatever blocks; or only on what no launch could survive, such as data that has changed.",
        ),
    ] = True,
    tests_alerts: Annotated[
        bool, typer.Option("--test-alerts", help="Send a test message on each alert channel now.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """07: check that a training can succeed, plan it, and forecast its cost. Exit code 1 where something blocks."""
    from brewslm.cli.recipe_options import overrides_from, overrides_in
    from brewslm.cli.render.training import checks_page, plan_page
    from brewslm.cli.session import open_session, product, told
    from brewslm.core.artifacts.readiness import Readiness
    from brewslm.core.ids import ProjectId
    from brewslm.core.recipe.building import check_fields
    from brewslm.stages.preflight.contract import PreflightInputs

    flags = overrides_from(overrides, mode=mode)
    written = overrides_in(config) if config is not None else {}
    check_fields(written | flags)
    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    manifest = prepared(session, project_id, base_model=base_model, max_seq_len=max_seq_len)
    inputs = PreflightInputs(
        manifest_id=manifest.id,
        base_model=manifest.base_model,
        task=task,
        profile=profile,
        overrides=written | flags,
        file_fields=tuple(sorted(set(written) - set(flags))),
        is_strict=is_strict,
        tests_alerts=tests_alerts,
    )
    job = session.do(project_id, "preflight", inputs)
    readiness = product(session, job, Readiness)
    parts = [*checks_page(readiness), *(plan_page(readiness.plan, guard=readiness.guard) if has_plan else ())]
    if readiness.verdict == "ready":
        parts.append(
            session.next_steps(
                job,
                (f"brewslm train --project {project}", "launch this plan"),
                (f"brewslm train --project {project} --autopilot --one-click", "clean, prepare, plan and launch anew"),
            )
        )
    session.answer(told(job, readiness), *parts)
    if readiness.verdict == "blocked":
        raise typer.Exit(BLOCKED)


def prepared(
    session: "Session", project_id: "ProjectId", *, base_model: str | None, max_seq_len: int | None
) -> "Manifest":
    """Return the activated manifest where it fits, else that of the newest dataset; prepares it where it is missing."""
    from brewslm.cli.newest import newest
    from brewslm.cli.session import product
    from brewslm.core.artifacts.golden import Golden
    from brewslm.core.artifacts.manifest import Manifest
    from brewslm.services.preparing import fits_request, is_prepared_for, preparation_for

    shelf = session.shelf(project_id)
    activated = session.house.projects.activated_manifest(project_id)
    if activated is not None:
        manifest = shelf.read(Manifest, activated)
        if fits_request(manifest, base_model=base_model, max_seq_len=max_seq_len):
            return manifest
    dataset_id = newest(session, project_id, "clean", "map_commit")
    project = session.house.projects.get(project_id)
    choices = {"base_model": base_model, "max_seq_len": max_seq_len}
    wanted = preparation_for(project, dataset_id, session.house.ports.base_models, choices)
    manifest_id = session.house.projects.current(project_id, "prepare")
    if manifest_id is not None:
        manifest = shelf.read(Manifest, manifest_id)
        if is_prepared_for(manifest, wanted, [golden.id for golden in shelf.all(Golden)]):
            return manifest
    session.note(f"The newest dataset is not prepared for {wanted.base_model!r} yet; preparing it first.")
    return product(session, session.do(project_id, "prepare", wanted), Manifest)

"""`brewslm deploy`."""

from brewslm.cli import options


def deploy(
    project: options.ProjectId,
    prompts: options.Prompts = None,
    priority: options.Priority = 0,
    as_json: options.AsJson = False,
) -> None:
    """11: load the newest bundle in a fresh process, let it answer, and register it as a release candidate."""
    from brewslm.cli.newest import newest
    from brewslm.cli.render.parts import facts, heading, indented, next_steps
    from brewslm.cli.session import open_session, product, told
    from brewslm.cli.text import excerpt
    from brewslm.core.artifacts.release import Release
    from brewslm.core.ids import ProjectId
    from brewslm.stages.deploy.contract import DEFAULT_PROMPTS, DeployInputs

    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    inputs = DeployInputs(
        bundle_id=newest(session, project_id, "export"), prompts=tuple(prompts or ()) or DEFAULT_PROMPTS
    )
    job = session.do(project_id, "deploy", inputs, priority=priority)
    made = product(session, job, Release)
    row = next(one for one in reversed(session.house.releases.list(project_id)) if one.release_id == made.id)
    answers = [(excerpt(one.prompt, 40), excerpt(one.answer, 200)) for one in made.smoke]
    promote = f"brewslm releases promote v{row.version} --project {project} --reason TEXT"
    session.answer(
        told(job, made, release=row),
        f"Release v{row.version} ({row.state}) of {made.bundle_id}, loaded by {made.runtime}",
        heading("\nSmoke test"),
        indented(facts(answers)),
        next_steps((promote, "let it answer clients")),
    )

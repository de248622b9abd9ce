"""`brewslm deploy`."""

from typing import TYPE_CHECKING

from brewslm.cli import options

if TYPE_CHECKING:
    from brewslm.core.drift.likeness import Likeness


def deploy(
    project: options.ProjectId,
    prompts: options.Prompts = None,
    at: options.UpstreamUrl = None,
    model: options.UpstreamModel = None,
    key_env: options.UpstreamKey = None,
    priority: options.Priority = 0,
    as_json: options.AsJson = False,
) -> None:
    """11: load the newest bundle in a fresh process, let it answer, and register it as a release candidate.

    With --at, a runtime that you have started with the bundle (vLLM, Ollama, any OpenAI-compatible server) answers for
    the release: it is asked the same, and refused where it answers otherwise.
    """
    from brewslm.cli.newest import newest
    from brewslm.cli.render.parts import facts, heading, indented, next_steps
    from brewslm.cli.session import open_session, product, told, validated
    from brewslm.cli.text import excerpt
    from brewslm.core.artifacts.release import Release
    from brewslm.core.errors import InvalidRequestError
    from brewslm.core.ids import ProjectId
    from brewslm.core.serving.upstream import Upstream
    from brewslm.stages.deploy.contract import DEFAULT_PROMPTS, DeployInputs

    if at is None and (model or key_env):
        raise InvalidRequestError("--model and --key-env are for a runtime; name its address, too: --at URL")
    session = open_session(is_json=as_json)
    project_id = ProjectId(project)
    inputs = DeployInputs(
        bundle_id=newest(session, project_id, "export"),
        prompts=tuple(prompts or ()) or DEFAULT_PROMPTS,
        upstream=validated(Upstream, url=at, model=model, key_env=key_env) if at else None,
    )
    job = session.do(project_id, "deploy", inputs, priority=priority)
    made = product(session, job, Release)
    row = next(one for one in reversed(session.house.releases.list(project_id)) if one.release_id == made.id)
    answers = [(excerpt(one.prompt, 40), excerpt(one.answer, 200)) for one in made.smoke]
    by = "loaded by" if made.upstream is None else "answered by"
    promote = f"brewslm releases promote v{row.version} --project {project} --reason TEXT"
    session.answer(
        told(job, made, release=row),
        f"Release v{row.version} ({row.state}) of {made.bundle_id}, {by} {made.runtime}",
        *([] if made.likeness is None else [f"It answers as the bundle does: {_likeness(made.likeness)}"]),
        heading("\nSmoke test"),
        indented(facts(answers)),
        next_steps((promote, "let it answer clients")),
    )


def _likeness(found: "Likeness") -> str:
    if not found.num_tokens:
        return f"the same words to {found.num_prompts} prompts (it tells no log-probabilities)"
    apart = f"{found.largest_logprob_difference:.4f} nats apart at most"
    return f"{found.num_prompts} prompts, {found.num_tokens} tokens, {apart} (measured)"

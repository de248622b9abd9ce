"""The runbook of a deployment."""

from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.release import Release, SmokeAnswer
from brewslm.core.context import StageContext
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Deployment
from brewslm.core.events.reasons import Reason
from brewslm.core.stage import Stage
from brewslm.stages.deploy.answering import answered, handed_over
from brewslm.stages.deploy.contract import CONTRACT, DeployInputs


def run(inputs: DeployInputs, context: StageContext) -> Release:
    """Load the bundle from its own folder in a fresh process and let it answer; then the runtime of others, if any."""
    bundle = context.shelf.read(Bundle, inputs.bundle_id)
    if inputs.upstream is not None:
        return handed_over(inputs, inputs.upstream, bundle, context)
    result = answered(inputs.prompts, inputs, bundle, context)
    return Release(
        bundle_id=bundle.id,
        runtime=result.runtime,
        smoke=tuple(
            SmokeAnswer(prompt=prompt, answer=answer.text, num_tokens=answer.num_tokens)
            for prompt, answer in zip(inputs.prompts, result.answers, strict=True)
        ),
    )


def report(release: Release) -> Draft:
    """Say that the candidate answered."""
    summary = f"Bundle {release.bundle_id} answered {len(release.smoke)} smoke prompts and is a release candidate"
    if release.likeness is not None:
        summary = f"{release.runtime} answers {release.likeness.num_prompts} prompts as bundle {release.bundle_id} does"
        summary += ", and is a release candidate"
    return Draft(
        reason=Reason.DEPLOYMENT,
        summary=summary,
        payload=Deployment(release_id=release.id, runtime=release.runtime),
    )


DEPLOY: Stage[DeployInputs, Release] = Stage(
    name="deploy",
    title="Deploy",
    inputs=DeployInputs,
    output=Release,
    consumes=("bundle", "adapter"),
    contract=CONTRACT,
    run=run,
    report=report,
    optional=True,
)

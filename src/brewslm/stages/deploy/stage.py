"""The runbook of a deployment."""

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.release import Release, SmokeAnswer
from brewslm.core.context import StageContext
from brewslm.core.data.example import Message
from brewslm.core.errors import WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Deployment
from brewslm.core.events.reasons import Reason
from brewslm.core.experiment import experiment_folder
from brewslm.core.stage import Stage
from brewslm.core.wire.export import GGUF_FILE
from brewslm.core.wire.order import GenerateOrder
from brewslm.core.wire.result import GenerateResult
from brewslm.stages.deploy.contract import CONTRACT, DeployInputs


def run(inputs: DeployInputs, context: StageContext) -> Release:
    """Load the bundle from its own folder in a fresh process and let it answer."""
    bundle = context.shelf.read(Bundle, inputs.bundle_id)
    adapter = context.shelf.read(Adapter, bundle.adapter_id)
    order = GenerateOrder(
        model_folder=str(context.shelf.path(f"{bundle.folder}/{_model_in(bundle)}")),
        prompts=tuple((Message(role="user", content=prompt),) for prompt in inputs.prompts),
        max_new_tokens=inputs.max_new_tokens,
    )
    name = f"{experiment_folder(adapter.experiment_id)}/deploy-{context.job_id}"
    result = context.workers.run(order, name=name)
    if not isinstance(result, GenerateResult):
        message = f"the worker in {name} answered a {result.kind!r} order, not a generation"
        raise WorkerError(message, reason=Reason.DEPLOYMENT_SMOKE_FAILED)
    return Release(
        bundle_id=bundle.id,
        runtime=result.runtime,
        smoke=tuple(
            SmokeAnswer(prompt=prompt, answer=answer.text, num_tokens=answer.num_tokens)
            for prompt, answer in zip(inputs.prompts, result.answers, strict=True)
        ),
    )


def _model_in(bundle: Bundle) -> str:
    return GGUF_FILE if bundle.format == "gguf" else "model"


def report(release: Release) -> Draft:
    """Say that the candidate answered."""
    return Draft(
        reason=Reason.DEPLOYMENT,
        summary=f"Bundle {release.bundle_id} answered {len(release.smoke)} smoke prompts and is a release candidate",
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

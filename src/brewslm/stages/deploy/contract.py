"""What a deployment needs, and what must hold."""

from brewslm.core.artifacts.base import BundleId
from brewslm.core.artifacts.bundle import Bundle, served_name
from brewslm.core.artifacts.release import Release
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.errors import WorkerError
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.serving.upstream import Upstream
from brewslm.core.value import Value
from brewslm.stages.deploy.checksums import damage_of

DEFAULT_PROMPTS = ("Hello!", "What can you help me with?")


class DeployInputs(Value):
    """A bundle, and prompts for its smoke test."""

    bundle_id: BundleId
    prompts: tuple[str, ...] = DEFAULT_PROMPTS
    max_new_tokens: int = 64
    upstream: Upstream | None = None
    """A runtime of others that answers for the release, once it has answered as the bundle does; None loads the bundle
    into a process of its own."""


def named(upstream: Upstream, names: tuple[str, ...], project: str) -> str | None:
    """Return the model's name, of those that a runtime has; None where it is not said and not plain."""
    if upstream.model is None and len(names) == 1:
        return names[0]
    wanted = upstream.model or served_name(project)
    # Ollama puts a tag behind each name.
    return next((name for name in (wanted, f"{wanted}:latest") if name in names), None)


def _matches_checksums(inputs: DeployInputs, context: StageContext) -> Finding | None:
    return damage_of(context.shelf.read(Bundle, inputs.bundle_id), context.shelf.path)


def _is_whole_model(inputs: DeployInputs, context: StageContext) -> Finding | None:
    bundle = context.shelf.read(Bundle, inputs.bundle_id)
    if bundle.format != "adapter" or inputs.upstream is not None:
        return None
    return Finding(
        check="whole_model",
        level="block",
        seen="The bundle holds an adapter and not the model that it belongs to.",
        next_step="Export it with --format huggingface or gguf, or deploy it --at a runtime that has the base.",
        reason=Reason.EXPORT_FORMAT_UNSUPPORTED,
    )


def _has_model(inputs: DeployInputs, context: StageContext) -> Finding | None:
    upstream = inputs.upstream
    if upstream is None:
        return None
    next_step = (
        "See that it runs with this bundle, that the address is its base, which often ends with /v1, and that key_env "
        "names the variable with its key, where it wants one."
    )
    try:
        names = context.open_upstream(upstream).models()
    except WorkerError as error:
        seen = f"{error}."
    else:
        if named(upstream, names, context.project.name) is not None:
            return None
        has = ", ".join(map(repr, names[:8])) or "no model"
        seen = f"The runtime at {upstream.url} has {has}" + (
            f", and not {upstream.model!r}." if upstream.model else "."
        )
        next_step = "Name the one that the bundle is: --model NAME." if names else next_step
    return Finding(
        check="upstream", level="block", seen=seen, next_step=next_step, reason=Reason.DEPLOYMENT_SMOKE_FAILED
    )


def _has_answered(output: Release, _context: StageContext) -> Finding | None:
    if output.smoke and all(answer.num_tokens > 0 for answer in output.smoke):
        return None
    return Finding(
        check="answered",
        level="block",
        seen="The bundle gave an empty answer in its smoke test.",
        next_step="Look at the evaluation's answers, then train or export again.",
        reason=Reason.DEPLOYMENT_SMOKE_FAILED,
    )


CONTRACT: Contract[DeployInputs, Release] = Contract(
    before=(
        Before("whole_model", "The bundle holds a whole model.", _is_whole_model),
        Before("checksums", "Every file of the bundle matches its checksum.", _matches_checksums),
        Before("upstream", "A runtime of others answers, and has the model.", _has_model),
    ),
    after=(After("answered", "The model gave an answer to every prompt of the smoke test.", _has_answered),),
)

"""The answers of a smoke test: the bundle's own, and those of a runtime that it was handed to."""

import itertools
import json

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.release import Release, SmokeAnswer
from brewslm.core.context import StageContext
from brewslm.core.data.example import Message
from brewslm.core.drift.golden import tolerance_of
from brewslm.core.drift.likeness import BundleAnswer, likeness_of, unlike
from brewslm.core.errors import WorkerError
from brewslm.core.events.reasons import Reason
from brewslm.core.experiment import experiment_folder
from brewslm.core.serving.upstream import Upstream
from brewslm.core.wire.export import GGUF_FILE
from brewslm.core.wire.order import GenerateOrder
from brewslm.core.wire.result import GenerateResult
from brewslm.stages.deploy.contract import DeployInputs, named

MAX_COMPARED = 16
"""Prompts of the evaluation that a runtime is asked, beside those of the smoke test."""


def answered(
    prompts: tuple[str, ...], inputs: DeployInputs, bundle: Bundle, context: StageContext, *, is_scored: bool = False
) -> GenerateResult:
    """Let a fresh worker load the bundle and answer.

    Raises:
        WorkerError: it ended without answers.
    """
    adapter = context.shelf.read(Adapter, bundle.adapter_id)
    model, tuned = str(context.shelf.path(f"{bundle.folder}/{_model_in(bundle)}")), None
    if bundle.format == "adapter":
        model, tuned = str(context.base_models.locate(adapter.base_model)), model
    order = GenerateOrder(
        model_folder=model,
        tuned_folder=tuned,
        prompts=tuple((Message(role="user", content=prompt),) for prompt in prompts),
        max_new_tokens=inputs.max_new_tokens,
        is_scored=is_scored,
    )
    name = f"{experiment_folder(adapter.experiment_id)}/deploy-{context.job_id}"
    result = context.workers.run(order, name=name)
    if not isinstance(result, GenerateResult):
        message = f"the worker in {name} answered a {result.kind!r} order, not a generation"
        raise WorkerError(message, reason=Reason.DEPLOYMENT_SMOKE_FAILED)
    return result


def handed_over(inputs: DeployInputs, upstream: Upstream, bundle: Bundle, context: StageContext) -> Release:
    """Ask the runtime what the bundle is asked, and make a release of it where it answers the same.

    Raises:
        WorkerError: it does not answer, or as something else than the bundle.
    """
    runtime = context.open_upstream(upstream)
    model = named(upstream, runtime.models(), context.project.name)
    if model is None:
        message = f"the model at {upstream.url} went away while it was looked at; deploy again"
        raise WorkerError(message, reason=Reason.DEPLOYMENT_SMOKE_FAILED)
    prompts = tuple(dict.fromkeys((*inputs.prompts, *_evaluated(bundle, context))))
    result = answered(prompts, inputs, bundle, context, is_scored=True)
    ours = [
        BundleAnswer(prompt=prompt, prompt_tokens=one.prompt_tokens, text=one.text, logprobs=one.logprobs)
        for prompt, one in zip(prompts, result.answers, strict=True)
    ]
    theirs, tolerance = [], tolerance_of(_dtype(bundle, context))
    for number, one in enumerate(ours, start=1):
        theirs.append(runtime.ask(model, one.prompt, max_tokens=inputs.max_new_tokens))
        how = unlike(one, theirs[-1], tolerance=tolerance)
        if how is not None:
            message = f"{model!r} at {upstream.url} does not answer as the bundle does: asked {one.prompt[:60]!r}, "
            message += f"{how}; start it with the model, the number format and the chat template of this bundle"
            raise WorkerError(message, reason=Reason.DEPLOYMENT_SMOKE_FAILED)
        context.progress(number / len(ours), "comparing with the runtime")
    return Release(
        bundle_id=bundle.id,
        runtime=f"{model} at {upstream.url}",
        smoke=tuple(
            SmokeAnswer(prompt=one.prompt, answer=one.text, num_tokens=len(own.logprobs))
            for one, own in zip(theirs[: len(inputs.prompts)], ours, strict=False)
        ),
        upstream=upstream.model_copy(update={"model": model}),
        likeness=likeness_of(ours, theirs),
    )


def _evaluated(bundle: Bundle, context: StageContext) -> tuple[str, ...]:
    """Prompts that the evaluation asked, as the bundle's own smoke file has them."""
    path = context.shelf.path(f"{bundle.folder}/smoke.jsonl")
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8") as lines:
        return tuple(str(json.loads(line)["prompt"]) for line in itertools.islice(lines, MAX_COMPARED))


def _model_in(bundle: Bundle) -> str:
    match bundle.format:
        case "gguf":
            return GGUF_FILE
        case "adapter":
            return "adapter"
        case _:
            return "model"


def _dtype(bundle: Bundle, context: StageContext) -> str:
    """In what a runtime computes, by its launch note: an adapter in what its base is stored in."""
    if bundle.format != "adapter":
        return bundle.dtype
    adapter = context.shelf.read(Adapter, bundle.adapter_id)
    return context.base_models.facts(adapter.base_model).dtype

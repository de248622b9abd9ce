"""The optimize flow: measure the newest bundle here, and set it against what is known about a device."""

from typing import Any

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.optimization import Candidate, DeviceName, Optimization
from brewslm.core.errors import NotFoundError, WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.experiment import experiment_folder
from brewslm.core.wire.order import MeasureOrder
from brewslm.core.wire.result import Measurement, MeasureResult
from brewslm.services.devices import DEVICES, Device
from brewslm.services.flows import FlowOutcome, FlowRun
from brewslm.services.jobs.supervision import Supervisor
from brewslm.services.recording import record_of
from brewslm.services.requests import OptimizeRequest

MEANINGFUL_LOSS = 0.005
"""Losses that differ by less count as equal when candidates are ranked, nats per token."""


def optimize_flow(payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
    """Measure each dtype of the newest bundle and recommend one for the device."""
    target = OptimizeRequest.model_validate(payload).target
    bundle_id = run.current("export")
    project_id = run.claim.job.project_id
    if bundle_id is None:
        message = f"project {project_id} has no bundle; make one with `brewslm export --project {project_id}`"
        raise NotFoundError(message)
    bundle = run.shelf.read(Bundle, bundle_id)
    adapter = run.shelf.read(Adapter, bundle.adapter_id)
    manifest = run.shelf.read(Manifest, adapter.manifest_id)
    order = MeasureOrder(
        model_folder=str(run.shelf.path(f"{bundle.folder}/model")),
        eval_folder=str(run.shelf.path(manifest.split("eval").folder)),
        dtypes=("float32", "bfloat16"),
    )
    supervisor = Supervisor(run.ports, run.claim, run.shelf.path("experiments"))
    name = f"{experiment_folder(adapter.experiment_id)}/measure-{run.claim.job.id}"
    result = supervisor.run(order, name=name)
    if not isinstance(result, MeasureResult):
        message = f"the worker in {name} answered a {result.kind!r} order, not a measurement"
        raise WorkerError(message, reason=Reason.EVALUATION_RUNTIME_ERROR)
    context_length = run.ports.base_models.facts(adapter.base_model).context_length
    optimization = rank(bundle, target, result, context_length=context_length)
    summary = f"Measured {len(result.measurements)} forms for {target}: {optimization.reason}"
    event = Draft(reason=Reason.AUTOPILOT, summary=summary, payload=Autopilot(stages=("optimize",), verdict="measured"))
    made = record_of(optimization, run.claim.job, parents=(bundle.id,), created_at=run.ports.clock.now())
    return FlowOutcome(artifact_id=made.id, event=event, made=made)


def rank(bundle: Bundle, target: DeviceName, result: MeasureResult, *, context_length: int) -> Optimization:
    """Order the candidates: those that fit first, then by loss in steps of `MEANINGFUL_LOSS`, then by memory."""
    device = DEVICES[target]
    candidates = [_candidate(measured, device, context_length) for measured in result.measurements]
    best_loss = min(candidate.loss for candidate in candidates)
    ranked = sorted(
        candidates,
        key=lambda one: (one.fits is False, round((one.loss - best_loss) / MEANINGFUL_LOSS), one.memory_bytes),
    )
    first = ranked[0]
    recommended = None if first.fits is False else first.dtype
    return Optimization(
        bundle_id=bundle.id,
        device=target,
        device_memory_bytes=device.memory_bytes,
        device_source=device.source,
        runtime=result.runtime,
        candidates=tuple(ranked),
        recommended=recommended,
        reason=_explain(first, recommended),
    )


def _explain(first: Candidate, recommended: str | None) -> str:
    size = f"{first.memory_bytes / 1e6:.0f} MB with a full context"
    if recommended is None:
        return f"no form fits: the smallest good one, {first.dtype}, needs {size}"
    return f"{recommended} has the lowest measured loss for its size ({first.loss:.4f} nats a token, {size})"


def _candidate(measured: Measurement, device: Device, context_length: int) -> Candidate:
    cache = measured.kv_cache_bytes_per_token * context_length
    memory = measured.weight_bytes + cache
    return Candidate(
        dtype=measured.dtype,
        weight_bytes=measured.weight_bytes,
        loss=measured.loss,
        tokens_per_second_here=measured.tokens_per_second,
        kv_cache_bytes=cache,
        memory_bytes=memory,
        fits=None if device.memory_bytes is None else memory <= device.memory_bytes,
    )

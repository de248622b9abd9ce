"""The optimize flow: measure the newest bundle's model in several forms, rank them for a device, export the best."""

from typing import Any

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.optimization import Candidate, Context, DeviceName, Optimization, SpeedEstimate
from brewslm.core.errors import NotFoundError, WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.experiment import experiment_folder
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.wire.order import MeasureOrder
from brewslm.core.wire.result import Measurement, MeasureResult
from brewslm.services.devices import DEVICES, Device
from brewslm.services.flows import FlowOutcome, FlowRun
from brewslm.services.jobs.supervision import Supervisor
from brewslm.services.recording import record_of
from brewslm.services.requests import OptimizeRequest
from brewslm.stages.export.contract import ExportInputs

MEANINGFUL_LOSS = 0.005
"""Losses that differ by less count as equal when candidates are ranked, nats per token."""

USED_BANDWIDTH = (0.35, 0.75)
"""Share of a memory's bandwidth that generation comes to, low and high; an assumption."""
USED_ARITHMETIC = (0.1, 0.5)
"""Share of a processor's arithmetic, likewise."""
_CACHE_BYTES = 2
"""Of each key and each value: llama.cpp keeps them in float16."""


def optimize_flow(payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
    """Measure each form of the model behind the newest bundle, recommend one for the device, and export it."""
    target = OptimizeRequest.model_validate(payload).target
    bundle_id = run.current("export")
    project_id = run.claim.job.project_id
    if bundle_id is None:
        message = f"project {project_id} has no bundle; make one with `brewslm export --project {project_id}`"
        raise NotFoundError(message)
    bundle = run.shelf.read(Bundle, bundle_id)
    adapter = run.shelf.read(Adapter, bundle.adapter_id)
    result = _measure(adapter, run)
    base = run.ports.base_models.facts(adapter.base_model)
    optimization = rank(bundle, target, result, base)
    if optimization.recommended is not None:
        inputs = ExportInputs(
            adapter_id=adapter.id,
            eval_report_id=bundle.eval_report_id,
            format="gguf",
            target="llama_cpp",
            quantization=optimization.recommended,
        )
        export_id = run.step("export", inputs, share=0.7)
        optimization = optimization.model_copy(update={"export_id": export_id})
    summary = f"Measured {len(result.measurements)} forms for {target}: {optimization.reason}"
    event = Draft(reason=Reason.AUTOPILOT, summary=summary, payload=Autopilot(stages=("optimize",), verdict="measured"))
    made = record_of(optimization, run.claim.job, parents=(bundle.id,), created_at=run.ports.clock.now())
    return FlowOutcome(artifact_id=made.id, event=event, made=made)


def _measure(adapter: Adapter, run: FlowRun) -> MeasureResult:
    manifest = run.shelf.read(Manifest, adapter.manifest_id)
    order = MeasureOrder(
        base_model=str(run.ports.base_models.locate(adapter.base_model)),
        tuned_folder=str(run.shelf.path(adapter.folder)),
        tuned_form=adapter.form,
        eval_folder=str(run.shelf.path(manifest.split("eval").folder)),
        quantizations=("f16", "q8_0", "q5_k_m", "q4_k_m"),
    )
    supervisor = Supervisor(run.ports, run.claim, run.shelf.path("experiments"))
    name = f"{experiment_folder(adapter.experiment_id)}/measure-{run.claim.job.id}"
    result = supervisor.run(order, name=name)
    if not isinstance(result, MeasureResult):
        message = f"the worker in {name} answered a {result.kind!r} order, not a measurement"
        raise WorkerError(message, reason=Reason.EVALUATION_RUNTIME_ERROR)
    return result


def rank(bundle: Bundle, target: DeviceName, result: MeasureResult, base: BaseModelFacts) -> Optimization:
    """Order the candidates: those that fit first, then by loss in steps of `MEANINGFUL_LOSS`, then by memory."""
    device = DEVICES[target]
    candidates = _with_pareto([_candidate(measured, device, base) for measured in result.measurements])
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
        device_memory_bytes=int(device.memory_bytes.value),
        device_source=device.memory_bytes.source,
        device_figures=device.told(),
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


def _candidate(measured: Measurement, device: Device, base: BaseModelFacts) -> Candidate:
    room = device.memory_bytes.value
    per_token = 2 * base.num_layers * base.key_value_size * _CACHE_BYTES
    contexts = tuple(
        Context(num_tokens=length, memory_bytes=memory, fits=memory <= room)
        for length in _lengths(base.context_length)
        for memory in (measured.file_bytes + per_token * length,)
    )
    return Candidate(
        dtype=measured.quantization,
        weight_bytes=measured.file_bytes,
        loss=measured.loss,
        tokens_per_second_here=measured.tokens_per_second,
        prompt_tokens_per_second_here=measured.prompt_tokens_per_second,
        kv_cache_bytes=per_token * base.context_length,
        memory_bytes=contexts[-1].memory_bytes,
        fits=contexts[-1].fits,
        device_speed=speed_on(device, contexts[-1].memory_bytes, base.num_parameters),
        contexts=contexts,
    )


def _lengths(longest: int) -> list[int]:
    """The model's own context, and rounder ones below it."""
    return sorted({longest, *(length for length in (512, 2048, 8192, 32_768) if length < longest)})


def speed_on(device: Device, memory_bytes: int, num_parameters: int) -> SpeedEstimate:
    """Estimate how fast a device generates: a token reads all weights and the cache once, and multiplies each weight.

    The slower of the two decides; between which shares of the device's figures a runtime ends up is an assumption.
    """
    by_memory = device.bandwidth.value / memory_bytes
    by_arithmetic = device.arithmetic.value / (2 * num_parameters)
    low, high = (
        min(by_memory * memory, by_arithmetic * arithmetic)
        for memory, arithmetic in zip(USED_BANDWIDTH, USED_ARITHMETIC, strict=True)
    )
    basis = "what the narrower of the device's bandwidth and arithmetic allows with a full context"
    return SpeedEstimate(low=low, high=high, basis=basis)


def _with_pareto(candidates: list[Candidate]) -> list[Candidate]:
    """Mark those that no other one beats in loss and memory; on one device, less memory is more speed."""

    def beaten(one: Candidate) -> bool:
        return any(
            other.loss <= one.loss
            and other.memory_bytes <= one.memory_bytes
            and (other.loss, other.memory_bytes) != (one.loss, one.memory_bytes)
            for other in candidates
        )

    return [one.model_copy(update={"is_pareto": not beaten(one)}) for one in candidates]

"""What an export needs, and what must hold before it is published."""

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.base import AdapterId, EvalReportId
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.value import Value
from brewslm.core.wire.export import GGUF_MODEL_TYPES, GGUF_PACKAGES, INSTALL_GGUF
from brewslm.core.wire.parity import Parity, problem_of
from brewslm.stages.export.choices import Form, form_of

_BITS = {"f32": 32.0, "f16": 16.0, "bf16": 16.0, "q8_0": 8.5, "q5_k_m": 6.0, "q4_k_m": 5.2}
"""Of a weight in a GGUF file; the mixes by the upper end of what models of several sizes come to."""

_SPARE_BYTES = 16_000_000
"""Tokenizer, vocabulary and papers, and the database that records them."""


class ExportInputs(Value):
    """An evaluated adapter, and the form that the bundle takes."""

    adapter_id: AdapterId
    eval_report_id: EvalReportId
    format: str | None = None
    """huggingface, safetensors, adapter or gguf; None takes what the target loads, huggingface without one."""
    target: str | None = None
    """transformers, vllm, llama_cpp or ollama; None takes the first that loads the format."""
    quantization: str | None = None
    """Of a GGUF file: f32, f16, bf16, q8_0, q5_k_m or q4_k_m; None takes q8_0."""


def _can_write(inputs: ExportInputs, context: StageContext) -> Finding | None:
    try:
        form = form_of(inputs.format, inputs.target, inputs.quantization)
    except ValueError as error:
        return _unsupported(f"{error}.", "Choose a form that can be written, and export again.")
    adapter = context.shelf.read(Adapter, inputs.adapter_id)
    if form.format == "adapter" and adapter.form != "adapter":
        seen = "The model was tuned as a whole: there is no adapter to export."
        return _unsupported(seen, "Export it as huggingface or gguf.")
    model_type = context.base_models.facts(adapter.base_model).model_type
    if form.format == "gguf" and model_type not in GGUF_MODEL_TYPES:
        seen = f"A {model_type!r} model cannot be written as GGUF; those that can: {', '.join(GGUF_MODEL_TYPES)}."
        return _unsupported(seen, "Export it as huggingface, or tune a base model of one of these.")
    missing = _missing(context) if form.format == "gguf" else None
    if missing is not None:
        seen = f"A GGUF bundle needs {missing}, which is not installed here."
        return _unsupported(seen, f"{INSTALL_GGUF[0].upper()}{INSTALL_GGUF[1:]}.")
    return None


def _missing(context: StageContext) -> str | None:
    for names in GGUF_PACKAGES:
        if not any(context.machine.package_version(name) for name in names):
            return " or ".join(names)
    return None


def _unsupported(seen: str, next_step: str) -> Finding:
    return Finding(
        check="format", level="block", seen=seen, next_step=next_step, reason=Reason.EXPORT_FORMAT_UNSUPPORTED
    )


def _is_evaluated(inputs: ExportInputs, context: StageContext) -> Finding | None:
    evaluated = context.shelf.read(EvalReport, inputs.eval_report_id).adapter_id
    if evaluated == inputs.adapter_id:
        return None
    return Finding(
        check="evaluated",
        level="block",
        seen=f"Report {inputs.eval_report_id!r} is of {evaluated!r}, not of {inputs.adapter_id!r}.",
        next_step="Evaluate the adapter that is to be exported.",
        reason=Reason.SYSTEM_REQUEST_INVALID,
    )


def _has_space(inputs: ExportInputs, context: StageContext) -> Finding | None:
    adapter = context.shelf.read(Adapter, inputs.adapter_id)
    base = context.base_models.facts(adapter.base_model)
    try:
        form = form_of(inputs.format, inputs.target, inputs.quantization)
    except ValueError:
        return None  # which the first check says
    size = forecast_bytes(form, adapter, base)
    needed = 2 * size + _SPARE_BYTES
    free = context.machine.free_disk_bytes(context.shelf.path("."))
    if free >= needed:
        return None
    return Finding(
        check="disk",
        level="block",
        seen=(
            f"The bundle will be about {size / 1e6:.0f} MB and the export needs about {needed / 1e6:.0f} MB; "
            f"{free / 1e6:.0f} MB are free."
        ),
        next_step="Free space, then export again.",
        reason=Reason.SYSTEM_DISK_FULL,
    )


def forecast_bytes(form: Form, adapter: Adapter, base: BaseModelFacts) -> int:
    """Return how large the weights of a bundle will be at most."""
    own = sum(file.size_bytes for file in adapter.files)
    match form.format:
        case "adapter":
            return own
        case "gguf":
            return int(base.num_parameters * _BITS[form.quantization or "f32"] / 8)
        case _:
            return 4 * base.num_parameters + own


def parity_problem(parity: Parity, dtype: str) -> Finding | None:
    """Say that the bundle is not the tuned model; None where it is."""
    problem = problem_of(parity, dtype)
    if problem is None:
        return None
    return Finding(
        check="parity",
        level="block",
        seen=problem,
        next_step="Nothing was published; report it with the worker's log.",
        reason=Reason.EXPORT_PARITY_FAILED,
    )


def _is_in_parity(output: Bundle, _context: StageContext) -> Finding | None:
    return parity_problem(output.parity, output.dtype)


CONTRACT: Contract[ExportInputs, Bundle] = Contract(
    before=(
        Before("format", "Format and target are ones that can be written of this model, and tested here.", _can_write),
        Before("evaluated", "The evaluation is one of this adapter.", _is_evaluated),
        Before("disk", "There is space for the bundle twice over.", _has_space),
    ),
    after=(
        After(
            "parity",
            "The bundle, loaded from disk by its runtime, is the tuned model within what its number format may change.",
            _is_in_parity,
        ),
    ),
)

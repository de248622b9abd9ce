"""What an export needs, and what must hold before it is published."""

from typing import get_args

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.base import AdapterId, EvalReportId
from brewslm.core.artifacts.bundle import Bundle, ExportFormat, ExportTarget, Parity
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value

FORMATS: tuple[str, ...] = get_args(ExportFormat)
TARGETS: tuple[str, ...] = get_args(ExportTarget)


class ExportInputs(Value):
    """An evaluated adapter, and the form that the bundle takes."""

    adapter_id: AdapterId
    eval_report_id: EvalReportId
    format: str = "huggingface"
    target: str = "transformers"


def _can_write(inputs: ExportInputs, _context: StageContext) -> Finding | None:
    for option, value, known in (("format", inputs.format, FORMATS), ("target", inputs.target, TARGETS)):
        if value not in known:
            return Finding(
                check="format",
                level="block",
                seen=f"--{option} {value!r} cannot be written yet.",
                next_step=f"Choose one of: {', '.join(known)}.",
                reason=Reason.EXPORT_FORMAT_UNSUPPORTED,
            )
    return None


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
    needed = 2 * (4 * base.num_parameters + sum(file.size_bytes for file in adapter.files)) + 16_000_000
    free = context.machine.free_disk_bytes(context.shelf.path("."))
    if free >= needed:
        return None
    return Finding(
        check="disk",
        level="block",
        seen=f"The export needs about {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free.",
        next_step="Free space, then export again.",
        reason=Reason.SYSTEM_DISK_FULL,
    )


def parity_problem(parity: Parity) -> Finding | None:
    """Say that the merged model differs from the tuned one; None where it does not."""
    if parity.passed:
        return None
    return Finding(
        check="parity",
        level="block",
        seen=(
            f"The saved model's loss {parity.merged_loss:.5f} differs from the tuned one's {parity.adapter_loss:.5f} "
            f"by more than {parity.tolerance}."
        ),
        next_step="Nothing was published; report it with the worker's log.",
        reason=Reason.EXPORT_PARITY_FAILED,
    )


def _is_in_parity(output: Bundle, _context: StageContext) -> Finding | None:
    return parity_problem(output.parity)


CONTRACT: Contract[ExportInputs, Bundle] = Contract(
    before=(
        Before("format", "Format and target are ones that can be written and tested here.", _can_write),
        Before("evaluated", "The evaluation is one of this adapter.", _is_evaluated),
        Before("disk", "There is space for the bundle twice over.", _has_space),
    ),
    after=(After("parity", "The bundle, loaded from disk, has the tuned model's loss.", _is_in_parity),),
)

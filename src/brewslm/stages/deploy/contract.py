"""What a deployment needs, and what must hold."""

import hashlib

from brewslm.core.artifacts.base import BundleId
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.release import Release
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value

DEFAULT_PROMPTS = ("Hello!", "What can you help me with?")


class DeployInputs(Value):
    """A bundle, and prompts for its smoke test."""

    bundle_id: BundleId
    prompts: tuple[str, ...] = DEFAULT_PROMPTS
    max_new_tokens: int = 64


def _matches_checksums(inputs: DeployInputs, context: StageContext) -> Finding | None:
    bundle = context.shelf.read(Bundle, inputs.bundle_id)
    for file in bundle.files:
        path = context.shelf.path(file.path)
        problem = "is missing"
        if path.is_file():
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256:
                    continue
            problem = "does not match its checksum"
        return Finding(
            check="checksums",
            level="block",
            seen=f"{file.path!r} {problem}.",
            next_step="Export again, then deploy.",
            reason=Reason.EXPORT_CHECKSUM_MISMATCH,
        )
    return None


def _is_whole_model(inputs: DeployInputs, context: StageContext) -> Finding | None:
    bundle = context.shelf.read(Bundle, inputs.bundle_id)
    if bundle.format != "adapter":
        return None
    return Finding(
        check="whole_model",
        level="block",
        seen="The bundle holds an adapter and not the model that it belongs to.",
        next_step="Export it with --format huggingface or --format gguf, then deploy.",
        reason=Reason.EXPORT_FORMAT_UNSUPPORTED,
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
    ),
    after=(After("answered", "The model gave an answer to every prompt of the smoke test.", _has_answered),),
)

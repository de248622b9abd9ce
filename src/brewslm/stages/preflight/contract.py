"""What a preflight needs. Its checks are its product, so its contract is short."""

from typing import Literal

from pydantic import Field

from brewslm.core.artifacts.base import ManifestId
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Contract
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value

Profile = Literal["safe", "balanced", "max_quality"]
Scalar = int | float | str | bool


class PreflightInputs(Value):
    """A manifest, and what the user fixed about the training."""

    manifest_id: ManifestId
    base_model: str
    task: Literal["causal_lm"] = "causal_lm"
    profile: Profile = "balanced"
    overrides: dict[str, Scalar] = Field(default_factory=dict)
    """Dotted names of recipe fields to values that win over everything else, for example `optim.learning_rate`."""
    file_fields: tuple[str, ...] = ()
    """Which of them a file gave; the others were said on the way in."""
    is_strict: bool = True
    """Whether whatever blocks blocks the run; otherwise only what a launch could not survive does."""
    tests_alerts: bool = False
    """Whether each alert channel is sent a test message now, instead of being judged by its last one."""


def _has_answers(output: Readiness, _context: StageContext) -> Finding | None:
    if output.findings:
        return None
    return Finding(
        check="answers",
        level="block",
        seen="Preflight answered no check.",
        next_step="Report it.",
        reason=Reason.SYSTEM_INTERNAL,
    )


CONTRACT: Contract[PreflightInputs, Readiness] = Contract(
    after=(After("answers", "Every check has an answer, be it unknown.", _has_answers),),
)

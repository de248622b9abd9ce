"""Where it began: read from what the detectors say of an attempt."""

from brewslm.core.health.report import HealthFinding, Verdict
from brewslm.core.health.sighting import OF_AN_ATTEMPT


def divergence_in(verdict: Verdict, attempt: int) -> HealthFinding | None:
    """Return what says that this attempt leads away; None while it does not."""
    found = (one for one in verdict.findings if one.detector == "divergence" and one.level == "critical")
    return next(found, None) if verdict.attempt == attempt else None


def good_until(verdict: Verdict, attempt: int, *, log_every: int) -> int | None:
    """Return the last step up to which nothing was the matter with the weights; None where nothing else is known."""
    if verdict.attempt != attempt:
        return None
    steps = []
    for one in verdict.findings:
        if one.detector == "divergence":
            steps.append(int(one.evidence.get("good_until", 0)))
        elif one.detector in OF_AN_ATTEMPT - {"non_finite", "zero_loss"} and one.onset_step is not None:
            steps.append(one.onset_step - log_every)
    return max(0, min(steps)) if steps else None

"""What one answer took and was like; it travels beside the answer, from the serving process to the gateway."""

from brewslm.core.value import Value

MEASURED_HEADER = "X-BrewSLM-Measured"
MEASURED_COMMENT = ": measured "
"""How the last line but one of a stream begins. Clients never see either."""


class Measured(Value):
    """Lengths, times and the likelihood of one request; of several answers to it the sums, and the mean."""

    prompt_tokens: int
    completion_tokens: int
    first_token_seconds: float | None
    """From the arrival at the serving process to the first token; None where there was none."""
    seconds: float
    finish_reason: str
    mean_logprob: float | None = None
    """Per token of the answer, in nats."""

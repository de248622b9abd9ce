"""A bundle against the tuned model that it was made from, in its target's runtime: what may differ, by how much."""

from dataclasses import dataclass

from pydantic import Field

from brewslm.core.value import Value
from brewslm.core.wire.export import FirstDifference


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What a number format may change."""

    loss: float
    """Of the mean loss per trained token, nats, in either direction."""
    logprob: float
    """Of the mean difference of log-probabilities of trained tokens, absolute, nats."""
    margin: float | None
    """How near a tie must be that a greedy answer may break the other way, nats; None where answers may differ."""


TOLERANCES: dict[str, Tolerance] = {
    "float32": Tolerance(loss=1e-3, logprob=0.005, margin=0.02),
    "float16": Tolerance(loss=1e-3, logprob=0.01, margin=0.1),
    "bfloat16": Tolerance(loss=1e-3, logprob=0.05, margin=0.25),
    "f32": Tolerance(loss=2e-3, logprob=0.01, margin=0.1),
    "f16": Tolerance(loss=2e-3, logprob=0.01, margin=0.1),
    "bf16": Tolerance(loss=5e-3, logprob=0.05, margin=0.25),
    "q8_0": Tolerance(loss=0.02, logprob=0.1, margin=None),
    "q5_k_m": Tolerance(loss=0.1, logprob=0.5, margin=None),
    "q4_k_m": Tolerance(loss=0.25, logprob=0.8, margin=None),
}
"""By number format; docs/decisions/0019 has the reasons. llama.cpp keeps keys and values in float16, always."""


class Parity(Value):
    """The comparison, on all rows of the eval split and on the prompts of the evaluation."""

    num_examples: int
    adapter_loss: float
    """Of the tuned model before it was exported, mean per trained token, nats."""
    merged_loss: float
    """Of the bundle, loaded by its target's runtime."""
    largest_logprob_difference: float
    """Over all trained tokens of the compared rows, absolute, nats."""
    mean_logprob_difference: float = Field(0.0, exclude_if=lambda value: value == 0.0)
    same_greedy_tokens: bool
    num_prompts: int = Field(0, exclude_if=lambda value: value == 0)
    """That both answered greedily."""
    first_difference: FirstDifference | None = Field(None, exclude_if=lambda value: value is None)
    """Of the prompt where the tuned model is surest that its answer is the right one."""
    num_texts: int = Field(0, exclude_if=lambda value: value == 0)
    """Conversations of which the runtime made the same text, byte for byte, and the same tokens."""
    text_problem: str | None = Field(None, exclude_if=lambda value: value is None)
    """What the runtime makes otherwise of a conversation."""
    tolerance: float
    """Of the loss."""
    passed: bool


def problem_of(parity: Parity, precision: str) -> str | None:
    """Say why a bundle is not the tuned model, in one sentence; None where it is."""
    allowed = TOLERANCES[precision]
    if parity.text_problem is not None:
        return parity.text_problem
    ours, theirs, apart = parity.adapter_loss, parity.merged_loss, parity.mean_logprob_difference
    if not abs(theirs - ours) <= allowed.loss:
        return (
            f"The bundle's loss {theirs:.5f} differs from the tuned model's {ours:.5f} by more than {allowed.loss}, "
            f"which is what {precision} may change."
        )
    if not apart <= allowed.logprob:
        return (
            f"The log-probabilities of the bundle differ from the tuned model's by {apart:.4f} on average, "
            f"where {precision} may change {allowed.logprob}."
        )
    first = parity.first_difference
    if first is not None and allowed.margin is not None and not first.margin <= allowed.margin:
        return (
            f"Asked prompt {first.prompt + 1}, the bundle says {first.bundle!r} at token {first.position + 1}, where "
            f"the tuned model is surer of {first.tuned!r} by {first.margin:.3f} nats; {precision} may turn "
            f"{allowed.margin}."
        )
    return None

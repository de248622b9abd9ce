"""Golden replay: the same prompts, greedily answered, must be answered by the same tokens as at the promotion."""

from collections.abc import Sequence

from brewslm.core.drift.traffic import DriftCheck
from brewslm.core.value import Value

TOLERANCES = {"float32": 0.02, "float16": 0.1, "bfloat16": 0.25, "q5_k_m": 0.25, "q4_k_m": 0.25}
"""Nats of one token's log-probability, by the number format of the model. Batches of other shapes round otherwise: by
some 1e-5 in float32, 0.006 in float16, 0.07 in bfloat16, 0.09 in mixes of 4 and 5 bits, as
`benchmarks.golden_rounding` prints. In float32 the smallest change of weights that was tried, a rounding to 8
bits, moves some token by more than this; what a coarser format hides is as large as its own rounding."""

OTHER_TOLERANCE = 0.1
"""Of a GGUF file in any other format: llama.cpp keeps keys and values in float16."""


class GoldenAnswer(Value):
    """How one prompt was answered."""

    prompt: str
    prompt_tokens: int
    """Another number is another tokenizer or template."""
    text: str
    tokens: tuple[str, ...]
    logprobs: tuple[float, ...]
    """Of each token, nats; neither is there where the runtime tells none, and texts alone are compared."""


class Reference(Value):
    """What a release answered when it went live."""

    version: int
    answers: tuple[GoldenAnswer, ...]


def tolerance_of(dtype: str) -> float:
    """Return how far a token may move, in nats, in an unchanged model of a number format."""
    return TOLERANCES.get(dtype, OTHER_TOLERANCE)


def difference(before: GoldenAnswer, now: GoldenAnswer, *, tolerance: float) -> str | None:
    """Say how an answer differs; None where it does not.

    Where two tokens were as good as equally likely, rounding may choose either, and what follows is not compared.
    """
    if before.prompt_tokens != now.prompt_tokens:
        return f"the prompt has {now.prompt_tokens} tokens, it had {before.prompt_tokens}"
    if not before.logprobs or not now.logprobs:
        return None if before.text == now.text else f"it says {now.text[:80]!r}, it said {before.text[:80]!r}"
    for place, (old, new) in enumerate(zip(before.tokens, now.tokens, strict=False)):
        moved = abs(before.logprobs[place] - now.logprobs[place])
        if moved > tolerance:
            was, is_now = before.logprobs[place], now.logprobs[place]
            return f"token {place + 1} is {new!r} at {is_now:.3f}, was {old!r} at {was:.3f}"
        if old != new:
            return None
    if len(before.tokens) != len(now.tokens):
        return f"the answer has {len(now.tokens)} tokens, it had {len(before.tokens)}"
    return None


def replayed(
    reference: Reference | None, answers: Sequence[GoldenAnswer], *, tolerance: float, why_not: str = ""
) -> DriftCheck:
    """Judge a replay; any prompt that is answered otherwise is drift, as nothing of it is chance."""
    if reference is None or not answers:
        said = why_not or "there is nothing to compare with yet"
        return DriftCheck(name="golden replay", verdict="not_enough_data", test="golden", said=said)
    old = {answer.prompt: answer for answer in reference.answers}
    pairs = [(old[answer.prompt], answer) for answer in answers if answer.prompt in old]
    found = [
        (now.prompt, how) for before, now in pairs if (how := difference(before, now, tolerance=tolerance)) is not None
    ]
    if not found:
        said = f"{len(pairs)} prompts are answered as at the promotion"
        return DriftCheck(name="golden replay", verdict="passing", test="golden", effect=0.0, said=said)
    prompt, how = found[0]
    said = f"{len(found)} of {len(pairs)} prompts are answered otherwise; {prompt[:60]!r}: {how}"
    share = len(found) / len(pairs)
    return DriftCheck(name="golden replay", verdict="drift", test="golden", effect=share, said=said)

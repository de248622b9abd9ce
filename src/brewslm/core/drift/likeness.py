"""Whether what a runtime answers is what the bundle says that was handed to it, prompt by prompt, greedily."""

from collections.abc import Sequence

from brewslm.core.drift.golden import GoldenAnswer
from brewslm.core.value import Value


class BundleAnswer(Value):
    """The bundle's own answer to one prompt, as it was loaded here."""

    prompt: str
    prompt_tokens: int
    text: str
    logprobs: tuple[float, ...]
    """Of each token, that which ended the answer included, nats."""


class Likeness(Value):
    """What was compared, where nothing spoke against it."""

    num_prompts: int
    num_tokens: int
    """Whose log-probabilities were compared; 0 where the runtime tells none, and texts alone were."""
    largest_logprob_difference: float
    """Nats."""


def unlike(ours: BundleAnswer, theirs: GoldenAnswer, *, tolerance: float) -> str | None:
    """Say how a runtime's answer is not the bundle's; None where it is.

    Where two tokens were as good as equally likely, rounding may choose either, and what follows is not compared.
    """
    if ours.prompt_tokens != theirs.prompt_tokens:
        return f"it makes {theirs.prompt_tokens} tokens of the prompt, the bundle {ours.prompt_tokens}"
    pairs = _pairs(ours, theirs)
    for place, (own, other) in enumerate(pairs):
        if abs(own - other) > tolerance:
            token = theirs.tokens[place]
            return f"token {place + 1} is {token!r} at {other:.3f} there, and the bundle's is at {own:.3f}"
    if ours.text == theirs.text or (pairs and _parting(ours, theirs) < len(pairs)):
        return None
    return f"it says {theirs.text[:80]!r}, and the bundle {ours.text[:80]!r}"


def likeness_of(ours: Sequence[BundleAnswer], theirs: Sequence[GoldenAnswer]) -> Likeness:
    """Sum up what was compared."""
    apart = [
        abs(own - other)
        for one, another in zip(ours, theirs, strict=True)
        for own, other in _pairs(one, another)
    ]  # fmt: skip
    return Likeness(num_prompts=len(ours), num_tokens=len(apart), largest_logprob_difference=max(apart, default=0.0))


def _pairs(ours: BundleAnswer, theirs: GoldenAnswer) -> list[tuple[float, float]]:
    """The log-probabilities of the tokens up to the one where both part, that one included."""
    together = list(zip(ours.logprobs, theirs.logprobs, strict=False))
    return together[: _parting(ours, theirs) + 1]


def _parting(ours: BundleAnswer, theirs: GoldenAnswer) -> int:
    """The place of their first token that the bundle did not say; where it said all of them their number."""
    if ours.text == theirs.text:
        return len(theirs.tokens)
    said = ""
    for place, token in enumerate(theirs.tokens):
        said += token
        # A token that spells nothing ends the answer.
        if not token or not ours.text.startswith(said):
            return place
    return len(theirs.tokens)

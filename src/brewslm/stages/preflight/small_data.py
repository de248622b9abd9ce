"""What little data wants: small steps, for a training needs a number of steps to get anywhere; labels more passes, too.

The values were settled with the bundled base model on rows that `benchmarks/autopilot.py` does not report (--seed 1).
Of banking77, 126 questions of 4,600 tokens in 8 passes, for the same work: 18 steps of 2,048 tokens at a rate of 0.004
came to an eval loss of 1.65; 72 steps of 512 tokens to 0.86 at a rate of 0.002, and to 0.63 at 0.004. Answers in words
are learnt by heart sooner than labels: GSM8K, alpaca and support chat, 17 to 24 rows each, came to 2.21, 4.49 and 3.33
in 8 passes at 0.004, to 2.07, 4.40 and 3.30 in 8 passes at 0.002, and to 1.98, 4.40 and 3.24 in 4 passes at 0.002.
"""

from brewslm.core.data.example import TEXT_SHAPES, Shape

_SLOW: frozenset[Shape] = frozenset({"classification", *TEXT_SHAPES})
"""Shapes that want more: labels, by what is said above, and texts as before, which were not tried anew."""
MOST_TOKENS = 2048
"""In a step, about: more only make it dearer while the run has steps enough."""
FEWEST_TOKENS = 256
"""Below, the row that goes through the model is filled up, and gradients say little."""
WANTED_STEPS = 200
MOST_PASSES = 2.0
"""Times the passes of the profile: the loss still fell at the eighth pass of a balanced plan's four."""


def step_tokens(num_tokens: float) -> float:
    """Return how many tokens a step should have, of a run over so many tokens in all."""
    return min(max(num_tokens / WANTED_STEPS, FEWEST_TOKENS), MOST_TOKENS)


def more_passes(num_tokens: float, shape: Shape) -> float:
    """Return by what the passes of a run over so many tokens should be multiplied, so that it comes to enough steps."""
    if shape not in _SLOW:
        return 1.0
    return min(max(WANTED_STEPS * FEWEST_TOKENS / max(num_tokens, 1.0), 1.0), MOST_PASSES)


def rate_factor(num_steps: float, shape: Shape) -> float:
    """Return by what the learning rate of an adapter is multiplied: a short run wants larger steps.

    Longer runs were not tried, and keep theirs; so do the shortest over answers in words, which are learnt by heart. Of
    general-chat-v1 (676 rows, 193 steps) 0.004 came to 3.814, and 0.002 to 3.840.
    """
    fewest = 0 if shape in _SLOW else WANTED_STEPS / 2
    return 2.0 if fewest <= num_steps <= 2 * WANTED_STEPS else 1.0

"""When a reading is certain enough to be chosen without asking, and which readings stand against it."""

from collections.abc import Sequence

from brewslm.core.artifacts.schema import Hypothesis
from brewslm.core.data.example import Shape
from brewslm.core.mapping.convert import COLUMN_ROLES

CERTAIN = 0.80
MARGIN = 0.10
MAX_CHOICES = 4
_SAME_TEXTS: frozenset[Shape] = frozenset({"instruction", "prompt_completion", "qa", "summarisation", "translation"})
"""Of the same columns these shapes make the same messages, so they are no rivals of each other."""
_SHOWN_ROLES = tuple(role for role in COLUMN_ROLES if role not in {"system", "tools", "row_id"})


def rivals_of(best: Hypothesis, ranked: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Readings that are nearly as likely as the best and make something else of the rows."""
    near = [one for one in ranked if one is not best and best.confidence - one.confidence < MARGIN - 1e-9]
    return [one for one in near if not _makes_the_same(best, one) and one.confidence > 0.0][: MAX_CHOICES - 1]


def told_columns(hypothesis: Hypothesis) -> str:
    """The columns of a reading, as `role=column` with spaces between."""
    named = {role: getattr(hypothesis.columns, role) for role in _SHOWN_ROLES}
    return " ".join(f"{role}={column}" for role, column in named.items() if column is not None)


def option_of(hypothesis: Hypothesis, *, with_columns: bool) -> str:
    """What a user types to choose a reading."""
    named = {role: getattr(hypothesis.columns, role) for role in _SHOWN_ROLES}
    pairs = [f"{role}={column}" for role, column in named.items() if column is not None]
    spelled = [f"'{pair}'" if " " in pair else pair for pair in pairs]
    columns = "".join(f" --column {pair}" for pair in spelled) if with_columns else ""
    return f"`--as {hypothesis.shape}{columns}`"


def problem_of_shape(ranked: Sequence[Hypothesis], shape: Shape) -> str:
    """Say which columns are plausible where a shape alone does not decide; an empty text where it does."""
    fitting = [hypothesis for hypothesis in ranked if hypothesis.shape == shape and hypothesis.confidence > 0.0]
    rivals = rivals_of(fitting[0], fitting) if fitting else []
    if not rivals:
        return ""
    told = ", ".join(option_of(one, with_columns=True) for one in (fitting[0], *rivals))
    return f"Read as {shape}, several columns are plausible. Choose one with {told}."


def _makes_the_same(one: Hypothesis, other: Hypothesis) -> bool:
    if not {one.shape, other.shape} <= _SAME_TEXTS:
        return False
    return all(getattr(one.columns, role) == getattr(other.columns, role) for role in ("prompt", "completion"))

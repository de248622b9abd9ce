"""Tokenises the examples of a dataset and writes each to its split; those that are in none are listed."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from brewslm.core.artifacts.manifest import Truncation
from brewslm.core.data.example import Example, Shape
from brewslm.core.errors import BaseModelError, InvalidRequestError, TemplateRefusedError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.tables import Rows, Tables
from brewslm.stages.prepare.placing.splits import CODES, OUT, SPLITS
from brewslm.stages.prepare.shards import ShardWriter
from brewslm.stages.prepare.tokens.mask import Tokenised, tokenise
from brewslm.stages.prepare.tokens.tokenizer import ChatTokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


DropReason = Literal["too_long", "answer_cut_away", "leak", "template_refused"]
MOST_REFUSED = 0.5
"""Share of the examples that the template may refuse; beyond it, mapping and base model do not go together."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """An example that is in no split."""

    id: str
    source_row: int
    num_tokens: int
    """0 where it was left out before tokenising."""
    reason: DropReason
    detail: str = ""
    """What the chat template said."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """An example whose end was cut off."""

    id: str
    source_row: int
    split: str
    num_tokens: int
    """Before."""
    num_cut: int
    ends_in_answer: bool
    """Whether the cut is within what is trained, so that this answer has no end that the model could learn."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How examples are tokenised, and where they go."""

    codes: "NDArray[np.uint8]"
    """The split of each example, in order."""
    model: ChatTokenizer
    shape: Shape
    max_seq_len: int
    truncation: Truncation


@dataclass(slots=True)
class Written:
    """What was written."""

    writers: list[ShardWriter]
    num_done: int = 0
    num_dropped: int = 0
    num_refused: int = 0
    first_refusal: str = ""
    num_truncated: int = 0
    num_partly_trained: int = 0
    num_too_long: int = 0
    first_too_long: str = ""


@dataclass(frozen=True, slots=True)
class _Lists:
    """The tables of what is not, or not whole, in a split."""

    dropped: Rows[Dropped]
    truncated: Rows[Truncated]


@dataclass(frozen=True, slots=True)
class _Item:
    example: Example
    code: int
    tokenised: Tokenised
    rejected: Tokenised | None

    @property
    def both(self) -> tuple[Tokenised, ...]:
        return (self.tokenised,) if self.rejected is None else (self.tokenised, self.rejected)

    @property
    def num_tokens(self) -> int:
        return max(part.num_tokens for part in self.both)


def write_splits(
    batches: Iterable[list[Example]], draft: Path, plan: Plan, tables: Tables, *, at_batch: Callable[[int], None]
) -> Written:
    """Write a folder per split, `dropped.parquet` and `truncated.parquet`.

    Raises:
        BaseModelError: template or tokenizer cannot be used; the template refuses most examples; an example has no
            trained token.
        InvalidRequestError: examples are too long and the truncation is `raise`.
    """
    with ExitStack() as stack:
        writers = [stack.enter_context(ShardWriter(name, draft / name, plan.shape, tables)) for name in SPLITS]
        lists = _Lists(
            stack.enter_context(tables.write(draft / "dropped.parquet", Dropped)),
            stack.enter_context(tables.write(draft / "truncated.parquet", Truncated)),
        )
        written = Written(writers)
        for batch in batches:
            codes = plan.codes[written.num_done : written.num_done + len(batch)].tolist()
            left_out = [one for one, code in zip(batch, codes, strict=True) if code == OUT]
            lists.dropped.add([Dropped(one.id, one.source_row, 0, "leak") for one in left_out])
            tokenised = _tokenised(batch, codes, plan, written, lists)
            items = [item for item in tokenised if _fits(item, plan, written, lists)]
            for writer in writers:
                mine = [item for item in items if CODES[item.code] == writer.name]
                rejected = [item.rejected for item in mine if item.rejected is not None]
                writer.add([item.example for item in mine], [item.tokenised for item in mine], rejected)
            written.num_done += len(batch)
            at_batch(written.num_done)
    if written.num_refused > MOST_REFUSED * written.num_done:
        message = f"{written.num_refused:,} of {written.num_done:,} examples cannot be written as turns of this model. "
        raise BaseModelError(message + written.first_refusal)
    if plan.truncation == "raise" and written.num_too_long:
        message = (
            f"{written.num_too_long:,} of {written.num_done:,} examples are longer than {plan.max_seq_len} tokens; "
            f"the first is {written.first_too_long}. Raise max_seq_len, or choose truncation drop or truncate."
        )
        raise InvalidRequestError(message, reason=Reason.PREPARATION_TOO_LONG)
    return written


def _tokenised(
    batch: Sequence[Example], codes: Sequence[int], plan: Plan, written: Written, lists: _Lists
) -> list[_Item]:
    """Tokenise what goes to a split; says in the lists what the template refuses."""
    kept = [(example, code) for example, code in zip(batch, codes, strict=True) if code != OUT]
    limit = plan.max_seq_len if plan.truncation == "truncate" else None
    examples = [example for example, _ in kept]
    better = tokenise(examples, plan.model, limit=limit)
    worse: Sequence[Tokenised | TemplateRefusedError | None] = [None] * len(examples)
    if plan.shape == "preference":
        worse = tokenise(examples, plan.model, is_rejected=True, limit=limit)
    items = []
    for (example, code), one, other in zip(kept, better, worse, strict=True):
        if isinstance(one, TemplateRefusedError):
            _refuse(example, one, written, lists)
        elif isinstance(other, TemplateRefusedError):
            _refuse(example, other, written, lists)
        else:
            items.append(_Item(example, code, one, other))
    return items


def _refuse(example: Example, error: TemplateRefusedError, written: Written, lists: _Lists) -> None:
    written.num_refused += 1
    written.first_refusal = written.first_refusal or str(error)
    lists.dropped.add([Dropped(example.id, example.source_row, 0, "template_refused", str(error))])


def _fits(item: _Item, plan: Plan, written: Written, lists: _Lists) -> bool:
    """Whether the example goes to its split; says in the lists if not, or if not whole."""
    example, longest = item.example, item.num_tokens
    if longest > plan.max_seq_len:
        written.num_too_long += 1
        written.first_too_long = written.first_too_long or f"row {example.source_row} with {longest:,}"
        if plan.truncation != "truncate" or not all(part.trained for part in item.both):
            written.num_dropped += 1
            reason: DropReason = "answer_cut_away" if plan.truncation == "truncate" else "too_long"
            lists.dropped.add([Dropped(example.id, example.source_row, longest, reason)])
            return False
        written.num_truncated += 1
        is_torn = any(part.trained[-1][1] == len(part.ids) < part.num_tokens for part in item.both)
        cut = longest - plan.max_seq_len
        lists.truncated.add([Truncated(example.id, example.source_row, CODES[item.code], longest, cut, is_torn)])
    written.num_partly_trained += any(part.is_partly_trained for part in item.both)
    return True

"""How far a saved form differs from the tuned model on the same examples and prompts."""

from collections.abc import Sequence
from dataclasses import dataclass

from brewslm.core.wire.export import FirstDifference
from brewslm.core.wire.result import GeneratedAnswer
from brewslm.worker.answers.chat import Chat
from brewslm.worker.export.forms import Form, TorchForm
from brewslm.worker.shard import Shard

NUM_NEW_TOKENS = 48


@dataclass(frozen=True, slots=True)
class Found:
    """The comparison. Losses are means per trained token, nats."""

    num_examples: int
    tuned_loss: float
    saved_loss: float
    largest: float
    """Over all trained tokens, of the log-probability of the right one."""
    mean: float
    num_prompts: int
    first_difference: FirstDifference | None
    answers: tuple[GeneratedAnswer, ...]
    """Of the saved form."""


def compare(tuned: TorchForm, saved: Form, *, shard: Shard, chat: Chat, prompts: Sequence[list[int]]) -> Found:
    """Score both on every example of `shard`, and let both answer `prompts`."""
    ours, theirs = tuned.losses(shard), saved.losses(shard)
    apart = abs(ours - theirs)
    expected = tuned.answers(prompts, max_new_tokens=NUM_NEW_TOKENS)
    given = saved.answers(prompts, max_new_tokens=NUM_NEW_TOKENS)
    return Found(
        num_examples=len(shard),
        tuned_loss=float(ours.mean()),
        saved_loss=float(theirs.mean()),
        largest=float(apart.max()),
        mean=float(apart.mean()),
        num_prompts=len(prompts),
        first_difference=_widest(tuned, chat, prompts, expected, given),
        answers=tuple(_answer(chat, ids) for ids in given),
    )


def _widest(
    tuned: TorchForm, chat: Chat, prompts: Sequence[list[int]], expected: list[list[int]], given: list[list[int]]
) -> FirstDifference | None:
    """Return where answers part, of the prompt where the tuned model is surest of its own token."""
    found = []
    for number, (prompt, ours, theirs) in enumerate(zip(prompts, expected, given, strict=True)):
        pairs = zip(ours, theirs, strict=False)
        place = next((place for place, (own, other) in enumerate(pairs) if own != other), None)
        if place is None:
            continue
        found.append(
            FirstDifference(
                prompt=number,
                position=place,
                tuned=chat.spelled(ours[place]),
                bundle=chat.spelled(theirs[place]),
                margin=tuned.margin([*prompt, *ours[:place]], ours[place], theirs[place]),
            )
        )
    return max(found, key=lambda difference: difference.margin, default=None)


def _answer(chat: Chat, ids: list[int]) -> GeneratedAnswer:
    is_stopped = bool(ids) and ids[-1] in chat.stops
    return GeneratedAnswer(text=chat.text(ids[:-1] if is_stopped else ids), num_tokens=len(ids), is_stopped=is_stopped)

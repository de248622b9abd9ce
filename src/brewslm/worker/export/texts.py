"""Whether another runtime makes the same text and tokens of a conversation as the model was trained with."""

from collections.abc import Iterator, Sequence

from brewslm.core.data.example import Message
from brewslm.worker.answers.chat import Chat
from brewslm.worker.failure import BadOrderError
from brewslm.worker.llama.running import LlamaModel
from brewslm.worker.llama.templating import Render

_SYSTEM = Message("system", "Answer in one line.")
_USER = Message("user", "  Two  spaces, a tab\tand 1234 words –\nwhere is “it”?\n\n")
_ANSWER = Message("assistant", "Here: {'a': [1, 2]}, <b>naïve</b> 日本 🙂. ")
PROBES: tuple[tuple[Message, ...], ...] = (
    (Message("user", "Hello!"),),
    (_SYSTEM, _USER),
    (_USER, _ANSWER, Message("user", "And then?")),
)
"""Conversations that show what templates and tokenizers get wrong: white space, turns, digits, other scripts."""


def text_problem(
    model: LlamaModel, render: Render, chat: Chat, prompts: Sequence[Sequence[Message]]
) -> tuple[int, str | None]:
    """Return how many conversations are the same, and what the first difference is."""
    num_same = 0
    for messages, text in _renderings(chat, prompts):
        found = render(messages)
        if found != text:
            return num_same, f"The runtime spells a conversation otherwise: {_parting(text, found)}."
        ours, theirs = chat.prompt_ids(messages), model.token_ids(text)
        if ours != theirs:
            return num_same, f"The runtime splits {text!r} into other tokens: {_token_parting(chat, ours, theirs)}."
        num_same += 1
    return num_same, None


def stop_problem(model: LlamaModel, chat: Chat, ends: Sequence[int]) -> str | None:
    """Say which of the tokens that end a turn does not end it in the runtime."""
    deaf = [chat.spelled(end) for end in ends if not model.ends_a_turn(end)]
    return f"The runtime does not stop at {', '.join(map(repr, deaf))}, which ends an answer." if deaf else None


def _renderings(chat: Chat, prompts: Sequence[Sequence[Message]]) -> Iterator[tuple[Sequence[Message], str]]:
    """Yield conversations with their text; probes that the template refuses by itself are left out."""
    for messages in (*prompts, *PROBES):
        try:
            text = chat.prompt_text(messages)
        except BadOrderError:
            if messages in prompts:
                raise
            continue
        if text is not None:
            yield messages, text


def _parting(ours: str, theirs: str) -> str:
    place = next((place for place, (own, other) in enumerate(zip(ours, theirs, strict=False)) if own != other), None)
    place = min(len(ours), len(theirs)) if place is None else place
    before, own, other = ours[max(0, place - 20) : place], ours[place : place + 40], theirs[place : place + 40]
    return f"{own!r} is {other!r} there, after {before!r}"


def _token_parting(chat: Chat, ours: list[int], theirs: list[int]) -> str:
    pairs = enumerate(zip(ours, theirs, strict=False))
    place = next((place for place, (own, other) in pairs if own != other), min(len(ours), len(theirs)))
    own, other = ([chat.spelled(token) for token in ids[place : place + 3]] for ids in (ours, theirs))
    return f"{own} are {other} from token {place + 1} on"

"""A chat template as Ollama writes them, taken apart from what the trained template makes of a few conversations.

Ollama has templates of its own (Go's), so that the trained one cannot go along. What comes before and after a turn of
each role is read off; what is put together from that must then be the trained template's text for every conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from brewslm.core.data.example import Message, Role
from brewslm.worker.answers.chat import Chat
from brewslm.worker.export.texts import PROBES
from brewslm.worker.failure import BadOrderError

_USER, _ANSWER, _SYSTEM = (f"\ue000{name}\ue001" for name in ("user", "answer", "system"))


@dataclass(frozen=True, slots=True)
class Turns:
    """What a template puts around contents."""

    start: str
    around: dict[Role, tuple[str, str]]
    """By role what is before and after a content."""
    asks: str
    """After the last turn, where the assistant is about to speak."""

    def text(self, messages: Sequence[Message]) -> str:
        """Spell a conversation as the Go template does."""
        spelled = (self.around[one.role][0] + one.content + self.around[one.role][1] for one in messages)
        return self.start + "".join(spelled) + self.asks

    def template(self) -> str:
        """Return the Go template."""
        branches: list[str] = []
        for role, (before, after) in self.around.items():
            opening = "else if" if branches else "if"
            said = f"{_literal(before)}{{{{ .Content }}}}{_literal(after)}"
            branches.append(f'{{{{ {opening} eq .Role "{role}" }}}}{said}')
        turns = "".join(branches)
        return f"{_literal(self.start)}{{{{ range .Messages }}}}{turns}{{{{ end }}}}{{{{ end }}}}{_literal(self.asks)}"


def ollama_template(chat: Chat, prompts: Sequence[Sequence[Message]]) -> str | None:
    """Return a Go template that makes the trained template's text of prompts and probes; None where there is none.

    Contents are compared without white space around them where the trained template takes it off, which Ollama cannot.
    """
    try:
        turns = _taken_apart(chat)
    except (BadOrderError, ValueError):
        return None
    for messages in (*prompts, *PROBES):
        trimmed = [Message(one.role, one.content.strip()) for one in messages]
        if any(one.role not in turns.around for one in messages):
            continue
        if chat.prompt_text(trimmed) not in (None, turns.text(trimmed)):
            return None
    return turns.template()


def _taken_apart(chat: Chat) -> Turns:
    """Read off what is around each turn.

    Raises:
        BadOrderError: the template refuses a conversation of users and assistants.
        ValueError: contents do not stand in the text as they are.
    """
    user, answer = Message("user", _USER), Message("assistant", _ANSWER)
    before_user, after_user = _split(chat.spelled_turns([user]), _USER)
    asking = chat.prompt_text([user]) or ""
    asks = asking.removeprefix(before_user + _USER + after_user)
    _, rest = _split(chat.spelled_turns([user, answer, user]), _USER)
    before_answer, rest = _split(rest.removeprefix(after_user), _ANSWER)
    between, _ = _split(rest, _USER)
    ending = _split(chat.spelled_turns([user, answer]), _ANSWER)[1]
    before_turn = between.removeprefix(ending)
    start = before_user.removesuffix(before_turn)
    around: dict[Role, tuple[str, str]] = {"user": (before_turn, after_user), "assistant": (before_answer, ending)}
    try:
        before_system, rest = _split(chat.spelled_turns([Message("system", _SYSTEM), user]), _SYSTEM)
        after_system = _split(rest, _USER)[0].removesuffix(before_turn)
        around = {"system": (before_system.removeprefix(start), after_system), **around}
    except (BadOrderError, ValueError):
        pass  # a model without system turns
    return Turns(start, around, asks)


def _split(text: str, mark: str) -> tuple[str, str]:
    before, found, after = text.partition(mark)
    if not found:
        message = f"the template leaves {mark!r} out"
        raise ValueError(message)
    return before, after


def _literal(text: str) -> str:
    """Spell text so that Go's templates and the quotes of a Modelfile leave it as it is."""
    return text.replace("{{", '{{ "{{" }}').replace('"""', '{{ "\\"\\"\\"" }}')

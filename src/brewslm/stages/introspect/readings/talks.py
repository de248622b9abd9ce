"""Readings as conversations, and as two answers to choose from."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.artifacts.transforms import SplitTurns
from brewslm.core.data.example import Role
from brewslm.core.mapping.json_text import read_json, read_python_literal
from brewslm.core.mapping.roles import CONTENT_KEYS, ROLE_KEYS, ROLE_NAMES
from brewslm.core.mapping.shapes.preference import is_transcript
from brewslm.core.mapping.shapes.turns import is_talk, rows_of
from brewslm.stages.introspect.content import answering, manner_of
from brewslm.stages.introspect.names import NONE, STRONG, matters, name_evidence
from brewslm.stages.introspect.view import Candidate, View, told

_HALF = 0.5
MAX_CHARACTERS = 20_000
"""What is looked at of a text for speakers' marks."""
MARKS: tuple[tuple[dict[str, Role], tuple[str, ...]], ...] = (
    (
        {"<|im_start|>system": "system", "<|im_start|>user": "user", "<|im_start|>assistant": "assistant"},
        ("<|im_end|>", "<|endoftext|>"),
    ),
    ({"<|system|>": "system", "<|user|>": "user", "<|assistant|>": "assistant"}, ("</s>", "<|end|>", "<|endoftext|>")),
    ({"[INST]": "user", "[/INST]": "assistant"}, ("</s>", "<s>")),
    (
        {
            "<start_of_turn>user": "user",
            "<start_of_turn>model": "assistant",
        },
        ("<end_of_turn>", "<bos>", "<eos>"),
    ),
    ({"### System:": "system", "### Human:": "user", "### Assistant:": "assistant"}, ("</s>",)),
    ({"### System:": "system", "### User:": "user", "### Assistant:": "assistant"}, ("</s>",)),
    ({"### Instruction:": "user", "### Response:": "assistant"}, ("</s>",)),
    ({"Human:": "user", "Assistant:": "assistant"}, ("<|endoftext|>",)),
    ({"USER:": "user", "ASSISTANT:": "assistant"}, ("<|endoftext|>", "</s>")),
    ({"User:": "user", "Assistant:": "assistant"}, ()),
    ({"User:": "user", "Bot:": "assistant"}, ()),
    ({"Customer:": "user", "Agent:": "assistant"}, ()),
    ({"Q:": "user", "A:": "assistant"}, ()),
)
"""Speakers' marks that texts hold, and marks that say nothing."""


def propose_talks(view: View) -> Iterator[Candidate]:
    """Yield readings of columns that hold turns, or texts with speakers' marks."""
    for profile in view.profiles:
        found = _turns_of(view, profile.name)
        if found is not None:
            columns, evidence, notes = found
            yield view.weighed("chat", columns, evidence, notes)
    for profile in view.texts:
        marked = _marked(view, profile.name)
        if marked is not None:
            view.with_marks.add(profile.name)
            yield marked


def propose_preferences(view: View) -> Iterator[Candidate]:
    """Yield the reading of two columns as the better and the worse answer."""
    better = [(p.name, name_evidence(p.name, "preference.chosen")) for p in view.profiles]
    chosen = max((one for one in better if one[1] > NONE), key=lambda pair: pair[1], default=None)
    worse = [(p.name, name_evidence(p.name, "preference.rejected")) for p in view.profiles]
    rejected = max((one for one in worse if one[1] > NONE), key=lambda pair: pair[1], default=None)
    if chosen is None or rejected is None or chosen[0] == rejected[0]:
        return
    values = view.values(chosen[0])
    if not any(is_talk(value) or isinstance(value, str) for value in values):
        return
    is_whole = _is_whole(values)
    asked = None if is_whole else _prompt_of(view, chosen[0], rejected[0])
    columns = _keys_of(view, chosen[0]) or ColumnMap()
    columns = columns.model_copy(
        update={
            "messages": None,
            "chosen": chosen[0],
            "rejected": rejected[0],
            "prompt": asked[0] if asked else _prompt_beside(view) if is_whole else None,
            "system": view.named("system"),
            "tools": view.named("tools"),
        }
    )
    if asked is not None and any(isinstance(value, list) for value in view.values(asked[0])):
        columns = columns.model_copy(update={"messages": asked[0], "prompt": None})
    evidence = min(chosen[1], rejected[1], 1.0 if is_whole else asked[1] if asked else 0.5)
    rivals = [name for name in view.left_out(columns) if matters(name, "preference")]
    notes = [told(chosen, "the better answer"), told(rejected, "the worse answer")]
    if rivals:
        evidence = min(evidence, 0.75)
    yield view.weighed("preference", columns, evidence, notes)


def _turns_of(view: View, column: str) -> tuple[ColumnMap, float, tuple[str, ...]] | None:
    keyed = _keys_of(view, column)
    if keyed is None:
        return None
    note = f"{column!r} holds lists of turns with {keyed.role_key!r} and {keyed.content_key!r}"
    columns = keyed.model_copy(
        update={"messages": column, "system": view.named("system"), "tools": view.named("tools")}
    )
    names, evidence, more = _speakers(view, column, keyed)
    return columns.model_copy(update={"role_names": names}), evidence, (note, *more)


def _keys_of(view: View, column: str) -> ColumnMap | None:
    turns = [turn for value in view.values(column) for turn in _opened(value)]
    keys = Counter(key for turn in turns for key in turn)
    role_key = next((key for key in ROLE_KEYS if keys[key] * 2 > len(turns)), None)
    content_key = next((key for key in CONTENT_KEYS if keys[key] * 2 > len(turns) and key != role_key), None)
    if role_key is None or content_key is None:
        return None
    return ColumnMap(role_key=role_key, content_key=content_key)


def _opened(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON value is meant
    if isinstance(value, str) and is_talk(value):
        try:
            value = read_json(value)
        except ValueError:
            try:
                value = read_python_literal(value)
            except ValueError:
                return []
    if isinstance(value, dict):
        value = rows_of(value)
    return [turn for turn in value if isinstance(turn, dict)] if isinstance(value, list) else []


def _speakers(view: View, column: str, keyed: ColumnMap) -> tuple[dict[str, str], float, tuple[str, ...]]:
    """How speakers are called. Two names that nobody knows are told apart by who begins and who asks."""
    talks = [_opened(value) for value in view.values(column)]
    spoken = [(str(turn.get(keyed.role_key)).strip(), turn) for talk in talks for turn in talk]
    counts = Counter(name for name, _ in spoken)
    unknown = [name for name, _ in counts.most_common() if name.lower() not in ROLE_NAMES]
    known = {ROLE_NAMES[name.lower()] for name in counts if name.lower() in ROLE_NAMES} & {"user", "assistant"}
    if not unknown or len(unknown) + len(known) != 2:
        return dict(ROLE_NAMES), 1.0, ()
    if len(unknown) == 1:
        role = "assistant" if "user" in known else "user"
        note = f"{unknown[0]!r} is taken for the {role}"
        return {**ROLE_NAMES, unknown[0]: role}, 0.9, (note,)
    first = Counter(str(talk[0].get(keyed.role_key)).strip() for talk in talks if talk).most_common(1)[0][0]
    other = next(name for name in unknown if name != first) if first in unknown else unknown[1]
    said = {
        name: manner_of([str(turn.get(keyed.content_key)) for who, turn in spoken if who == name])
        for name in (first, other)
    }
    evidence, note = answering(said[first], said[other])
    return {**ROLE_NAMES, first: "user", other: "assistant"}, max(0.7, evidence), (f"{first!r} begins", note)


def _marked(view: View, column: str) -> Candidate | None:
    texts = [text[:MAX_CHARACTERS] for text in view.strings(column)]
    for marks, ends in MARKS:
        speakers = [mark for mark, role in marks.items() if role != "system"]
        fitting = [text for text in texts if _begins(text, marks, ends) and _has_both(text, marks, speakers)]
        if texts and len(fitting) >= _HALF * len(texts):
            used = {mark: role for mark, role in marks.items() if any(mark in text for text in fitting)}
            step = SplitTurns(
                column=column, to="messages", marks=used, ends=tuple(e for e in ends if e in "".join(fitting))
            )
            note = f"{column!r} holds turns behind {', '.join(map(repr, used))}"
            columns = ColumnMap(messages="messages", role_names=dict(ROLE_NAMES))
            return view.weighed("chat", columns, 0.97, (note,), (step,))
    return None


def _begins(text: str, marks: dict[str, Role], ends: tuple[str, ...]) -> bool:
    for end in ends:
        text = text.replace(end, " ")
    return text.lstrip().startswith(tuple(marks))


def _has_both(text: str, marks: dict[str, Role], speakers: list[str]) -> bool:
    return {marks[mark] for mark in speakers if mark in text} == {"user", "assistant"}


def _is_whole(values: list[Any]) -> bool:
    """Whether most answers are conversations that begin with the prompt."""
    whole = 0
    for value in values:
        turns = _opened(value)
        first = turns[0] if turns else {}
        spelled = next((str(first[key]).strip().lower() for key in ROLE_KEYS if key in first), "")
        is_turns = bool(turns) and ROLE_NAMES.get(spelled, "assistant") != "assistant"
        whole += is_turns or (isinstance(value, str) and is_transcript(value))
    return whole > _HALF * max(1, len(values))


def _prompt_of(view: View, *taken: str) -> tuple[str, float] | None:
    for profile in view.profiles:
        if profile.name not in taken and _keys_of(view, profile.name) is not None:
            return profile.name, STRONG
    roles = ("prompt_completion.prompt", "qa.prompt", "instruction.prompt")
    free = [p for p in view.texts if p.name not in taken]
    scored = [(p.name, max(name_evidence(p.name, role) for role in roles)) for p in free]
    best = max(scored, key=lambda pair: pair[1], default=None)
    if best is not None and best[1] == NONE:
        return (best[0], 0.85) if len(scored) == 1 else None
    return best


def _prompt_beside(view: View) -> str | None:
    """The prompt that stands beside whole conversations says nothing that they do not, but counts as read."""
    return next((p.name for p in view.texts if name_evidence(p.name, "prompt_completion.prompt") == STRONG), None)

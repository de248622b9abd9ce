"""Readings that are worth trying: for each shape the columns that fit best, with what speaks for them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from brewslm.core.artifacts.schema import ColumnMap, ColumnProfile
from brewslm.core.data.example import Shape
from brewslm.core.mapping.outcome import SourceRow
from brewslm.core.mapping.roles import CONTENT_KEYS, ROLE_KEYS, ROLE_NAMES
from brewslm.stages.introspect.names import NONE, WEAK, is_metadata, matters, name_evidence

HEAVY, LIGHT = 0.6, 0.15
"""How much evidence falls where a reading leaves out all columns that matter, or all others."""
CLEAR_LABEL_SHARE, MAX_LABEL_SHARE = 0.5, 0.9
"""Labels repeat: with more distinct values per row than this a column may not be, or is not, a label."""
MAX_LABELS = 10_000
MAX_LABEL_CHARACTERS = 200

Vocabulary = Callable[[str], tuple[Counter[str], int]]
"""Counts the labels of a column over the whole snapshot, and the rows that have one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reading to try."""

    shape: Shape
    columns: ColumnMap
    evidence: float
    """What the columns say for it, from 0 to 1."""
    notes: tuple[str, ...]


def propose(
    rows: Sequence[SourceRow], profiles: Sequence[ColumnProfile], vocabulary: Vocabulary
) -> Iterator[Candidate]:
    """Yield at most one candidate for each shape."""
    records = [row.record for row in rows if row.record is not None]
    texts = [profile for profile in profiles if _is_text(profile)]
    yield from _chat(records, profiles)
    yield from _pair("instruction", profiles, texts)
    yield from _pair("prompt_completion", profiles, texts)
    yield from _pair("qa", profiles, texts)
    yield from _classification(profiles, texts, vocabulary)


def _chat(records: Sequence[dict[str, Any]], profiles: Sequence[ColumnProfile]) -> Iterator[Candidate]:
    for profile in profiles:
        turns = [turn for record in records for turn in _turns(record.get(profile.name))]
        keys = Counter(key for turn in turns for key in turn)
        role_key = next((key for key in ROLE_KEYS if keys[key] * 2 > len(turns)), None)
        content_key = next((key for key in CONTENT_KEYS if keys[key] * 2 > len(turns)), None)
        if role_key is None or content_key is None:
            continue
        system = next((p.name for p in profiles if name_evidence(p.name, "system") == 1.0), None)
        columns = ColumnMap(
            messages=profile.name,
            role_key=role_key,
            content_key=content_key,
            role_names=dict(ROLE_NAMES),
            system=system,
        )
        note = f"{profile.name!r} holds lists of turns with {role_key!r} and {content_key!r}"
        yield _weighed("chat", columns, 1.0, (note,), profiles)
        return


def _turns(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON value is meant
    return [turn for turn in value if isinstance(turn, dict)] if isinstance(value, list) else []


def _pair(shape: Shape, profiles: Sequence[ColumnProfile], texts: Sequence[ColumnProfile]) -> Iterator[Candidate]:
    prompt = _best(texts, f"{shape}.prompt", without=())
    if prompt is None:
        return
    completion = _best(texts, f"{shape}.completion", without=(prompt[0],))
    if completion is None:
        return
    is_named = min(prompt[1], completion[1]) > NONE
    if not is_named and (shape == "instruction" or len(texts) != 2):
        return
    context = None
    if shape != "prompt_completion":
        taken = (prompt[0], completion[0])
        context = next(
            (p.name for p in profiles if name_evidence(p.name, f"{shape}.context") == 1.0 and p.name not in taken), None
        )
    system = next((p.name for p in profiles if name_evidence(p.name, "system") == 1.0), None)
    columns = ColumnMap(prompt=prompt[0], completion=completion[0], context=context, system=system)
    notes = (_named(prompt, "prompt"), _named(completion, "completion"))
    yield _weighed(shape, columns, min(prompt[1], completion[1]), notes, profiles)


def _classification(
    profiles: Sequence[ColumnProfile], texts: Sequence[ColumnProfile], vocabulary: Vocabulary
) -> Iterator[Candidate]:
    ranked = sorted(
        (profile for profile in profiles if _may_be_label(profile)),
        key=lambda profile: (-name_evidence(profile.name, "classification.label"), profile.num_distinct),
    )
    for label in ranked[:3]:
        text = _best(
            [p for p in texts if p.num_distinct > label.num_distinct], "classification.text", without=(label.name,)
        )
        if text is None:
            continue
        labels, num_rows = vocabulary(label.name)
        share = len(labels) / max(1, num_rows)
        if not 2 <= len(labels) <= MAX_LABELS or share > MAX_LABEL_SHARE:
            continue
        is_only_text = sum(p.name != label.name for p in texts) == 1
        named = name_evidence(label.name, "classification.label")
        evidence = _label_evidence(named, text[1], share, is_only_text=is_only_text)
        columns = ColumnMap(text=text[0], label=label.name, labels=tuple(sorted(labels)))
        notes = (_named(text, "text"), f"{label.name!r} has {len(labels):,} distinct values in {num_rows:,} rows")
        yield _weighed("classification", columns, evidence, notes, profiles)
        return


def _label_evidence(label: float, text: float, share: float, *, is_only_text: bool) -> float:
    """The weaker of both columns; a label that repeats a lot, or a text that is the only one, needs no name."""
    by_content = WEAK if share <= 0.05 else NONE
    beside = WEAK if label > NONE and is_only_text else NONE
    repeats = min(1.0, (MAX_LABEL_SHARE - share) / (MAX_LABEL_SHARE - CLEAR_LABEL_SHARE))
    return min(max(label, by_content), max(text, beside)) * repeats


def _best(texts: Sequence[ColumnProfile], role: str, *, without: tuple[str, ...]) -> tuple[str, float] | None:
    """The column whose name says most for a role; the first of equals."""
    scored = [(p.name, name_evidence(p.name, role)) for p in texts if p.name not in without]
    return max(scored, key=lambda pair: pair[1], default=None)


def _weighed(
    shape: Shape, columns: ColumnMap, evidence: float, notes: tuple[str, ...], profiles: Sequence[ColumnProfile]
) -> Candidate:
    """Lower the evidence for what the reading leaves out."""
    used = {columns.messages, columns.system, columns.prompt, columns.context, columns.completion, columns.text}
    used.add(columns.label)
    weighty = [p.name for p in profiles if p.fill_rate >= 0.5 and not is_metadata(p.name)]
    left_out = [name for name in weighty if name not in used]
    if left_out:
        notes = (*notes, f"leaves out {', '.join(map(repr, left_out[:5]))}")
    cost = sum(HEAVY if matters(name, shape) else LIGHT for name in left_out) / max(1, len(weighty))
    return Candidate(shape, columns, evidence * (1 - cost), notes)


def _named(found: tuple[str, float], role: str) -> str:
    how = "by its name" if found[1] > NONE else "by its content"
    return f"{found[0]!r} as {role}, {how}"


def _is_text(profile: ColumnProfile) -> bool:
    seen = sum(profile.types.values()) - profile.types.get("null", 0)
    return profile.types.get("string", 0) * 2 > seen and not is_metadata(profile.name)


def _may_be_label(profile: ColumnProfile) -> bool:
    seen = sum(profile.types.values()) - profile.types.get("null", 0)
    plain = profile.types.get("string", 0) + profile.types.get("number", 0)
    is_short = profile.length_quantiles.get("p90", 0.0) <= MAX_LABEL_CHARACTERS
    return plain == seen and seen > 0 and is_short and profile.fill_rate >= 0.5

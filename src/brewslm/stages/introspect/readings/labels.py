"""Readings as text and label, and as an answer that is good or bad."""

from collections.abc import Iterator, Sequence

from brewslm.core.artifacts.schema import ColumnMap, ColumnProfile
from brewslm.core.mapping.shapes.pairs import BAD, GOOD
from brewslm.stages.introspect.names import NONE, WEAK, is_metadata, is_named_otherwise, name_evidence
from brewslm.stages.introspect.view import Candidate, View, share_of, told

CLEAR_LABEL_SHARE, MAX_LABEL_SHARE = 0.5, 0.9
"""Labels repeat: with more distinct values per row than this a column may not be, or is not, a label."""
MAX_LABELS = 10_000
MAX_LABEL_CHARACTERS = 200
MAX_LOOKED_AT, MAX_TRIED = 12, 4
FEW = 0.05
"""With fewer distinct values per row a column needs no name to be a label."""


def propose_labels(view: View) -> Iterator[Candidate]:
    """Yield a reading for each column that may be the label."""
    ranked = sorted(
        (profile for profile in view.profiles if _may_be_label(profile)),
        key=lambda profile: (-name_evidence(profile.name, "classification.label"), profile.num_distinct),
    )
    # Each one that is looked at costs a pass over the snapshot.
    ranked = _without_numbered(view, ranked[:MAX_LOOKED_AT])
    tried = 0
    for label in ranked:
        candidate = _labelled(view, label, ranked)
        if candidate is not None:
            yield candidate
            tried += 1
        if tried == MAX_TRIED:
            return


def propose_feedback(view: View) -> Iterator[Candidate]:
    """Yield the reading of a column with two values as the verdict on an answer."""
    for profile in view.profiles:
        named = name_evidence(profile.name, "binary_feedback.label")
        if named == NONE or not _is_verdict(view, profile):
            continue
        for shape in ("prompt_completion", "qa", "instruction"):
            prompt = view.best(f"{shape}.prompt", without=(profile.name,))
            completion = prompt and view.best(f"{shape}.completion", without=(profile.name, prompt[0]))
            if not prompt or not completion or min(prompt[1], completion[1]) == NONE:
                continue
            columns = ColumnMap(
                prompt=prompt[0], completion=completion[0], label=profile.name, system=view.named("system")
            )
            notes = (told(prompt, "prompt"), told(completion, "completion"), f"{profile.name!r} says good or bad")
            yield view.weighed("binary_feedback", columns, min(named, prompt[1], completion[1]), notes)
            return


def _labelled(view: View, label: ColumnProfile, labels: Sequence[ColumnProfile]) -> Candidate | None:
    others = [p for p in view.texts if p.num_distinct > label.num_distinct]
    text = view.best("classification.text", among=others, without=(label.name,))
    if text is None:
        return None
    vocabulary, num_rows = view.vocabulary(label.name)
    share = len(vocabulary) / max(1, num_rows)
    if not 2 <= len(vocabulary) <= MAX_LABELS or share > MAX_LABEL_SHARE:
        return None
    names = {p.name for p in labels}
    is_only_text = sum(p.name not in names for p in view.texts) <= 1
    named = name_evidence(label.name, "classification.label")
    evidence = _evidence(named, text[1], share, is_only_text=is_only_text)
    if named == NONE and is_named_otherwise(label.name, "classification.label", "binary_feedback.label"):
        evidence = min(evidence, NONE)
    second = view.named("classification.second", without=(text[0], label.name))
    columns = ColumnMap(
        text=text[0],
        context=second,
        label=label.name,
        labels=tuple(sorted(vocabulary)),
        system=view.named("system", without=(text[0],)),
    )
    notes = (told(text, "text"), f"{label.name!r} has {len(vocabulary):,} distinct values in {num_rows:,} rows")
    said = [p.name for p in view.profiles if p.name != label.name and _says_the_same(view, p.name, label.name)]
    return view.weighed("classification", columns, evidence, notes, said=said)


def _evidence(label: float, text: float, share: float, *, is_only_text: bool) -> float:
    """The weaker of both columns; a label that repeats a lot, or a text that is the only one, needs no name."""
    by_content = WEAK if share <= FEW or (is_only_text and share <= 0.3) else NONE
    beside = WEAK if max(label, by_content) > NONE and is_only_text else NONE
    repeats = min(1.0, (MAX_LABEL_SHARE - share) / (MAX_LABEL_SHARE - CLEAR_LABEL_SHARE))
    return min(max(label, by_content), max(text, beside)) * repeats


def _without_numbered(view: View, found: Sequence[ColumnProfile]) -> list[ColumnProfile]:
    """Leave out a column of numbers that says the same as one of names."""
    named = [p for p in found if share_of(p, "string") == 1.0]
    return [
        p
        for p in found
        if share_of(p, "number", "boolean") < 1.0 or not any(_says_the_same(view, p.name, n.name) for n in named)
    ]


def _says_the_same(view: View, number: str, name: str) -> bool:
    pairs = {(str(record.get(number)), str(record.get(name))) for record in view.records}
    return len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs}) < len(view.records)


def _is_verdict(view: View, profile: ColumnProfile) -> bool:
    spelled = {str(value).strip().lower() for value in view.values(profile.name)}
    return 1 <= len(spelled) <= 2 and spelled <= GOOD | BAD


def _may_be_label(profile: ColumnProfile) -> bool:
    is_plain = share_of(profile, "string", "number", "boolean") == 1.0
    is_short = profile.length_quantiles.get("p90", 0.0) <= MAX_LABEL_CHARACTERS
    is_described = is_metadata(profile.name) and name_evidence(profile.name, "classification.label") == NONE
    repeats = profile.num_distinct >= 1
    return is_plain and is_short and not is_described and profile.fill_rate >= CLEAR_LABEL_SHARE and repeats

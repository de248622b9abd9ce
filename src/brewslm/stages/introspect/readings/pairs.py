"""Readings as one question and one answer: Q&A, instruction, prompt and completion, summary, translation."""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

from brewslm.core.artifacts.schema import ColumnMap, ColumnProfile
from brewslm.core.artifacts.transforms import Join
from brewslm.core.data.example import Shape
from brewslm.core.mapping.json_text import read_json
from brewslm.stages.introspect.content import answering
from brewslm.stages.introspect.names import (
    NONE,
    STRONG,
    WEAK,
    is_named_otherwise,
    language_of,
    name_evidence,
    plain,
)
from brewslm.stages.introspect.view import Candidate, View, share_of, told

MOSTLY_ASKS = 0.5
JSON_SHARE = 0.9
JSON_ANSWER = 0.85
"""What is left of the evidence for a plain pair whose answers are all JSON objects: it may be an extraction."""
MAX_SUMMARY_SHARE = 0.7
MAX_LANGUAGES = 4
_PAIRS: tuple[Shape, ...] = ("instruction", "prompt_completion", "qa")


def propose_pairs(view: View) -> Iterator[Candidate]:
    """Yield readings by name, and where names say nothing by content."""
    for shape in _PAIRS:
        yield from _by_name(view, shape)
    yield from _answer_lists(view)
    yield from _by_content(view)
    yield from _summary(view)
    yield from _translation(view)


def _by_name(view: View, shape: Shape) -> Iterator[Candidate]:
    talks = [p for p in view.profiles if share_of(p, "array") > MOSTLY_ASKS]
    prompt = view.best(f"{shape}.prompt", among=[*view.texts, *talks])
    if prompt is None:
        return
    completion = view.best(f"{shape}.completion", among=[*view.texts, *talks], without=(prompt[0],))
    if completion is None or min(prompt[1], completion[1]) == NONE:
        return
    if plain(completion[0]) == "a" and plain(prompt[0]) != "q":
        return
    columns = _with_context(view, shape, ColumnMap(prompt=prompt[0], completion=completion[0]))
    evidence = min(prompt[1], completion[1])
    notes = [told(prompt, "prompt"), told(completion, "completion")]
    if (
        shape != "instruction"
        and name_evidence(prompt[0], f"{shape}.prompt") < STRONG
        and _is_json(view, completion[0])
    ):
        evidence *= JSON_ANSWER
        notes.append(f"{completion[0]!r} is always a JSON object")
    if shape == "prompt_completion" and plain(prompt[0]) in {"input", "inputs"} and _is_json(view, completion[0]):
        evidence *= JSON_ANSWER
    yield view.weighed(shape, columns, evidence, notes)


def _with_context(view: View, shape: Shape, columns: ColumnMap) -> ColumnMap:
    taken = (columns.prompt, columns.completion)
    context = None if shape == "prompt_completion" else view.named(f"{shape}.context", without=taken)
    return columns.model_copy(update={"context": context, "system": view.named("system", without=taken)})


def _answer_lists(view: View) -> Iterator[Candidate]:
    """A question whose answers are a list of texts, as in reading comprehension: the first one is taken."""
    prompt = view.best("qa.prompt")
    if prompt is None or prompt[1] < STRONG:
        return
    for profile in view.profiles:
        steps = [step for step in profile.name.split(".") if step]
        is_answer = any(name_evidence(step, "qa.completion") == STRONG for step in steps)
        lists = [value for value in view.values(profile.name) if isinstance(value, list)]
        if not is_answer or share_of(profile, "array") < MOSTLY_ASKS or not lists:
            continue
        if not all(isinstance(item, str) for value in lists for item in value):
            continue
        completion = f"{profile.name}.0"
        columns = _with_context(view, "qa", ColumnMap(prompt=prompt[0], completion=completion))
        notes = (told(prompt, "prompt"), f"the first of {profile.name!r} as completion")
        yield view.weighed("qa", columns, STRONG, notes)
        return


def _by_content(view: View) -> Iterator[Candidate]:
    """Two columns of free text of which at most one has a telling name: who asks, and who answers?"""
    weighty = set(view.weighty())
    texts = [p for p in view.texts if p.name in weighty and not _repeats(view, p)]
    system = view.named("system")
    texts = [p for p in texts if p.name != system]
    if len(texts) != 2:
        return
    if any(_is_foreign(p.name) for p in texts):
        return
    readings = [_directed(view, first.name, second.name) for first, second in permutations(texts)]
    evidence, prompt, completion, note = max(readings, key=lambda reading: reading[0])
    is_clear = evidence > min(reading[0] for reading in readings)
    if not is_clear:
        evidence = min(evidence, NONE)
        prompt, completion = texts[0].name, texts[1].name
        swapped = f"`--column prompt={texts[1].name} --column completion={texts[0].name}`"
        note = f"{note}; the other way round it is {swapped}"
    by_question = view.manner(prompt).asks >= MOSTLY_ASKS
    notes = (f"{prompt!r} as prompt", f"{completion!r} as completion", note)
    for shape, is_likelier in (("qa", by_question), ("prompt_completion", not by_question)):
        columns = ColumnMap(prompt=prompt, completion=completion, system=system)
        yield view.weighed(shape, columns, evidence - (0.0 if is_likelier else 0.02), notes)  # type: ignore[arg-type]  # two shapes


def _directed(view: View, first: str, second: str) -> tuple[float, str, str, str]:
    sure, note = answering(view.manner(first), view.manner(second))
    asks = max(name_evidence(first, f"{shape}.prompt") for shape in _PAIRS)
    answers = max(name_evidence(second, f"{shape}.completion") for shape in _PAIRS)
    answers = NONE if plain(second) == "a" else answers
    if max(asks, answers) > NONE and sure >= NONE:
        sure = min(WEAK, max(sure, 0.8) + 0.02)
        note = f"{note}; {(first if asks >= answers else second)!r} by its name"
    return sure, first, second, note


def _is_foreign(name: str) -> bool:
    """Whether a name is the word for something that is no part of a pair."""
    return is_named_otherwise(name, *(f"{s}.{r}" for s in _PAIRS for r in ("prompt", "completion", "context")), *_NEAR)


_NEAR = ("classification.text", "extraction.text", "passage.text", "summarisation.prompt", "classification.second")


def _repeats(view: View, profile: ColumnProfile) -> bool:
    """Whether a column says the same few things again and again, as a label does."""
    num = len(view.values(profile.name))
    return profile.num_distinct <= max(2, 0.3 * num)


def _is_json(view: View, column: str) -> bool:
    texts = view.strings(column)
    num = sum(_opens(text) for text in texts)
    return bool(texts) and num >= JSON_SHARE * len(texts)


def _opens(text: str) -> bool:
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    try:
        return isinstance(read_json(text), dict | list)
    except ValueError:
        return False


def _summary(view: View) -> Iterator[Candidate]:
    prompt = view.best("summarisation.prompt")
    lists = [p for p in view.profiles if share_of(p, "array") > MOSTLY_ASKS and p.fill_rate > MOSTLY_ASKS]
    if prompt is None:
        return
    summary = view.best("summarisation.completion", among=[*view.texts, *lists], without=(prompt[0],))
    if summary is None or min(prompt[1], summary[1]) == NONE:
        return
    is_list = any(p.name == summary[0] for p in lists)
    steps = (Join(to=summary[0], columns=(summary[0],), separator="\n"),) if is_list else ()
    evidence = min(max(prompt[1], 0.95 if summary[1] == STRONG else 0.0), summary[1])
    long, short = view.manner(prompt[0]).length, view.manner(summary[0]).length
    notes = [told(prompt, "document"), told(summary, "summary")]
    if not is_list and short > MAX_SUMMARY_SHARE * long:
        evidence *= MAX_SUMMARY_SHARE
        notes.append(f"{summary[0]!r} is not much shorter than {prompt[0]!r}")
    columns = ColumnMap(prompt=prompt[0], completion=summary[0], system=view.named("system"))
    yield view.weighed("summarisation", columns, evidence, notes, steps)


def _translation(view: View) -> Iterator[Candidate]:
    source, target = view.best("translation.prompt"), view.best("translation.completion")
    if source is not None and target is not None and source[0] != target[0] and min(source[1], target[1]) > NONE:
        columns = ColumnMap(prompt=source[0], completion=target[0], system=view.named("system"))
        yield view.weighed(
            "translation", columns, min(source[1], target[1]), [told(source, "source"), told(target, "translation")]
        )
        return
    spoken = [(p.name, language) for p in view.texts if (language := language_of(p.name)) is not None]
    if not 2 <= len(spoken) <= MAX_LANGUAGES or len({language for _, language in spoken}) != len(spoken):
        return
    yield from _directions(view, spoken)


def _directions(view: View, spoken: Sequence[tuple[str, str]]) -> Iterator[Candidate]:
    for pair in combinations(spoken, 2):
        for (first, source), (second, target) in permutations(pair):
            columns = ColumnMap(prompt=first, completion=second, system=view.named("system"))
            note = f"{first!r} ({source}) is translated to {second!r} ({target})"
            yield view.weighed("translation", columns, 0.95, (note,))

"""Pairs of answers that people label: written for them, and read again."""

import json
import random
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from brewslm.core.errors import InvalidRequestError
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.judge import LabelledPair


def text_to_label(rows: Sequence[ScoredRow], prompts: Mapping[str, str], *, limit: int) -> tuple[str, int]:
    """Return one JSON object a line, and how many: answered rows whose answers differ, evenly spread.

    Which model's answer comes first is chance, by the row, so that whoever labels cannot know.
    """
    answered = [row for row in rows if row.base_answer is not None and row.tuned_answer is not None]
    different = [row for row in answered if row.base_answer != row.tuned_answer]
    count = min(limit, len(different))
    chosen = [different[number * len(different) // count] for number in range(count)]
    return "".join(f"{json.dumps(_to_label(row, prompts), ensure_ascii=False)}\n" for row in chosen), count


def _to_label(row: ScoredRow, prompts: Mapping[str, str]) -> dict[str, str | None]:
    answers = [row.base_answer, row.tuned_answer]
    random.Random(row.id).shuffle(answers)  # noqa: S311 - nothing is to be kept secret by it
    prompt = prompts.get(row.id, row.prompt)
    return {"human": None, "prompt": prompt, "expected": row.expected, "first": answers[0], "second": answers[1]}


def labelled_pairs(text: str, name: str) -> tuple[LabelledPair, ...]:
    """Read them; lines that nobody has labelled are left out.

    Raises:
        InvalidRequestError: a line is wrong, or none is labelled.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            tree = json.loads(line)
            if isinstance(tree, dict) and tree.get("human") is None:
                continue
            found.append(LabelledPair.model_validate(tree))
        except ValidationError as error:
            wrong = error.errors()[0]
            where = ".".join(map(str, wrong["loc"])) or "it"
            raise _wrong_line(name, number, f"{where}: {wrong['msg']}") from error
        except ValueError as error:
            raise _wrong_line(name, number, str(error)) from error
    if not found:
        message = f"none of the pairs {name!r} is labelled; change human: null to 'first', 'second' or 'tie'"
        raise InvalidRequestError(message)
    return tuple(found)


def _wrong_line(name: str, number: int, why: str) -> InvalidRequestError:
    message = f"line {number} of the labelled pairs {name!r} is wrong: {why}; human is 'first', 'second' or 'tie'"
    return InvalidRequestError(message)

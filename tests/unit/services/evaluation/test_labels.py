"""Pairs for people to label: what they are shown, and how their labels are read."""

import json

import pytest

from brewslm.core.errors import InvalidRequestError
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.services.evaluation.labels import labelled_pairs, text_to_label


def row(number: int, *, base: str | None = "base", tuned: str | None = "tuned") -> ScoredRow:
    return ScoredRow(
        id=f"r{number}",
        num_tokens=1,
        num_bytes=1,
        prompt=f"last turn {number}",
        expected="right",
        base_answer=base,
        tuned_answer=tuned,
    )


def test_pairs_are_blind_and_spread_and_leave_out_what_cannot_be_told_apart() -> None:
    rows = [row(number) for number in range(40)] + [row(50, base=None, tuned=None), row(51, base="x", tuned="x")]
    text, count = text_to_label(rows, {"r0": "user: a\n\nuser: b"}, limit=30)
    told = [json.loads(line) for line in text.splitlines()]
    assert (count, len(told)) == (30, 30)
    assert told[0]["prompt"] == "user: a\n\nuser: b"
    assert told[1]["prompt"].startswith("last turn")
    assert all(one["human"] is None and {one["first"], one["second"]} == {"base", "tuned"} for one in told)
    assert 5 < sum(one["first"] == "tuned" for one in told) < 25, "the order gives the model away"
    assert text_to_label(rows, {}, limit=30)[0].splitlines()[1:] == text.splitlines()[1:], "another order on each call"


def test_what_was_labelled_is_read_and_the_rest_left_out() -> None:
    text, _ = text_to_label([row(number) for number in range(3)], {}, limit=3)
    first, second, third = text.splitlines()
    labelled = "\n".join([first.replace("null", '"second"', 1), "", second, third.replace("null", '"tie"', 1)])
    assert [pair.human for pair in labelled_pairs(labelled, "mine")] == ["second", "tie"]
    with pytest.raises(InvalidRequestError, match="none of the pairs 'mine' is labelled"):
        labelled_pairs(text, "mine")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"human": "left", "prompt": "p", "first": "a", "second": "b"}', "line 2 of the labelled pairs 'mine'.*human"),
        ('{"human": "tie", "prompt": "p", "first": "a"}', "line 2 .*second: Field required"),
        ("{", "line 2 .*wrong"),
        ("[]", "line 2 .*wrong"),
    ],
)
def test_a_wrong_line_is_named(line: str, why: str) -> None:
    with pytest.raises(InvalidRequestError, match=why):
        labelled_pairs(f"\n{line}\n", "mine")

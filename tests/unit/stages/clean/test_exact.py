"""Exact duplicates: as a dictionary would find them, in sixteen bytes a row."""

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from brewslm.core.data.example import Example, Message, ToolCall
from brewslm.stages.clean.exact import ExactDuplicates, FirstSeen, key_of


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=9), max_size=12))
def test_the_first_value_of_each_key_is_told(batches: list[list[int]]) -> None:
    seen = FirstSeen()
    expected: dict[int, int] = {}
    place = 0
    for batch in batches:
        values = np.arange(place, place + len(batch), dtype=np.int64)
        found = seen.see(np.array(batch, dtype=np.uint64), values)
        for key, value, first in zip(batch, values.tolist(), found.tolist(), strict=True):
            assert first == expected.setdefault(key, value)
        place += len(batch)


def test_a_row_takes_sixteen_bytes() -> None:
    seen = FirstSeen()
    num_rows, batch = 200_000, 4000
    draw = np.random.default_rng(1)
    tracemalloc.start()
    for begin in range(0, num_rows, batch):
        keys = draw.integers(0, 2**64, size=batch, dtype=np.uint64)
        seen.see(keys, np.arange(begin, begin + batch, dtype=np.int64))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / num_rows < 17


def test_rows_that_became_many_examples_are_told_apart() -> None:
    examples = [Example(str(n), "chat", text=text, source_row=7) for n, text in enumerate(["a", "b", "A", "c"])]
    assert ExactDuplicates().see(examples) == [None, None, 7, None]


def test_calls_tools_and_answers_are_part_of_what_is_compared() -> None:
    asked = Message("user", "weather?")
    calls = [(ToolCall("get", '{"city":"Rome"}'),), (ToolCall("get", '{"city":"Oslo"}'),), ()]
    examples = [Example("x", "chat", messages=(asked, Message("assistant", "", call))) for call in calls]
    answers = [(Message("assistant", "a"),), (Message("assistant", "b"),)]
    examples += [Example("x", "chat", messages=(asked,), chosen=c, rejected=r) for c in answers for r in answers]
    examples += [Example("x", "chat", messages=(asked,), tools="[]"), Example("x", "chat", text="weather?")]
    examples += [Example("x", "chat", messages=(asked,), label=label) for label in ("good", "bad")]
    assert len({key_of(example) for example in examples}) == len(examples)


def test_lone_surrogates_are_compared_like_any_sign() -> None:
    examples = [Example("x", "chat", text="a\ud800", source_row=n) for n in range(2)]
    assert ExactDuplicates().see(examples) == [None, 0]

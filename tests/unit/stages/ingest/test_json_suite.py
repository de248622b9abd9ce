"""What is JSON and what is not, by our own cases after RFC 8259; the quick and the exact way agree."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.stages.ingest.reading.record import quick_record, record_of_json
from tests.data.ingest.json_suite import EITHER, N, Y
from tests.unit.stages.workbench import Workbench


def lines_of(cases: dict[str, bytes]) -> bytes:
    return b"".join(b'{"v": ' + text + b"}\n" for text in cases.values())


def problems(bench: Workbench, cases: dict[str, bytes]) -> dict[str, str | None]:
    snapshot = bench.ingest("data.jsonl", lines_of(cases), format="jsonl", encoding="utf-8", max_malformed_share=1.0)
    rows = bench.rows(snapshot, "rows.parquet")
    assert len(rows) == len(cases)
    return {name: row["problem"] for name, row in zip(cases, rows, strict=True)}


def test_there_are_enough_cases() -> None:
    assert len(Y) + len(N) + len(EITHER) >= 60


def test_what_is_json_is_read(bench: Workbench) -> None:
    found = problems(bench, Y)
    assert {name for name, problem in found.items() if problem is not None} == set()
    rows = bench.rows(next(iter(bench.shelf.artifacts.values())), "rows.parquet")
    for text, row in zip(Y.values(), rows, strict=True):
        assert json.loads(row["record"])["v"] == json.loads(text)


def test_what_is_no_json_is_malformed_with_a_problem(bench: Workbench) -> None:
    found = problems(bench, N)
    assert {name for name, problem in found.items() if not problem} == set()


def test_what_is_left_open_is_no_crash(bench: Workbench) -> None:
    assert len(problems(bench, EITHER)) == len(EITHER)


@pytest.mark.parametrize("name", [*Y, *N, *EITHER])
def test_the_quick_way_gives_what_the_exact_way_gives(name: str) -> None:
    check_agreement(b'{"v": ' + (Y | N | EITHER)[name] + b"}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4), st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_two_ways_agree_on_any_object(value: dict[str, object], is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    found = quick_record(text.encode("utf-8", "surrogatepass"))
    if found is not None:
        assert json.loads(found[0]) == value
    check_agreement(text.encode("utf-8", "surrogatepass"))


@given(st.text(st.sampled_from('{}[]",:\\u0123456789eE.+-ntrfalsux \tNIé'), max_size=40))
@settings(max_examples=500, deadline=None)
def test_the_two_ways_agree_on_near_json(text: str) -> None:
    check_agreement(f'{{"a": {text}}}'.encode())


def check_agreement(data: bytes) -> None:
    """The quick way may leave a row to the exact one, but what it accepts is the same to the byte."""
    found = quick_record(data)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        assert found is None
        return
    exact = record_of_json(text, 1, 0)
    if found is not None:
        assert exact.problem is None
        assert (found[0].decode(), found[1]) == (exact.text, exact.columns)

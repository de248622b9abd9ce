"""Advice competes: it is tried on the rows, marked, and outvoted or refused like any other reading."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.schema import ColumnMap, ColumnProfile, Schema
from brewslm.core.data.example import Shape
from brewslm.core.errors import AdvisorError
from brewslm.core.ports.advisor import Advice
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from brewslm.stages.introspect import INTROSPECT
from brewslm.stages.introspect.contract import IntrospectInputs
from tests.unit.stages.workbench import Workbench

UNCLEAR = [{"x1": f"blue number {n} and so on", "x2": f"green number {n} and so on"} for n in range(30)]


@dataclass
class Adviser:
    """Implements `Advisor` with one opinion."""

    shape: Shape
    columns: ColumnMap

    def propose(self, columns: Sequence[ColumnProfile], rows: Sequence[dict[str, Any]]) -> Advice:
        assert columns
        assert rows
        return Advice(shape=self.shape, columns=self.columns, adviser="some-model")


def _schema(folder: Path, rows: list[dict[str, Any]], adviser: Adviser | None, *, asks: bool = True) -> Schema:
    folder.mkdir(exist_ok=True)
    bench = Workbench(folder, **({"advisor": adviser} if adviser else {}))
    source = bench.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    snapshot = bench.run(INGEST, IngestInputs(locator=source))
    return bench.run(INTROSPECT, IntrospectInputs(snapshot_id=snapshot.id, asks_model=asks))


def test_advice_settles_what_names_and_content_leave_open(tmp_path: Path) -> None:
    adviser = Adviser("prompt_completion", ColumnMap(prompt="x1", completion="x2"))
    assert _schema(tmp_path / "alone", UNCLEAR, None, asks=False).chosen is None
    found = _schema(tmp_path / "advised", UNCLEAR, adviser)
    assert found.chosen == "prompt_completion"
    assert any("advised by 'some-model'" in note for note in found.hypotheses[0].evidence)


def test_advice_that_converts_no_row_wins_nothing(tmp_path: Path) -> None:
    adviser = Adviser("chat", ColumnMap(messages="x1"))
    assert _schema(tmp_path, UNCLEAR, adviser).chosen is None


def test_advice_against_a_certain_reading_makes_it_ambiguous_at_most(tmp_path: Path) -> None:
    rows = [{"question": f"What is number {n}?", "answer": f"It is {n}."} for n in range(30)]
    adviser = Adviser("prompt_completion", ColumnMap(prompt="answer", completion="question"))
    assert _schema(tmp_path, rows, adviser).chosen in {"qa", None}


@pytest.mark.parametrize(
    ("columns", "words"),
    [(ColumnMap(prompt="x1", completion="nowhere"), "no column 'nowhere'"), (ColumnMap(prompt="x1"), "lacks a column")],
)
def test_advice_that_cannot_be_followed_is_refused(tmp_path: Path, columns: ColumnMap, words: str) -> None:
    with pytest.raises(AdvisorError, match=words):
        _schema(tmp_path, UNCLEAR, Adviser("qa", columns))


def test_nobody_is_asked_unless_the_user_says_so(tmp_path: Path) -> None:
    with pytest.raises(AdvisorError, match="No model is set"):
        _schema(tmp_path / "asks", UNCLEAR, None, asks=True)
    assert _schema(tmp_path / "not", UNCLEAR, None, asks=False).chosen is None

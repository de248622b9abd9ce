"""What a person reads of a judge and of the backlog."""

import pytest

from brewslm.cli.render.outcome.backlog import backlog_page, entry_page
from brewslm.cli.render.outcome.evaluation import judge_part
from brewslm.core.backlog.entry import BacklogState
from brewslm.core.evaluation.judge import JudgeReport
from brewslm.core.ids import ProjectId
from tests.contracts.test_backlog_rows import entry
from tests.unit.cli.test_pages import printed

JUDGE = JudgeReport(
    url="http://127.0.0.1:1/v1",
    model="m",
    num_calls=220,
    num_rows=50,
    wins=30,
    ties=15,
    losses=5,
    num_inconsistent=9,
    may_gate=False,
    standing="The judge is shown, but gates nothing: people have labelled no pairs for it.",
)


def test_a_judge_is_shown_with_what_its_word_is_worth() -> None:
    page = printed(judge_part(JUDGE), width=120)
    for words in ("220 calls", "50 rows: 30 wins, 15 ties (9 not the same in both orders), 5 losses", "gates nothing"):
        assert words in page
    failed = printed(judge_part(JUDGE.model_copy(update={"problem": "It cannot be asked."})), width=120)
    assert "No verdict: It cannot be asked." in failed
    assert "wins" not in failed


@pytest.mark.parametrize("width", [80, 120])
def test_an_entry_says_what_it_is_worth_where_to_look_and_what_to_do(width: int) -> None:
    one = entry(ProjectId(1), "a").model_copy(update={"number": 3, "progress": "1 of 9 fails, 8 did", "num_returns": 2})
    page = " ".join(printed(entry_page(one), width=width).split())
    for words in ("3 of 4", "some (measured)", "came back 2 times", "artifact eval_report-0", "brewslm eval review"):
        assert words in page
    lines = printed(backlog_page([one]), width=width).splitlines()
    assert all(len(line) <= width and line == line.rstrip() for line in lines)
    assert "25.0% of rows" in " ".join(lines)
    closed = one.model_copy(update={"state": BacklogState.CLOSED, "note": "mended"})
    assert "brewslm eval review" not in printed(entry_page(closed), width=width)

"""Eval packs: strict, all at once, by line; a file of the workspace that is nobody's to overwrite."""

from pathlib import Path
from typing import get_args

import pytest

from brewslm.adapters.files.eval_packs import FolderEvalPackFiles
from brewslm.core.data.example import Shape
from brewslm.core.errors import ConflictError, InvalidRequestError, NotFoundError
from brewslm.services.evaluation.packs import EvalPacks, read_pack

HEAD = "api_version: brewslm/v1\nkind: EvalPack\nname: mine\n"


def problems(text: str) -> str:
    read = read_pack(HEAD + text)
    assert read.pack is None
    return "\n".join(read.problems)


def test_all_that_is_wrong_is_told_at_once_with_its_line_and_the_nearest_name() -> None:
    told = problems(
        "tasks:\n  - id: a\n    metrics: [rogue_l, loss]\n    smaple: 3\n"
        "gates:\n  - id: g\n    metric: los\n    operator: gt\n    threshold: 1\n"
    )
    assert told.splitlines() == [
        "line 6: tasks.0.metrics.0='rogue_l' is not known; did you mean rouge_l?",
        "line 7: tasks.0.smaple: there is no such key; did you mean sample?",
        "line 10: gates.0.metric='los' is not known; did you mean loss?",
        "line 11: gates.0.operator='gt' is not known; did you mean gte?",
    ]


@pytest.mark.parametrize(
    ("gate", "problem"),
    [
        ("metric: loss", "needs either threshold or no_worse_than"),
        ("metric: loss, operator: lte, threshold: 1, no_worse_than: base", "needs either threshold or no_worse_than"),
        ("metric: loss, threshold: 1", "has a threshold but no operator"),
        ("metric: loss, operator: lte, threshold: 1, margin: 0.1", "only goes with no_worse_than"),
        ("metric: loss, operator: gte, no_worse_than: base", "of loss no worse means lte"),
        ("metric: accuracy, operator: gte, threshold: 1", "not among the metrics of any task"),
        ("metric: loss, no_worse_than: base, task: b", "is of task 'b'; there is a"),
        ("metric: loss, no_worse_than: base, slice: cluster=x", "which task 'a' does not make"),
    ],
)
def test_a_gate_that_cannot_be_judged_is_refused(gate: str, problem: str) -> None:
    told = problems(f"tasks:\n  - {{id: a, metrics: [loss]}}\ngates:\n  - {{id: g, {gate}}}\n")
    assert problem in told


def test_two_gates_of_one_name_are_refused() -> None:
    gate = "{id: g, metric: loss, no_worse_than: base}"
    assert "two gates are called 'g'" in problems(f"tasks: [{{id: a, metrics: [loss]}}]\ngates: [{gate}, {gate}]\n")


@pytest.mark.parametrize("shape", get_args(Shape))
def test_a_new_pack_is_valid_for_every_shape_and_is_not_overwritten(tmp_path: Path, shape: Shape) -> None:
    packs = EvalPacks(FolderEvalPackFiles(tmp_path))
    made, place = packs.new("mine", shape)
    assert packs.show("mine") == made
    assert Path(place).read_text() == made.text
    with pytest.raises(ConflictError, match="is there already"):
        packs.new("mine", "chat")


def test_packs_are_listed_with_what_is_wrong_with_them(tmp_path: Path) -> None:
    packs = EvalPacks(FolderEvalPackFiles(tmp_path))
    packs.new("good", "chat")
    (tmp_path / "eval_packs" / "bad.yaml").write_text("tasks: [")
    bad, good = packs.list()
    assert (bad.name, bad.version) == ("bad", None)
    assert bad.problems[0].startswith("line 1:")
    assert (good.name, good.version, good.num_tasks, good.num_gates) == ("good", 1, 1, 2)
    with pytest.raises(InvalidRequestError, match="'bad' has 1 problem: line 1"):
        packs.show("bad")
    with pytest.raises(NotFoundError, match="there: bad, good"):
        packs.show("other")


@pytest.mark.parametrize("name", ["../x", "A", "", "a/b", ".hidden"])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="is no name of an eval pack"):
        FolderEvalPackFiles(tmp_path).read(name)

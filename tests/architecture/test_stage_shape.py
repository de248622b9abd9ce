"""Every stage has the same shape, and what one consumes an earlier one has put on the shelf."""

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any, get_args

import pytest

from brewslm.core.artifacts.base import Artifact, ArtifactKind, Refers
from brewslm.core.stage import Stage
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value
from brewslm.lifecycle import LIFECYCLE, flow_problems
from tests.architecture.tree import PACKAGE

AnyStage = Stage[Any, Any]
ROOMS = sorted(path.name for path in (PACKAGE / "stages").iterdir() if (path / "__init__.py").exists())
DOORS = {"mapping": 2}
"""Rooms with more than one door; all others have one."""

MAX_RUNBOOK_LINES = 60

every_stage = pytest.mark.parametrize("stage", LIFECYCLE, ids=[stage.name for stage in LIFECYCLE])
every_room = pytest.mark.parametrize("room", ROOMS)


def room_of(stage: AnyStage) -> str:
    return stage.run.__module__.split(".")[2]


def test_the_spine_lists_the_eleven_stages_in_order() -> None:
    assert [stage.name for stage in LIFECYCLE] == list(get_args(StageName))
    assert len(LIFECYCLE) == 11
    assert {room_of(stage) for stage in LIFECYCLE} == set(ROOMS)
    assert {stage.name for stage in LIFECYCLE if stage.optional} == {"clean", "deploy"}


def test_artifacts_flow_forward() -> None:
    assert flow_problems() == ()
    assert flow_problems(tuple(reversed(LIFECYCLE))), "the check must see a lifecycle that runs backwards"


@every_room
def test_a_room_has_its_two_files(room: str) -> None:
    for name in ("__init__.py", "contract.py", "stage.py"):
        path = PACKAGE / "stages" / room / name
        assert path.is_file(), f"{room} lacks {name}"
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), (
            f"{room}/{name} says nothing about itself"
        )


@every_room
def test_a_room_exports_one_constant_per_door_and_nothing_else(room: str) -> None:
    module = importlib.import_module(f"brewslm.stages.{room}")
    doors = [stage for stage in LIFECYCLE if room_of(stage) == room]
    exported = {name: getattr(module, name) for name in module.__all__}

    assert set(exported) == {stage.name.upper() for stage in doors}
    assert all(exported[stage.name.upper()] is stage for stage in doors)
    assert len(doors) == DOORS.get(room, 1)
    assert not statements_beyond_a_name_tag(Path(inspect.getfile(module)))


def statements_beyond_a_name_tag(path: Path) -> list[str]:
    """List what a room's `__init__.py` holds besides a docstring, imports and `__all__`."""
    found = []
    for number, node in enumerate(ast.parse(path.read_text(encoding="utf-8")).body):
        is_docstring = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_all = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        if not (is_docstring or is_all or isinstance(node, ast.ImportFrom)):
            found.append(ast.unparse(node))
    return found


@every_stage
def test_inputs_are_one_frozen_model_of_the_rooms_contract(stage: AnyStage) -> None:
    assert issubclass(stage.inputs, Value)
    assert stage.inputs.__module__ == f"brewslm.stages.{room_of(stage)}.contract"
    assert stage.inputs.model_config.get("frozen") is True
    assert stage.inputs.model_config.get("extra") == "forbid"
    assert stage.inputs.__doc__


@every_stage
def test_output_is_one_artifact_of_core(stage: AnyStage) -> None:
    assert issubclass(stage.output, Artifact)
    assert stage.output.__module__.startswith("brewslm.core.artifacts.")
    assert stage.produces in get_args(ArtifactKind)
    assert stage.output.model_config.get("frozen") is True


@every_stage
def test_what_the_inputs_name_is_consumed(stage: AnyStage) -> None:
    named = {
        mark.kind for field in stage.inputs.model_fields.values() for mark in field.metadata if isinstance(mark, Refers)
    }
    # A stage may also read what its inputs descend from, for example the manifest of an adapter.
    assert named <= set(stage.consumes)


@every_stage
def test_the_contract_is_named_checks_in_plain_sentences(stage: AnyStage) -> None:
    checks = [*stage.contract.before, *stage.contract.after]
    assert checks, "a stage without any check promises nothing"
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    for check in checks:
        assert check.name.replace("_", "").isalnum()
        assert check.name.islower()
        assert check.sentence[0].isupper(), check.sentence
        assert check.sentence.endswith("."), check.sentence
        assert len(check.sentence.split()) >= 3, check.sentence


@every_stage
def test_run_reads_like_a_runbook(stage: AnyStage) -> None:
    assert stage.run.__module__ == f"brewslm.stages.{room_of(stage)}.stage"
    assert list(inspect.signature(stage.run).parameters) == ["inputs", "context"]
    assert stage.run.__doc__
    lines, _ = inspect.getsourcelines(stage.run)
    num_lines = len(lines) - len(stage.run.__doc__.splitlines())
    assert num_lines <= MAX_RUNBOOK_LINES, f"{stage.name}: {num_lines} lines; give its ideas files of their own"
    assert stage.title


@pytest.mark.parametrize("line", ["x = 1", "def f(): ...", "import os", "STAGES.append(1)"])
def test_a_room_that_does_more_in_its_name_tag_is_caught(tmp_path: Path, line: str) -> None:
    file = tmp_path / "__init__.py"
    file.write_text(f'"""A room."""\n\nfrom a import A\n\n{line}\n\n__all__ = ["A"]\n')
    assert len(statements_beyond_a_name_tag(file)) == 1

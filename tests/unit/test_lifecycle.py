"""The spine: what a stage takes, an earlier one has made."""

from dataclasses import replace

import pytest

from brewslm.core.stage_name import StageName
from brewslm.lifecycle import LIFECYCLE, STAGES, flow_problems, stage_number


def test_the_lifecycle_flows_forward() -> None:
    assert flow_problems() == ()


def test_a_stage_that_takes_what_nobody_made_is_named() -> None:
    without_prepare = tuple(stage for stage in LIFECYCLE if stage.name != "prepare")
    problems = flow_problems(without_prepare)
    assert "preflight consumes 'manifest', which no earlier stage produces" in problems
    assert all("'manifest'" in problem for problem in problems)


def test_a_stage_does_not_make_what_it_takes_itself() -> None:
    loop = replace(STAGES["ingest"], consumes=("snapshot",))
    assert flow_problems((loop, *LIFECYCLE[1:])) == ("ingest consumes 'snapshot', which no earlier stage produces",)


@pytest.mark.parametrize(("name", "number"), [("ingest", 1), ("preflight", 7), ("deploy", 11)])
def test_stages_are_numbered_from_one(name: StageName, number: int) -> None:
    assert stage_number(name) == number

"""Which checkpoint of a run is meant."""

from pathlib import Path

import pytest

from brewslm.core.checkpoints.choosing import checkpoint_at
from brewslm.core.checkpoints.manifest import DamagedError
from brewslm.core.errors import NotFoundError
from brewslm.core.wire.rundir import MANIFEST_FILE
from tests.unit.checkpoints import write_checkpoint


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "exp-001"


def test_best_is_the_lowest_loss_and_last_the_newest_attempt(run: Path) -> None:
    for step, loss in ((10, 2.0), (20, 1.0), (30, 1.5)):
        write_checkpoint(run, step, eval_loss=loss)
    write_checkpoint(run, 25, attempt=2)
    assert checkpoint_at(run, "best").step == 20
    assert checkpoint_at(run, "last").step == 25
    assert checkpoint_at(run, 10).step == 10


def test_best_is_the_last_where_none_was_evaluated(run: Path) -> None:
    for step in (10, 20):
        write_checkpoint(run, step)
    assert checkpoint_at(run, "best").step == 20


def test_of_one_step_that_two_attempts_saved_the_newer_counts(run: Path) -> None:
    for attempt in (1, 2, 10):
        write_checkpoint(run, 10, attempt=attempt)
    assert checkpoint_at(run, 10).manifest.attempt == 10


def test_a_step_that_is_not_there_is_answered_with_those_that_are(run: Path) -> None:
    for step in (10, 2000):
        write_checkpoint(run, step)
    with pytest.raises(NotFoundError, match="exp-001 has no checkpoint of step 15; it has those of steps 10, 2,000"):
        checkpoint_at(run, 15)


@pytest.mark.parametrize("step", ["best", "last", 5])
def test_a_run_without_checkpoints_has_none(run: Path, step: int) -> None:
    with pytest.raises(NotFoundError, match="exp-001 has no checkpoint to begin from"):
        checkpoint_at(run, step)


def test_a_manifest_that_decides_and_cannot_be_trusted_is_named(run: Path) -> None:
    write_checkpoint(run, 10, eval_loss=1.0)
    (write_checkpoint(run, 20, eval_loss=0.5) / MANIFEST_FILE).write_text("{}")
    with pytest.raises(DamagedError, match=r"step-000020\.e1 is damaged: MANIFEST\.json"):
        checkpoint_at(run, "best")

"""Promise A9: recovery ends. However a training fails, the number of its attempts is the one that is written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from brewslm.core.errors import CancelledError, WorkerError
from brewslm.core.wire.attempt import MicroBatch
from brewslm.core.wire.rundir import ExitCode
from tests.unit.scene import saved
from tests.unit.services.jobs.test_recovering import FULL, fails, order
from tests.unit.services.jobs.test_supervision import TRAIN, attempts, scene_with, stays, vanishes

Script = Callable[[Path, int], int | None]
NAN = fails(ExitCode.NOT_FINITE, "Not finite.")
OOM = fails(ExitCode.OUT_OF_MEMORY, "Memory ran out.")
ALONE = fails(ExitCode.OUT_OF_MEMORY, "Memory ran out.", held=MicroBatch(num_tokens=1000, num_examples=1))


@pytest.mark.parametrize(
    ("script", "num_attempts", "reason"),
    [
        (lambda _directory, _attempt: 1, 1, "training_runtime_error"),
        (fails(ExitCode.BAD_ORDER, "Not understood."), 1, "training_runtime_error"),
        (fails(ExitCode.BAD_DATA, "Damaged."), 1, "training_runtime_error"),
        (vanishes(), 4, "training_runtime_error"),
        (vanishes(saved(3)), 4, "training_runtime_error"),
        (stays, 3, "training_stalled"),
        (NAN, 3, "training_design_problem"),
        (OOM, 5, "training_oom"),
        (ALONE, 2, "training_oom"),
    ],
    ids=["crash", "bad order", "bad data", "lost", "lost at one step", "hangs", "nan", "memory", "memory at one row"],
)
def test_a_training_that_always_fails_ends_after_its_budget(
    tmp_path: Path, script: Script, num_attempts: int, reason: str
) -> None:
    scene, _, supervisor = scene_with(tmp_path, *[script] * 20)
    with pytest.raises(WorkerError) as caught:
        supervisor.run(TRAIN, name="exp-001")
    assert (attempts(scene), caught.value.code) == (list(range(1, num_attempts + 1)), reason)


def test_failures_of_many_kinds_end_after_the_budget_of_all_together(tmp_path: Path) -> None:
    scene, _, supervisor = scene_with(tmp_path, *[NAN, OOM, stays] * 9)
    with pytest.raises(WorkerError, match=r"5 measures were taken, as many as retry\.max_attempts allows"):
        supervisor.run(order(retry=TRAIN.recipe.retry.model_copy(update={"max_attempts": 5})), name="exp-001")
    assert attempts(scene) == [1, 2, 3, 4, 5, 6]


def test_a_disk_that_is_never_freed_starts_nothing_again_and_the_job_says_what_it_waits_for(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, *[FULL] * 20)
    scene.machine.free_bytes = 0
    sleep, rests = scene.clock.sleep, []

    def rest(seconds: float) -> None:
        sleep(seconds)
        rests.append(scene.job(claim.job.id).phase)
        if len(rests) == 500:
            scene.jobs.cancel(claim.job.id)

    scene.clock.sleep = rest  # type: ignore[method-assign]
    with pytest.raises(CancelledError):
        supervisor.run(TRAIN, name="exp-001")
    assert attempts(scene) == [1, 2]
    assert rests[-1] == "waiting_disk"

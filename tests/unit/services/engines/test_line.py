"""The line before the devices: by priority, then by id; nobody waits for what nobody will begin."""

from typing import Any

import pytest

from brewslm.core.job import Job, JobStatus
from brewslm.services.engines.line import Place, devices_of, place_of
from tests.fakes.ledger import NOW

ONE, TWO = ("cpu",), ("gpu:0", "gpu:1")


def job(number: int, **fields: Any) -> Job:
    plain = {"id": number, "project_id": 1, "kind": "train", "run_id": f"train-{number}", "payload": {}}
    return Job.model_validate({**plain, "created_at": NOW, **fields})


def running(number: int, device: str | None = "cpu", **fields: Any) -> Job:
    return job(number, status=JobStatus.RUNNING, device=device, **fields)


def place(mine: Job, *others: Job, devices: tuple[str, ...] = ONE, wanted: bool = True) -> Place:
    return place_of(mine, (mine, *others), devices=devices, is_wanted=lambda _job: wanted)


def test_each_gpu_is_a_device_and_the_cpu_is_one_where_there_is_none() -> None:
    assert devices_of(()) == ONE
    assert devices_of(("A", "B")) == TWO


def test_a_free_device_is_given() -> None:
    assert place(job(1)) == Place(is_free=True, device="cpu")


def test_a_device_that_is_in_use_is_waited_for_by_name_of_its_job() -> None:
    assert place(job(2), running(1)) == Place(is_free=False, reason="waiting for job 1 on the device")


def test_a_second_gpu_is_given_beside_the_first() -> None:
    assert place(job(2), running(1, "gpu:0"), devices=TWO) == Place(is_free=True, device="gpu:1")


@pytest.mark.parametrize(
    ("mine", "other", "is_first"),
    [
        (job(2), job(1), False),
        (job(1), job(2), True),
        (job(2, priority=1), job(1), True),
        (job(1), job(2, priority=1), False),
        (job(1, priority=-1), job(2), False),
    ],
)
def test_the_highest_priority_goes_first_and_then_the_lowest_id(mine: Job, other: Job, is_first: bool) -> None:
    assert place(mine, other).is_free is is_first
    assert bool(place(mine, other).reason) is not is_first


def test_nobody_waits_for_what_no_process_stands_in_line_for() -> None:
    assert place(job(2), job(1), wanted=False).is_free


def test_nobody_waits_for_what_is_held() -> None:
    assert place(job(2), job(1, is_pause_requested=True)).is_free


def test_light_work_and_steps_of_flows_need_no_device() -> None:
    assert place(job(2, kind="import"), running(1)) == Place(is_free=True)
    assert place(job(2, parent_id=1), running(1)).is_free


def test_a_lowered_limit_counts_those_that_have_a_place_beyond_it() -> None:
    mine, other = job(2, device="slurm"), running(1, "slurm:1")
    found = [place_of(mine, (mine, other), devices=ONE, slots={"slurm": num}, is_wanted=bool) for num in (1, 2)]
    assert found == [
        Place(is_free=False, reason="waiting for job 1 on slurm"),
        Place(is_free=True, device="slurm:0"),
    ]


def test_what_lost_its_process_keeps_its_device() -> None:
    assert place(running(2, "gpu:1"), running(1, "gpu:0"), devices=TWO) == Place(is_free=True, device="gpu:1")

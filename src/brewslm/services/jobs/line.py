"""The line before the devices: which job may take which device, and what the others wait for. Pure functions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from brewslm.core.job import HEAVY, Job, JobStatus

CPU = "cpu"


@dataclass(frozen=True, slots=True)
class Place:
    """A job's place in the line."""

    is_free: bool
    """Whether it may begin."""
    device: str | None = None
    """Where, for a job that uses one."""
    reason: str = ""
    """Why it may not, for people."""


def devices_of(gpus: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the devices that work can run on: each GPU is one; where there is none, the CPU is."""
    return tuple(f"gpu:{number}" for number in range(len(gpus))) or (CPU,)


def uses_device(job: Job) -> bool:
    """Whether a job stands in the line. A step of a flow runs where the flow does."""
    return job.kind in HEAVY and job.parent_id is None


def rank(job: Job) -> tuple[int, int]:
    """Return a job's order in the line: the highest priority, then the lowest id."""
    return -job.priority, job.id


def place_of(
    job: Job, open_jobs: Iterable[Job], *, devices: tuple[str, ...], is_wanted: Callable[[Job], bool]
) -> Place:
    """Say whether a job may begin now.

    Args:
        job: queued, or running for a process that has gone.
        open_jobs: every job that is queued or running.
        devices: their names.
        is_wanted: whether another living process stands in the line for a queued job; one that nobody would begin
            holds nobody up.
    """
    if not uses_device(job):
        return Place(is_free=True)
    if job.status is JobStatus.RUNNING:
        return Place(is_free=True, device=job.device or devices[0])
    others = [one for one in open_jobs if one.id != job.id and uses_device(one)]
    # A worker outlives its process, so a running job holds its device also when its process has gone.
    holders = {one.device or devices[0]: one for one in others if one.status is JobStatus.RUNNING}
    free = [device for device in devices if device not in holders]
    if not free:
        return Place(is_free=False, reason=f"waiting for job {min(one.id for one in holders.values())} on the device")
    queued = [one for one in others if one.status is JobStatus.QUEUED and not one.is_held and is_wanted(one)]
    before = sorted((one for one in queued if rank(one) < rank(job)), key=rank)
    if len(before) >= len(free):
        return Place(is_free=False, reason=f"waiting behind job {before[-1].id}")
    return Place(is_free=True, device=free[0])

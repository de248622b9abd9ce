"""The lines before the devices and before the clusters: who may begin where, and what the others wait for.

Pure functions. A queued job's device is what it asks for: nothing for any one device of this machine, `machine` for
all of them, or the name of a cluster. A running job's device is what it has: `cpu`, `gpu:0`, `machine`, `slurm:2`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from brewslm.core.engines.names import EngineName
from brewslm.core.engines.settings import EngineSettings
from brewslm.core.job import HEAVY, Job, JobStatus
from brewslm.core.recipe.placement import PlacementSettings

CPU, MACHINE = "cpu", "machine"
CLUSTERS: tuple[EngineName, ...] = ("slurm", "ray")
NO_SLOTS: Mapping[EngineName, int] = {}


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


def slots_of(settings: EngineSettings) -> dict[EngineName, int]:
    """Return how many jobs each cluster that is described may have at once."""
    described = {"slurm": settings.slurm, "ray": settings.ray}
    return {name: found.max_jobs for name in CLUSTERS if (found := described[name]) is not None}


def wish_for(placement: PlacementSettings) -> str | None:
    """Return the device of a queued job that trains so."""
    if placement.engine != "local":
        return placement.engine
    return MACHINE if placement.num_processes > 1 else None


def wish_of(device: str | None) -> str | None:
    """Return the device of a job that had this one and is queued again."""
    if device == MACHINE:
        return MACHINE
    return next((name for name in CLUSTERS if name == _engine(device)), None)


def engine_of(job: Job) -> EngineName:
    """Return where a job runs, or is to run."""
    return _engine(job.device)


def uses_device(job: Job) -> bool:
    """Whether a job stands in the line. A step of a flow runs where the flow does; a candidate may run beside it."""
    return job.kind in HEAVY and (job.parent_id is None or job.kind == "probe")


def rank(job: Job) -> tuple[int, int]:
    """Return a job's order in the line: the highest priority, then the lowest id."""
    return -job.priority, job.id


def place_of(
    job: Job,
    open_jobs: Iterable[Job],
    *,
    devices: tuple[str, ...],
    slots: Mapping[EngineName, int] = NO_SLOTS,
    is_wanted: Callable[[Job], bool],
) -> Place:
    """Say whether a job may begin now. Each cluster has a line of its own, and this machine has one.

    Args:
        job: queued, or running for a process that has gone.
        open_jobs: every job that is queued or running.
        devices: those of this machine, by name.
        slots: of each cluster, how many jobs it may have at once.
        is_wanted: whether another living process stands in the line for a queued job; one that nobody would begin
            holds nobody up.
    """
    if not uses_device(job):
        return Place(is_free=True)
    engine = engine_of(job)
    places = devices if engine == "local" else tuple(f"{engine}:{number}" for number in range(slots.get(engine, 0)))
    if job.status is JobStatus.RUNNING:
        return Place(is_free=True, device=job.device or devices[0])
    if not places:  # nobody describes the cluster (any more): the launch says so, in one line
        return Place(is_free=True, device=job.device)
    others = [one for one in open_jobs if one.id != job.id and uses_device(one) and engine_of(one) == engine]
    # A worker outlives its process, so a running job holds its device also when its process has gone.
    running = [one for one in others if one.status is JobStatus.RUNNING]
    held = {device for one in running for device in _held(one, places)}
    free = [place for place in places if place not in held]
    if engine != "local":  # also those count that have a place beyond a limit that was lowered meanwhile
        free = free[: max(0, len(places) - len(held))]
    before = [
        one
        for one in others
        if one.status is JobStatus.QUEUED and not one.is_held and rank(one) < rank(job) and is_wanted(one)
    ]
    needed = len(_held(job, places))
    if needed > len(free):
        where = "the device" if engine == "local" else engine
        return Place(is_free=False, reason=f"waiting for job {min(one.id for one in running)} on {where}")
    if needed + sum(len(_held(one, places)) for one in before) > len(free):
        return Place(is_free=False, reason=f"waiting behind job {max(before, key=rank).id}")
    return Place(is_free=True, device=MACHINE if job.device == MACHINE else free[0])


def _held(job: Job, places: tuple[str, ...]) -> tuple[str, ...]:
    """Return the devices that a running job has; of a queued one, as many as it needs."""
    if job.device == MACHINE:
        return places
    return (job.device or places[0],)


def _engine(device: str | None) -> EngineName:
    word = (device or "").partition(":")[0]
    return next((name for name in CLUSTERS if name == word), "local")

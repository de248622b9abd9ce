"""The engines: which there are, what is on them, and whether a cluster would take work."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from brewslm.core.engines.names import EngineName
from brewslm.core.errors import BrewError, NotFoundError
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.engines.clusters import ClusterLook
from brewslm.core.value import Value
from brewslm.services.engines.line import devices_of, engine_of, slots_of, uses_device
from brewslm.services.ports import Ports

NAMES: tuple[EngineName, ...] = get_args(EngineName)
_MOST_OPEN = 10_000


class EngineReport(Value):
    """One engine, as the ledger knows it; nothing is asked of a cluster."""

    name: EngineName
    num_slots: int
    """Jobs that it may have at once: of this machine, its devices."""
    num_running: int
    num_waiting: int
    """Jobs in the line before it."""
    problem: str = ""
    """Why it cannot be used; empty where nothing is known against it."""


class Engines:
    """What faces ask about engines."""

    def __init__(self, ports: Ports) -> None:
        """Bind it."""
        self._ports = ports

    def report(self) -> tuple[EngineReport, ...]:
        """Say what is on this machine, and on each cluster that is described."""
        with self._ports.storage.read() as transaction:
            jobs = transaction.jobs.list(statuses=(JobStatus.QUEUED, JobStatus.RUNNING), limit=_MOST_OPEN)
        num_devices = len(devices_of(self._ports.machine.facts().gpus))
        try:
            slots, problem = slots_of(self._ports.clusters.settings()), ""
        except BrewError as error:
            slots, problem = {}, str(error)
        return tuple(
            _report(name, jobs, num_slots, problem if name == "local" else "")
            for name, num_slots in (("local", num_devices), *slots.items())
        )

    def look(self, name: str | None = None) -> tuple[ClusterLook, ...]:
        """Ask a cluster, or every one that is described, whether it would take work; starts nothing there.

        Raises:
            NotFoundError: there is no such engine.
            InvalidRequestError: the file that describes them cannot be used.
        """
        if name is not None and name not in NAMES:
            message = f"there is no engine {name!r}; there are {', '.join(NAMES)}"
            raise NotFoundError(message)
        described = slots_of(self._ports.clusters.settings())
        return tuple(self._ports.clusters.look(one) for one in NAMES if one == name or (not name and one in described))

    def begin_file(self) -> Path:
        """Write a commented description of clusters into the workspace, to be changed.

        Raises:
            ConflictError: there is a file already.
        """
        return self._ports.clusters.begin_file()


def _report(name: EngineName, jobs: Sequence[Job], num_slots: int, problem: str) -> EngineReport:
    here = [job for job in jobs if uses_device(job) and engine_of(job) == name]
    running = sum(job.status is JobStatus.RUNNING for job in here)
    return EngineReport(
        name=name, num_slots=num_slots, num_running=running, num_waiting=len(here) - running, problem=problem
    )

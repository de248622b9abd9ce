"""The engine that services see: it hands each run directory to the one that its `placement.json` names."""

from pathlib import Path

from brewslm.adapters.engines.clusters import ConfiguredClusters
from brewslm.adapters.engines.placing import placement_of
from brewslm.core.ports.engine import Engine, Released, WorkerStatus


class ChosenEngine:
    """Implements `Engine`. The clusters' engines are made once one is needed."""

    def __init__(self, local: Engine, clusters: ConfiguredClusters) -> None:
        """Bind the engine of this machine, and those of the clusters."""
        self._local, self._clusters = local, clusters

    def submit(self, run_directory: Path, *, attempt: int) -> None:
        """Start attempt number `attempt`. Does nothing if an attempt waits or lives.

        Raises:
            WorkerError: the process could not be started, or no file describes the cluster.
        """
        self._of(run_directory).submit(run_directory, attempt=attempt)

    def status(self, run_directory: Path) -> WorkerStatus:
        """Read what is known; asks a cluster every few seconds at most."""
        return self._of(run_directory).status(run_directory)

    def cancel(self, run_directory: Path, *, grace_seconds: float) -> Released:
        """Ask politely, wait up to `grace_seconds`, then end the whole of it and wait for its end."""
        return self._of(run_directory).cancel(run_directory, grace_seconds=grace_seconds)

    def processor_seconds(self, run_directory: Path) -> float | None:
        """Return the processor time of the living worker so far; None where it cannot be known."""
        return self._of(run_directory).processor_seconds(run_directory)

    def kill(self, run_directory: Path) -> None:
        """End a worker that does not get on: have it write its stacks into its log, then end the whole of it."""
        self._of(run_directory).kill(run_directory)

    def _of(self, run_directory: Path) -> Engine:
        name = placement_of(run_directory).engine
        return self._local if name == "local" else self._clusters.engine(name)

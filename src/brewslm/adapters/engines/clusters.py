"""The clusters of a workspace: described in its file, and spoken to once somebody needs one."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from brewslm.adapters.engines.config_file import YamlEngineFile
from brewslm.core.engines.names import EngineName
from brewslm.core.engines.settings import EngineSettings
from brewslm.core.errors import BrewError, WorkerError
from brewslm.core.ports.engines.clusters import ClusterEngine, ClusterLook, not_described


class ConfiguredClusters:
    """Implements `Clusters`, and gives their engines out."""

    def __init__(self, home: Path, *, environment: Mapping[str, str]) -> None:
        """Take the workspace.

        Args:
            home: the workspace.
            environment: the one of this process; workers get an allow-listed part of it.
        """
        self._file = YamlEngineFile(home)
        self._environment = environment
        self._engines: dict[str, tuple[object, ClusterEngine]] = {}
        self._guard = threading.Lock()

    def settings(self) -> EngineSettings:
        """Return what the workspace's file says; nothing where there is none.

        Raises:
            InvalidRequestError: it cannot be read, or says what cannot be; all of it at once, each with its line.
        """
        return self._file.read()

    def begin_file(self) -> Path:
        """Write a commented file into the workspace, to be changed, and return where it is.

        Raises:
            ConflictError: there is one.
        """
        return self._file.begin()

    def look(self, name: EngineName) -> ClusterLook:
        """Ask one; one that is not described has that as its problem, and so has a file that cannot be used."""
        if name == "local":
            return not_described(name)
        try:
            engine = self.find(name)
        except BrewError as error:
            return ClusterLook(name=name, problem=str(error))
        return not_described(name) if engine is None else engine.look()

    def engine(self, name: EngineName) -> ClusterEngine:
        """Return the engine of a cluster.

        Raises:
            WorkerError: it is not described.
            InvalidRequestError: the file that describes it cannot be used.
        """
        found = self.find(name)
        if found is None:
            raise WorkerError(not_described(name).problem)
        return found

    def find(self, name: EngineName) -> ClusterEngine | None:
        """Return the engine of a cluster; None where it is not described. A changed description gives a new one."""
        settings = self._file.read()
        with self._guard:
            kept = self._engines.get(name)
            asked = settings.slurm if name == "slurm" else settings.ray
            if kept is None or kept[0] != asked:
                made = self._made(name, settings)
                if made is None:
                    return None
                kept = self._engines[name] = (asked, made)
            return kept[1]

    def _made(self, name: EngineName, settings: EngineSettings) -> ClusterEngine | None:
        match name:
            case "local":
                return None
            case "slurm":
                if settings.slurm is None:
                    return None
                from brewslm.adapters.engines.slurm.engine import SlurmEngine

                return SlurmEngine(settings.slurm, environment=self._environment)
            case "ray":
                if settings.ray is None:
                    return None
                from brewslm.adapters.engines.ray_engine import RayEngine

                return RayEngine(settings.ray, environment=self._environment)
        assert_never(name)

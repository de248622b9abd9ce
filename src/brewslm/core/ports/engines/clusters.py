"""The clusters that `config/engines.yaml` describes, and what one answers when it is asked."""

from pathlib import Path
from typing import Protocol

from brewslm.core.engines.names import EngineName
from brewslm.core.engines.settings import EngineSettings
from brewslm.core.errors import InvalidRequestError
from brewslm.core.ports.engine import Engine
from brewslm.core.value import Value

SOURCE = "config/engines.yaml"
"""Within the workspace."""


class ClusterLook(Value):
    """What a cluster answered. Asking starts nothing there."""

    name: EngineName
    problem: str = ""
    """Why work cannot be given to it, with the next step; empty where it can."""
    is_reachable: bool | None = None
    """Whether it answered; None where it does not need to, or could not be asked."""
    facts: tuple[str, ...] = ()
    """What it told, for people."""
    num_waiting: int = 0
    """Of the trainings that BrewSLM, as this user, gave to it."""
    num_running: int = 0
    max_jobs: int = 1
    """Trainings that may wait or run there at once."""


class ClusterEngine(Engine, Protocol):
    """An engine on other machines, which can be asked how it is."""

    def look(self) -> ClusterLook:
        """Ask the cluster; takes some seconds at most, and never raises for what the cluster says."""


class Clusters(Protocol):
    """Those that are described."""

    def settings(self) -> EngineSettings:
        """Return what the workspace's file says; nothing where there is none.

        Raises:
            InvalidRequestError: it cannot be read, or says what cannot be; all of it at once, each with its line.
        """

    def begin_file(self) -> Path:
        """Write a commented file into the workspace, to be changed, and return where it is.

        Raises:
            ConflictError: there is one.
        """

    def look(self, name: EngineName) -> ClusterLook:
        """Ask one; one that is not described has that as its problem, and so has a file that cannot be used."""


class NoClusters:
    """A workspace that knows this machine alone."""

    def settings(self) -> EngineSettings:
        """Return nothing."""
        return EngineSettings()

    def begin_file(self) -> Path:
        """Refuse; there is no workspace to write into."""
        message = f"there is no workspace for {SOURCE}"
        raise InvalidRequestError(message)

    def look(self, name: EngineName) -> ClusterLook:
        """Say that it is not described, unless it is this machine."""
        return not_described(name)


def not_described(name: EngineName) -> ClusterLook:
    """Return what there is to say about an engine that no file describes."""
    if name == "local":
        return ClusterLook(name=name, facts=("this machine",))
    problem = f"{SOURCE} does not describe {name!r}: run `brewslm engines init`, edit it, then `brewslm engines check`"
    return ClusterLook(name=name, problem=problem)

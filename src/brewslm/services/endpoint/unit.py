"""What is served, a release or what is compared with one: its process, and how that fares."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Literal

from brewslm.core.project import Project
from brewslm.core.release import ReleaseRow
from brewslm.core.serving.host import ServingProcess
from brewslm.core.serving.order import Ready, ServedAdapter
from brewslm.core.serving.upstream import Upstream
from brewslm.core.value import Value
from brewslm.services.endpoint.trial import Trial

ServedState = Literal["starting", "silent", "ready", "standby", "draining", "refused"]


class ServedRelease(Value):
    """A release and its process, as this server knows it."""

    version: int
    state: ServedState
    """standby: it was replaced, and is kept for a rollback. silent: a runtime of others does not answer."""
    num_in_flight: int
    num_lost: int
    error: str | None


BASE_VERSION = 0
"""Stands for the project's base model, which is served for comparison in the Studio, and to no client."""
BASE_SUFFIX = "@base"
TRIAL_VERSION = -1
"""Stands for a checkpoint that somebody tries in the Studio."""


@dataclass(frozen=True, slots=True)
class HeldTrial:
    """A checkpoint that a process holds."""

    adapter: ServedAdapter
    hold: ExitStack
    """What keeps it from being pruned."""


@dataclass(slots=True, eq=False)
class Unit:
    """Changed by the fleet's thread alone, but for `num_in_flight`, which the routing guards.

    A refusal of what is compared in the Studio holds until it is asked for again.
    """

    project: Project
    row: ReleaseRow
    trial: Trial | None = None
    """The checkpoint that it is, where it is none of the releases."""
    hold: ExitStack = field(default_factory=ExitStack)
    """What is kept for its process while that lives."""
    tried: dict[Trial, HeldTrial] = field(default_factory=dict)
    """Of a base model: the checkpoints that answer on it. Replaced as a whole, since requests read it."""
    unfit: dict[Trial, str] = field(default_factory=dict)
    """Of a base model: why a checkpoint does not answer on it."""
    upstream: Upstream | None = None
    """The runtime of others that answers for it, where no process of this server does."""
    tells_logprobs: bool = True
    """Whether that runtime told log-probabilities when it was compared with the bundle."""
    process: ServingProcess | None = None
    ready: Ready | None = None
    refused: str | None = None
    """Why it is not served."""
    started_at: float = 0.0
    probed_at: float = 0.0
    not_before: float = 0.0
    num_silent: int = 0
    num_lost: int = 0
    num_in_row: int = 0
    """Losses without a stable time between them."""
    is_draining: bool = False
    drain_by: float = 0.0
    replaced_at: float | None = None
    """When it was found to be the one before the live release, which a rollback goes to."""
    num_in_flight: int = 0
    is_suspect: bool = False
    """Whether a request lost it; nobody is sent to it until the fleet has looked."""

    @property
    def is_up(self) -> bool:
        """Whether it can be sent requests."""
        return self.ready is not None and not self.is_suspect

    @property
    def is_known_silent(self) -> bool:
        """Whether it is a runtime of others whose silence was told; it may last for days."""
        return self.upstream is not None and self.num_in_row > 0

    @property
    def is_refused(self) -> bool:
        """Whether it will not be started any more."""
        return self.refused is not None

    def told(self) -> ServedRelease:
        """How it fares."""
        state: ServedState = "starting" if self.upstream is None else "silent"
        state = "ready" if self.ready else state
        if self.replaced_at is not None:
            state = "standby"
        if self.is_refused or self.is_draining:
            state = "refused" if self.is_refused else "draining"
        return ServedRelease(
            version=self.row.version,
            state=state,
            num_in_flight=self.num_in_flight,
            num_lost=self.num_lost,
            error=self.refused,
        )

    @property
    def model(self) -> str:
        """The name under which its process answers."""
        if self.trial is not None:
            return self.trial.model(self.project.name)
        return model_name(self.project.name, self.row.version)

    def trial_named(self, model: str) -> Trial | None:
        """The checkpoint of this name that answers on it, or that does not fit it."""
        return next((one for one in (*self.tried, *self.unfit) if one.model(self.project.name) == model), None)

    @property
    def is_release(self) -> bool:
        """Whether clients may be answered by it."""
        return self.row.version > BASE_VERSION

    @property
    def suffix(self) -> str:
        """Of the name of its run directory."""
        if self.trial is not None:
            return "checkpoint"
        return f"v{self.row.version}" if self.is_release else "base"

    @property
    def told_version(self) -> int:
        """What events say: the version of a release, 0 for what is none."""
        return max(self.row.version, BASE_VERSION)

    @property
    def title(self) -> str:
        """What people call it."""
        name = f"project {self.project.id}"
        if self.trial is not None:
            return f"Step {self.trial.step} of experiment {self.trial.experiment_id} of {name}"
        return f"v{self.row.version} of {name}" if self.is_release else f"The base model of {name}"


def model_name(project: str, version: int) -> str:
    """Spell a version of an endpoint as clients do."""
    return f"{project}@v{version}" if version != BASE_VERSION else f"{project}{BASE_SUFFIX}"

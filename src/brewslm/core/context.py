"""What a stage is given: the shelf, the outside world by ports, and ways to say how far it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from brewslm.core.alerts.facts import MonitoringFacts, nothing_known
from brewslm.core.curves.drawing import Painter
from brewslm.core.drift.upstream_client import OpenUpstream, no_upstream
from brewslm.core.engines.names import EngineName
from brewslm.core.evaluation.judge import OpenJudge, no_judge
from brewslm.core.events.base import Draft
from brewslm.core.experiment import Experiment
from brewslm.core.forecast.measured import Measurements, NoMeasurements
from brewslm.core.ids import ArtifactId, ExperimentId, JobId, RunId
from brewslm.core.outcome.approval import GateMode
from brewslm.core.ports.advisor import Advisor
from brewslm.core.ports.artifact_store import Shelf
from brewslm.core.ports.base_models import BaseModels
from brewslm.core.ports.clock import Clock
from brewslm.core.ports.engines.clusters import ClusterLook, not_described
from brewslm.core.ports.machine import Machine
from brewslm.core.ports.mappers import Mappers, NoMappers
from brewslm.core.ports.similarity import Similarity
from brewslm.core.ports.source import Sources
from brewslm.core.ports.tables import Tables
from brewslm.core.project import Project
from brewslm.core.stage_name import StageName
from brewslm.core.wire.order import Order
from brewslm.core.wire.result import Result


class Workers(Protocol):
    """Starts a worker, or re-attaches to the one that an earlier life of this job started."""

    def run(self, order: Order, *, name: str) -> Result:
        """Run `order` in the run directory `name` until its result is there.

        Raises:
            WorkerError: the worker ended without a result and could not be recovered.
            CancelledError: the job was cancelled.
        """

    def folder(self, name: str) -> Path:
        """The run directory `name`, relative names joined under the project's `experiments` folder."""


@dataclass(frozen=True, slots=True)
class StageContext:
    """Everything a stage may touch. It never opens a database session, and never logs "started" or "done"."""

    project: Project
    run_id: RunId
    job_id: JobId
    shelf: Shelf
    tables: Tables
    similarity: Similarity
    sources: Sources
    advisor: Advisor
    base_models: BaseModels
    machine: Machine
    workers: Workers
    clock: Clock
    painter: Painter
    open_experiment: Callable[[ArtifactId], Experiment]
    """Number the experiment that this job makes from a plan; the same one again after a restart."""
    own_experiment: Callable[[], Experiment | None]
    """The experiment that an earlier life of this job has opened, None where it has not."""
    find_experiment: Callable[[ExperimentId], Experiment]
    """An experiment of this project; raises NotFoundError where there is none."""
    emit: Callable[[Draft], None]
    """Write a RunEvent about something that has happened within the stage."""
    progress: Callable[[float, str], None]
    """Say how far the stage is: a fraction from 0 to 1, and a short phrase."""
    is_cancelled: Callable[[], bool]
    mappers: Mappers = field(default_factory=NoMappers)
    """Plugins that convert records."""
    monitoring: Callable[[bool], MonitoringFacts] = nothing_known
    """Ask whether somebody would hear of trouble; with true, each channel is sent a test message first."""
    measurements: Measurements = field(default_factory=NoMeasurements)
    """What finished trainings took on this machine."""
    look_at_cluster: Callable[[EngineName], ClusterLook] = not_described
    """Ask a cluster whether it would take work; starts nothing there."""
    device: str | None = None
    """Where this job runs, `gpu:0` or `cpu`; None for work that needs no device."""
    gate_modes: Mapping[StageName, GateMode] = field(default_factory=dict)
    """Who decides at the end of a stage, where it is not the stage alone."""
    has_judge: bool = False
    """Whether a language model is set that could decide there."""
    open_judge: OpenJudge = no_judge
    """Judges of answers, as eval packs name them."""
    open_upstream: OpenUpstream = no_upstream
    """Runtimes that others run."""
    longest_without_benchmark_minutes: float | None = None
    """Gate C: longer plans need a benchmark of their base model; None asks for none."""

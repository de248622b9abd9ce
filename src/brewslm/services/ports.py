"""The ports that services work through, in one value that bootstrap fills."""

from dataclasses import dataclass, field

from brewslm.core.curves.drawing import Painter
from brewslm.core.drift.upstream_client import OpenUpstream, no_upstream
from brewslm.core.evaluation.judge import LabelFiles, NoLabelFiles, OpenJudge, no_judge
from brewslm.core.evaluation.pack_files import EvalPackFiles, NoEvalPackFiles
from brewslm.core.forecast.measured import Measurements, NoMeasurements
from brewslm.core.ports.advisor import Advisor, Judge
from brewslm.core.ports.artifact_store import ArtifactStore
from brewslm.core.ports.base_models import BaseModels
from brewslm.core.ports.clock import Clock
from brewslm.core.ports.engine import Engine
from brewslm.core.ports.engines.clusters import Clusters, NoClusters
from brewslm.core.ports.machine import Machine
from brewslm.core.ports.mappers import Mappers, NoMappers
from brewslm.core.ports.secrets import LocatorSecrets
from brewslm.core.ports.similarity import Similarity
from brewslm.core.ports.source import Sources
from brewslm.core.ports.storage import Storage
from brewslm.core.ports.tables import Tables
from brewslm.core.ports.training_logs import NoThresholdFiles, ThresholdFiles


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world, as services see it."""

    storage: Storage
    store: ArtifactStore
    tables: Tables
    similarity: Similarity
    sources: Sources
    secrets: LocatorSecrets
    advisor: Advisor
    judge: Judge
    base_models: BaseModels
    machine: Machine
    engine: Engine
    clock: Clock
    painter: Painter
    mappers: Mappers = field(default_factory=NoMappers)
    thresholds: ThresholdFiles = field(default_factory=NoThresholdFiles)
    measurements: Measurements = field(default_factory=NoMeasurements)
    eval_packs: EvalPackFiles = field(default_factory=NoEvalPackFiles)
    open_judge: OpenJudge = no_judge
    label_files: LabelFiles = field(default_factory=NoLabelFiles)
    clusters: Clusters = field(default_factory=NoClusters)
    open_upstream: OpenUpstream = no_upstream

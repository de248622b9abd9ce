"""Putting the house together."""

import os
from typing import TYPE_CHECKING

from brewslm.adapters.advisor.absent import NoAdvisor, NoJudge
from brewslm.adapters.drawing.png import PillowPainter
from brewslm.adapters.engines.choice import ChosenEngine
from brewslm.adapters.engines.clusters import ConfiguredClusters
from brewslm.adapters.engines.local import LocalEngine
from brewslm.adapters.engines.templates import Templates
from brewslm.adapters.files.artifact_store import FileArtifactStore
from brewslm.adapters.files.eval_packs import FolderEvalPackFiles, FolderLabelFiles
from brewslm.adapters.files.locator_secrets import FileLocatorSecrets
from brewslm.adapters.files.measurements import FileMeasurements
from brewslm.adapters.files.tables import ParquetTables
from brewslm.adapters.files.thresholds import YamlThresholdFiles
from brewslm.adapters.files.uploads import FileUploads
from brewslm.adapters.plugins.mappers import EntryPointMappers
from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.adapters.system.clock import SystemClock
from brewslm.adapters.system.filesystem import refuse_network
from brewslm.adapters.system.machine import SystemMachine
from brewslm.adapters.text.similarity import MinHashSimilarity
from brewslm.bootstrap.house import House
from brewslm.bootstrap.ledger import open_ledger
from brewslm.bootstrap.settings import Settings
from brewslm.bootstrap.sources import connected_sources
from brewslm.services.ports import Ports

if TYPE_CHECKING:
    from brewslm.core.drift.upstream_client import UpstreamClient
    from brewslm.core.evaluation.judge import AnswerJudge, JudgeSettings
    from brewslm.core.ports.advisor import Advisor, Judge
    from brewslm.core.serving.upstream import Upstream

TEMPLATES = Templates()
"""One set for the process, which may open several houses."""


def open_house(settings: Settings, *, actor: str) -> House:
    """Open the workspace (made where missing) and plug everything together.

    Args:
        settings: where the workspace is.
        actor: who RunEvents name: `cli` or `api`.

    Raises:
        WorkspaceError: the workspace cannot be used.
    """
    refuse_network(settings.home)
    uploads = FileUploads(settings.home, max_bytes=settings.max_upload_bytes)
    clusters = ConfiguredClusters(settings.home, environment=os.environ)
    secrets, clock = FileLocatorSecrets(settings.home), SystemClock()
    storage = open_ledger(settings)
    ports = Ports(
        storage=storage,
        store=FileArtifactStore(settings.home),
        tables=ParquetTables(),
        similarity=MinHashSimilarity(),
        sources=connected_sources(settings, uploads, secrets),
        secrets=secrets,
        advisor=_advisor(settings),
        judge=_judge(settings),
        base_models=LocalBaseModels(is_offline=settings.is_offline),
        machine=SystemMachine(visible_gpus=os.environ.get("CUDA_VISIBLE_DEVICES")),
        engine=ChosenEngine(LocalEngine(environment=os.environ, templates=TEMPLATES), clusters),
        clock=clock,
        painter=PillowPainter(),
        mappers=EntryPointMappers(),
        thresholds=YamlThresholdFiles(settings.home),
        measurements=FileMeasurements(settings.home),
        eval_packs=FolderEvalPackFiles(settings.home),
        open_judge=_open_judge,
        label_files=FolderLabelFiles(settings.home),
        clusters=clusters,
        open_upstream=_open_upstream,
    )
    return House(settings, storage, uploads, ports, actor=actor)


# What asks a model over HTTP is loaded where a model is set.


def _advisor(settings: Settings) -> "Advisor":
    if settings.advisor_url is None or settings.advisor_model is None:
        return NoAdvisor()
    from brewslm.adapters.advisor.chat_endpoint import ChatEndpoint

    return ChatEndpoint(settings.advisor_url, settings.advisor_model, key=settings.advisor_key)


def _judge(settings: Settings) -> "Judge":
    """Return who decides at gates: the model that may be asked for advice, too."""
    if settings.advisor_url is None or settings.advisor_model is None:
        return NoJudge()
    from brewslm.adapters.advisor.chat import Chat
    from brewslm.adapters.advisor.judge_endpoint import JudgeEndpoint

    return JudgeEndpoint(Chat(settings.advisor_url, settings.advisor_model, key=settings.advisor_key))


def _open_judge(settings: "JudgeSettings") -> "AnswerJudge":
    from brewslm.adapters.advisor.answer_judge import AnswerJudges

    return AnswerJudges(os.environ).open(settings)


def _open_upstream(upstream: "Upstream") -> "UpstreamClient":
    from brewslm.adapters.serving.upstream import HttpUpstream

    return HttpUpstream(upstream, environment=os.environ)

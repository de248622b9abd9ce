"""Putting the house together."""

import os

from brewslm.adapters.advisor.chat import Chat
from brewslm.adapters.advisor.chat_endpoint import ChatEndpoint, NoAdvisor
from brewslm.adapters.advisor.judge_endpoint import JudgeEndpoint, NoJudge
from brewslm.adapters.drawing.png import PillowPainter
from brewslm.adapters.engines.local import LocalEngine
from brewslm.adapters.engines.templates import Templates
from brewslm.adapters.files.artifact_store import FileArtifactStore
from brewslm.adapters.files.eval_packs import FolderEvalPackFiles
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
        engine=LocalEngine(environment=os.environ, templates=TEMPLATES),
        clock=clock,
        painter=PillowPainter(),
        mappers=EntryPointMappers(),
        thresholds=YamlThresholdFiles(settings.home),
        measurements=FileMeasurements(settings.home),
        eval_packs=FolderEvalPackFiles(settings.home),
    )
    return House(settings, storage, uploads, ports, actor=actor)


def _advisor(settings: Settings) -> ChatEndpoint | NoAdvisor:
    if settings.advisor_url is None or settings.advisor_model is None:
        return NoAdvisor()
    return ChatEndpoint(settings.advisor_url, settings.advisor_model, key=settings.advisor_key)


def _judge(settings: Settings) -> JudgeEndpoint | NoJudge:
    """Return who decides at gates: the model that may be asked for advice, too."""
    if settings.advisor_url is None or settings.advisor_model is None:
        return NoJudge()
    return JudgeEndpoint(Chat(settings.advisor_url, settings.advisor_model, key=settings.advisor_key))

"""Putting the house together."""

import os
from dataclasses import dataclass

from brewslm.adapters.advisor.chat import Chat
from brewslm.adapters.advisor.chat_endpoint import ChatEndpoint, NoAdvisor
from brewslm.adapters.advisor.judge_endpoint import JudgeEndpoint, NoJudge
from brewslm.adapters.alerts.config_file import YamlAlertFiles
from brewslm.adapters.alerts.senders import ChannelSenders
from brewslm.adapters.brew.code import ProcessCodeLoader
from brewslm.adapters.brew.runs import FileBrewRuns
from brewslm.adapters.drawing.png import PillowPainter
from brewslm.adapters.engines.local import LocalEngine
from brewslm.adapters.files.artifact_store import FileArtifactStore
from brewslm.adapters.files.health_log import FILE as HEALTH_FILE
from brewslm.adapters.files.health_log import YamlHealthLog
from brewslm.adapters.files.locator_secrets import FileLocatorSecrets
from brewslm.adapters.files.measurements import FileMeasurements
from brewslm.adapters.files.tables import ParquetTables
from brewslm.adapters.files.thresholds import YamlThresholdFiles
from brewslm.adapters.files.uploads import FileUploads
from brewslm.adapters.logs.files import FileTrainingLogs
from brewslm.adapters.plugins.mappers import EntryPointMappers
from brewslm.adapters.serving.asking import HttpAsker
from brewslm.adapters.serving.files import FileEndpoints, FileRequestLog
from brewslm.adapters.serving.local import LocalServing
from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.adapters.sql.epochs import SqlServerEpochs
from brewslm.adapters.sql.feed import SqlFeed
from brewslm.adapters.sql.views import SqlViews
from brewslm.adapters.system.clock import SystemClock
from brewslm.adapters.system.filesystem import refuse_network
from brewslm.adapters.system.machine import SystemMachine
from brewslm.adapters.system.owner import is_owner_gone, process_owner
from brewslm.adapters.text.similarity import MinHashSimilarity
from brewslm.bootstrap.ledger import open_ledger
from brewslm.bootstrap.settings import Settings
from brewslm.bootstrap.sources import connected_sources
from brewslm.services.alerts.alerts import Alerts
from brewslm.services.alerts.notifications import Notifications
from brewslm.services.audit.audit import Audit
from brewslm.services.autopilot import autopilot_flow
from brewslm.services.benchmarking.benchmark import benchmark_flow
from brewslm.services.brewing.answers import CheckpointAnswers
from brewslm.services.brewing.brews import Brews
from brewslm.services.brewing.reading import BrewReader
from brewslm.services.data.browsing import Browsing
from brewslm.services.data.cleaning import CleaningPreviews
from brewslm.services.data.golden import golden_flow
from brewslm.services.data.health import Health
from brewslm.services.data.manifests import Manifests
from brewslm.services.data.mappings import Mappings
from brewslm.services.data.rejections import Rejections
from brewslm.services.data.trace import Tracing
from brewslm.services.data.xray import Xrays
from brewslm.services.declared.projects import DeclaredProjects
from brewslm.services.endpoint.drift import DriftWatch
from brewslm.services.endpoint.fleet import Fleet
from brewslm.services.endpoint.keys import Keys
from brewslm.services.endpoint.requests import Requests
from brewslm.services.evaluating import evaluation_flow
from brewslm.services.forecasting.book import Outlooks
from brewslm.services.forecasting.forecast import forecast_flow
from brewslm.services.gates.book import Gates
from brewslm.services.importing import import_flow
from brewslm.services.jobs.control import Control
from brewslm.services.jobs.forks import Forks
from brewslm.services.jobs.queue import Jobs
from brewslm.services.jobs.views import JobViews
from brewslm.services.monitoring.health import RunHealth
from brewslm.services.monitoring.patrol import Patrol
from brewslm.services.monitoring.watchers import Watchers
from brewslm.services.optimizing import optimize_flow
from brewslm.services.outcome.results import TrainingResults
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects
from brewslm.services.releases.book import Releases, enter_release
from brewslm.services.runner import Runner
from brewslm.services.stage_runs import StageRuns
from brewslm.services.streams.streams import Streams
from brewslm.services.uploads.book import Uploads


@dataclass(frozen=True, slots=True)
class House:
    """The services that faces use. Everything else is behind them."""

    settings: Settings
    ports: Ports
    projects: Projects
    manifests: Manifests
    xrays: Xrays
    jobs: Jobs
    forks: Forks
    job_views: JobViews
    control: Control
    runner: Runner
    releases: Releases
    keys: Keys
    fleet: Fleet
    requests: Requests
    drift: DriftWatch
    results: TrainingResults
    gates: Gates
    outlooks: Outlooks
    audit: Audit
    browsing: Browsing
    health: Health
    run_health: RunHealth
    patrol: Patrol
    watchers: Watchers
    cleaning: CleaningPreviews
    declared: DeclaredProjects
    tracing: Tracing
    mappings: Mappings
    rejections: Rejections
    streams: Streams
    epochs: SqlServerEpochs
    uploads: Uploads
    notifications: Notifications
    alerts: Alerts
    code: ProcessCodeLoader
    brew_reader: BrewReader
    brew_runs: FileBrewRuns
    brews: Brews
    checkpoint_answers: CheckpointAnswers


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
        engine=LocalEngine(environment=os.environ),
        clock=clock,
        painter=PillowPainter(),
        mappers=EntryPointMappers(),
        thresholds=YamlThresholdFiles(settings.home),
        measurements=FileMeasurements(settings.home),
    )
    alerts = Alerts(ports, YamlAlertFiles(settings.home), _senders(settings))
    run_health = RunHealth(ports, FileTrainingLogs(), YamlThresholdFiles(settings.home))
    owner = process_owner()
    watchers = Watchers(ports, owner=owner, is_owner_gone=is_owner_gone)
    health_log = YamlHealthLog(settings.logs / HEALTH_FILE)
    patrol = Patrol(ports, watchers, health_log, is_owner_gone=is_owner_gone, cron=settings.patrol_cron)
    stage_runs = StageRuns(
        ports,
        entries={"release": enter_release},
        monitoring=lambda sends: alerts.facts(run_health.thresholds, sends=sends),
        longest_without_benchmark_minutes=settings.longest_without_benchmark_minutes,
    )
    runner = Runner(
        ports,
        stage_runs,
        {
            "import": import_flow,
            "autopilot": autopilot_flow,
            "evaluation": evaluation_flow,
            "optimize": optimize_flow,
            "golden": golden_flow,
            "benchmark": benchmark_flow,
            "forecast": forecast_flow,
        },
        owner=owner,
        is_owner_gone=is_owner_gone,
        actor=actor,
    )
    projects, browsing, audit = Projects(ports, actor=actor), Browsing(ports), Audit(ports.storage, ports.store)
    jobs, gates = Jobs(ports, actor=actor), Gates(ports, actor=actor)
    code, brew_runs = (
        ProcessCodeLoader(environment=os.environ),
        FileBrewRuns(settings.home, clock, environment=os.environ),
    )
    brew_reader = BrewReader(code)
    releases, request_log = Releases(ports, actor=actor), FileRequestLog(settings.home)
    endpoint_files = FileEndpoints(settings.home)
    fleet = Fleet(ports, releases, LocalServing(settings.home, environment=os.environ), endpoint_files)
    return House(
        settings=settings,
        ports=ports,
        projects=projects,
        manifests=Manifests(ports, projects, actor=actor),
        xrays=Xrays(ports, projects),
        jobs=jobs,
        forks=Forks(ports),
        job_views=JobViews(SqlViews(storage), jobs, ports),
        control=Control(ports, actor=actor),
        runner=runner,
        releases=releases,
        keys=Keys(ports, actor=actor),
        fleet=fleet,
        requests=Requests(ports, endpoint_files, request_log),
        drift=DriftWatch(ports, releases, fleet, endpoint_files, request_log, asker=HttpAsker()),
        results=TrainingResults(ports),
        gates=gates,
        outlooks=Outlooks(ports),
        audit=audit,
        browsing=browsing,
        health=Health(ports, projects),
        run_health=run_health,
        patrol=patrol,
        watchers=watchers,
        cleaning=CleaningPreviews(ports, projects),
        declared=DeclaredProjects(ports, projects, gates),
        tracing=Tracing(ports, projects, browsing, audit),
        mappings=Mappings(ports),
        rejections=Rejections(ports),
        streams=Streams(SqlFeed(storage)),
        epochs=SqlServerEpochs(storage),
        uploads=Uploads(uploads, clock, max_bytes=settings.max_upload_bytes),
        notifications=Notifications(ports),
        alerts=alerts,
        code=code,
        brew_reader=brew_reader,
        brew_runs=brew_runs,
        brews=Brews(brew_reader, brew_runs, brew_runs, jobs, settings.brew),
        checkpoint_answers=CheckpointAnswers(ports, _side_engine()),
    )


def _side_engine() -> LocalEngine:
    """Return what brings workers to life that leave a training its GPU, and half of the cores."""
    num_threads = max((os.cpu_count() or 2) // 2, 1)
    return LocalEngine(environment={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, num_threads=num_threads)


def _senders(settings: Settings) -> ChannelSenders:
    return ChannelSenders(
        settings.home, environment=os.environ, proxies=settings.proxies, is_cut_off=settings.is_cut_off
    )


def _advisor(settings: Settings) -> ChatEndpoint | NoAdvisor:
    if settings.advisor_url is None or settings.advisor_model is None:
        return NoAdvisor()
    return ChatEndpoint(settings.advisor_url, settings.advisor_model, key=settings.advisor_key)


def _judge(settings: Settings) -> JudgeEndpoint | NoJudge:
    """Return who decides at gates: the model that may be asked for advice, too."""
    if settings.advisor_url is None or settings.advisor_model is None:
        return NoJudge()
    return JudgeEndpoint(Chat(settings.advisor_url, settings.advisor_model, key=settings.advisor_key))

"""The services of one workspace, each made when it is first asked for: a command loads what it uses and no more."""

import os
import threading
from typing import TYPE_CHECKING

from brewslm.adapters.system.owner import is_owner_gone, process_owner
from brewslm.bootstrap.made import made
from brewslm.bootstrap.records import Records

if TYPE_CHECKING:
    from brewslm.adapters.brew.code import ProcessCodeLoader
    from brewslm.adapters.brew.runs import FileBrewRuns
    from brewslm.adapters.files.uploads import FileUploads
    from brewslm.adapters.serving.files import FileEndpoints, FileRequestLog
    from brewslm.adapters.sql.epochs import SqlServerEpochs
    from brewslm.adapters.sql.storage import SqlStorage
    from brewslm.bootstrap.settings import Settings
    from brewslm.services.alerts.alerts import Alerts
    from brewslm.services.alerts.notifications import Notifications
    from brewslm.services.audit.audit import Audit
    from brewslm.services.brewing.answers import CheckpointAnswers
    from brewslm.services.brewing.brews import Brews
    from brewslm.services.brewing.reading import BrewReader
    from brewslm.services.data.browsing import Browsing
    from brewslm.services.data.cleaning import CleaningPreviews
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
    from brewslm.services.evaluation.book import Evaluations
    from brewslm.services.evaluation.packs import EvalPacks
    from brewslm.services.forecasting.book import Outlooks
    from brewslm.services.gates.book import Gates
    from brewslm.services.jobs.control import Control
    from brewslm.services.jobs.forks import Forks
    from brewslm.services.jobs.queue import Jobs
    from brewslm.services.jobs.views import JobViews
    from brewslm.services.monitoring.health import RunHealth
    from brewslm.services.monitoring.patrol import Patrol
    from brewslm.services.monitoring.watchers import Watchers
    from brewslm.services.outcome.results import TrainingResults
    from brewslm.services.ports import Ports
    from brewslm.services.projects import Projects
    from brewslm.services.releases.book import Releases
    from brewslm.services.runner import Runner
    from brewslm.services.streams.streams import Streams
    from brewslm.services.sweeps.book import Sweeps
    from brewslm.services.uploads.book import Uploads


class House:
    """The services that faces use. Everything else is behind them."""

    def __init__(
        self, settings: "Settings", ledger: "SqlStorage", uploads: "FileUploads", ports: "Ports", *, actor: str
    ) -> None:
        """Bind it to an open workspace: `ledger` and `uploads` are those of `ports`; RunEvents name the `actor`."""
        self.settings = settings
        self.ports = ports
        self.making = threading.RLock()
        self._ledger = ledger
        self._upload_store = uploads
        self._actor = actor

    @made
    def projects(self) -> "Projects":
        """Projects, and how far each has come."""
        from brewslm.services.projects import Projects

        return Projects(self.ports, actor=self._actor)

    @made
    def manifests(self) -> "Manifests":
        """Manifests of prepared data, and what differs between two."""
        from brewslm.services.data.manifests import Manifests

        return Manifests(self.ports, self.projects, actor=self._actor)

    @made
    def xrays(self) -> "Xrays":
        """What the model sees of an example, token by token."""
        from brewslm.services.data.xray import Xrays

        return Xrays(self.ports, self.projects)

    @made
    def jobs(self) -> "Jobs":
        """The queue: asking for work, and finding it."""
        from brewslm.services.jobs.queue import Jobs

        return Jobs(self.ports, actor=self._actor)

    @made
    def forks(self) -> "Forks":
        """Trainings that begin from another one's checkpoint."""
        from brewslm.services.jobs.forks import Forks

        return Forks(self.ports)

    @made
    def job_views(self) -> "JobViews":
        """Lists of jobs, and pages of one."""
        from brewslm.adapters.sql.views import SqlViews
        from brewslm.services.jobs.views import JobViews

        return JobViews(SqlViews(self._ledger), self.jobs, self.ports)

    @made
    def control(self) -> "Control":
        """Cancel, pause, resume, retry, answer, priority."""
        from brewslm.services.jobs.control import Control

        return Control(self.ports, actor=self._actor)

    @made
    def releases(self) -> "Releases":
        """Releases of each project."""
        from brewslm.services.releases.book import Releases
        from brewslm.services.releases.gate_d import GateD

        return Releases(self.ports, actor=self._actor, gate=GateD(self.ports))

    @made
    def keys(self) -> "Keys":
        """Keys of endpoints."""
        from brewslm.services.endpoint.keys import Keys

        return Keys(self.ports, actor=self._actor)

    @made
    def endpoint_files(self) -> "FileEndpoints":
        """Settings of endpoints, and what drift is measured against."""
        from brewslm.adapters.serving.files import FileEndpoints

        return FileEndpoints(self.settings.home)

    @made
    def request_log(self) -> "FileRequestLog":
        """What endpoints were asked, in files."""
        from brewslm.adapters.serving.files import FileRequestLog

        return FileRequestLog(self.settings.home)

    @made
    def requests(self) -> "Requests":
        """What endpoints were asked."""
        from brewslm.services.endpoint.requests import Requests

        return Requests(self.ports, self.endpoint_files, self.request_log)

    @made
    def fleet(self) -> "Fleet":
        """The processes that answer for releases."""
        from brewslm.adapters.serving.local import LocalServing
        from brewslm.services.endpoint.fleet import Fleet

        host = LocalServing(self.settings.home, environment=os.environ)
        return Fleet(self.ports, self.releases, host, self.endpoint_files)

    @made
    def drift(self) -> "DriftWatch":
        """Whether endpoints are what they were."""
        from brewslm.adapters.serving.asking import HttpAsker
        from brewslm.services.endpoint.drift import DriftWatch

        return DriftWatch(
            self.ports, self.releases, self.fleet, self.endpoint_files, self.request_log, asker=HttpAsker()
        )

    @made
    def results(self) -> "TrainingResults":
        """What trainings left."""
        from brewslm.services.outcome.results import TrainingResults

        return TrainingResults(self.ports)

    @made
    def gates(self) -> "Gates":
        """Gates, and who decides at them."""
        from brewslm.services.gates.book import Gates

        return Gates(self.ports, actor=self._actor)

    @made
    def outlooks(self) -> "Outlooks":
        """Forecasts beside what came of them."""
        from brewslm.services.forecasting.book import Outlooks

        return Outlooks(self.ports)

    @made
    def sweeps(self) -> "Sweeps":
        """Trainings that are compared."""
        from brewslm.services.sweeps.book import Sweeps

        return Sweeps(self.ports, self.projects, self.jobs, self.job_views)

    @made
    def eval_packs(self) -> "EvalPacks":
        """What evaluations measure and ask for."""
        from brewslm.services.evaluation.packs import EvalPacks

        return EvalPacks(self.ports.eval_packs)

    @made
    def evaluations(self) -> "Evaluations":
        """Rows that fail, and whether a model may be promoted."""
        from brewslm.services.evaluation.book import Evaluations

        return Evaluations(self.ports)

    @made
    def audit(self) -> "Audit":
        """Ledger and store against their hashes."""
        from brewslm.services.audit.audit import Audit

        return Audit(self.ports.storage, self.ports.store)

    @made
    def records(self) -> Records:
        """Timeline, failures by cause, bundles for support."""
        return Records(self.settings, self.ports, self.jobs, self._ledger)

    @made
    def browsing(self) -> "Browsing":
        """Rows of datasets."""
        from brewslm.services.data.browsing import Browsing

        return Browsing(self.ports)

    @made
    def health(self) -> "Health":
        """The health of datasets."""
        from brewslm.services.data.health import Health

        return Health(self.ports, self.projects)

    @made
    def run_health(self) -> "RunHealth":
        """The health of trainings, and of logs of others."""
        from brewslm.adapters.logs.files import FileTrainingLogs
        from brewslm.services.monitoring.health import RunHealth

        return RunHealth(self.ports, FileTrainingLogs(), self.ports.thresholds)

    @made
    def watchers(self) -> "Watchers":
        """Who watches a training."""
        from brewslm.services.monitoring.watchers import Watchers

        return Watchers(self.ports, owner=process_owner(), is_owner_gone=is_owner_gone)

    @made
    def cleaning(self) -> "CleaningPreviews":
        """What a cleaning would do."""
        from brewslm.services.data.cleaning import CleaningPreviews

        return CleaningPreviews(self.ports, self.projects)

    @made
    def declared(self) -> "DeclaredProjects":
        """Projects that a `brewslm.yaml` declares."""
        from brewslm.services.declared.projects import DeclaredProjects

        return DeclaredProjects(self.ports, self.projects, self.gates)

    @made
    def tracing(self) -> "Tracing":
        """Where a row came from."""
        from brewslm.services.data.trace import Tracing

        return Tracing(self.ports, self.projects, self.browsing, self.audit)

    @made
    def mappings(self) -> "Mappings":
        """Mappings, tried and committed."""
        from brewslm.services.data.mappings import Mappings

        return Mappings(self.ports)

    @made
    def rejections(self) -> "Rejections":
        """Rows that were rejected, and their mending."""
        from brewslm.services.data.rejections import Rejections

        return Rejections(self.ports)

    @made
    def streams(self) -> "Streams":
        """The live stream."""
        from brewslm.adapters.sql.feed import SqlFeed
        from brewslm.services.streams.streams import Streams

        return Streams(SqlFeed(self._ledger))

    @made
    def epochs(self) -> "SqlServerEpochs":
        """Which server is the newest."""
        from brewslm.adapters.sql.epochs import SqlServerEpochs

        return SqlServerEpochs(self._ledger)

    @made
    def uploads(self) -> "Uploads":
        """Files that are sent in parts."""
        from brewslm.services.uploads.book import Uploads

        return Uploads(self._upload_store, self.ports.clock, max_bytes=self.settings.max_upload_bytes)

    @made
    def notifications(self) -> "Notifications":
        """The bell."""
        from brewslm.services.alerts.notifications import Notifications

        return Notifications(self.ports)

    @made
    def brew_reader(self) -> "BrewReader":
        """Reads a brew.py, and again when it has changed."""
        from brewslm.services.brewing.reading import BrewReader

        return BrewReader(self.code)

    @made
    def code(self) -> "ProcessCodeLoader":
        """The processes that load a brew.py."""
        from brewslm.adapters.brew.code import ProcessCodeLoader

        return ProcessCodeLoader(environment=os.environ)

    @made
    def brew_runs(self) -> "FileBrewRuns":
        """Runs of a brew.py."""
        from brewslm.adapters.brew.runs import FileBrewRuns

        return FileBrewRuns(self.settings.home, self.ports.clock, environment=os.environ)

    @made
    def brews(self) -> "Brews":
        """The folder on which the Studio was opened."""
        from brewslm.services.brewing.brews import Brews

        return Brews(self.brew_reader, self.brew_runs, self.brew_runs, self.jobs, self.settings.brew)

    @made
    def alerts(self) -> "Alerts":
        """What is told to people outside."""
        from brewslm.adapters.alerts.config_file import YamlAlertFiles
        from brewslm.adapters.alerts.senders import ChannelSenders
        from brewslm.services.alerts.alerts import Alerts

        home, settings = self.settings.home, self.settings
        senders = ChannelSenders(home, environment=os.environ, proxies=settings.proxies, is_cut_off=settings.is_cut_off)
        return Alerts(self.ports, YamlAlertFiles(home), senders)

    @made
    def patrol(self) -> "Patrol":
        """The rounds that look after jobs whose process fell silent."""
        from brewslm.adapters.files.health_log import FILE, YamlHealthLog
        from brewslm.services.monitoring.patrol import Patrol

        log = YamlHealthLog(self.settings.logs / FILE)
        return Patrol(self.ports, self.watchers, log, is_owner_gone=is_owner_gone, cron=self.settings.patrol_cron)

    @made
    def runner(self) -> "Runner":
        """What does jobs."""
        from brewslm.bootstrap.flows import FLOWS
        from brewslm.services.releases.book import enter_release
        from brewslm.services.runner import Runner
        from brewslm.services.stage_runs import StageRuns

        stage_runs = StageRuns(
            self.ports,
            entries={"release": enter_release},
            monitoring=lambda sends: self.alerts.facts(self.run_health.thresholds, sends=sends),
            longest_without_benchmark_minutes=self.settings.longest_without_benchmark_minutes,
        )
        return Runner(
            self.ports, stage_runs, FLOWS, owner=process_owner(), is_owner_gone=is_owner_gone, actor=self._actor
        )

    @made
    def checkpoint_answers(self) -> "CheckpointAnswers":
        """Answers of a checkpoint, given by a worker that leaves a training its GPU and half of the cores."""
        from brewslm.adapters.engines.local import LocalEngine
        from brewslm.services.brewing.answers import CheckpointAnswers

        num_threads = max((os.cpu_count() or 2) // 2, 1)
        engine = LocalEngine(environment={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, num_threads=num_threads)
        return CheckpointAnswers(self.ports, engine)

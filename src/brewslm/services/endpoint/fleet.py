"""The fleet: a serving process for every release that answers, kept alive, and switched without a lost request.

One thread looks at the ledger and at the processes, again and again. A release that was promoted starts beside the one
that answers; only when it is ready does it take over, and the other one ends when its last request has. A bundle whose
files are not what was exported is never started, so the one before goes on answering.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from brewslm.core.errors import BrewError
from brewslm.core.events.base import Draft
from brewslm.core.events.deployment import ServingLost, ServingRefused, ServingStarted
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, ProjectId, RunId
from brewslm.core.project import Project
from brewslm.core.release import ReleaseRow, ReleaseState
from brewslm.core.serving.host import EndpointFiles, EndpointSettings, ServingHost
from brewslm.core.serving.order import Ready, Refused, ServeOrder
from brewslm.core.value import Value
from brewslm.services.endpoint.orders import base_order, order_of
from brewslm.services.endpoint.routing import Routes, Routing
from brewslm.services.endpoint.trial import Trial
from brewslm.services.endpoint.trials import Trials
from brewslm.services.endpoint.tried import Tried
from brewslm.services.endpoint.unit import BASE_VERSION, TRIAL_VERSION, ServedRelease, Unit
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event
from brewslm.services.releases.book import Releases, release_before
from brewslm.stages.deploy.checksums import damage_of

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
READ_SECONDS = 0.5
"""A training writes many times a second, and none of that is a decision about a release."""
PROBE_SECONDS = 2.0
MAX_SILENT_PROBES = 5
"""A process that answered none of so many probes is hung; it is killed, and started again."""
START_SECONDS = 300.0
"""Within which a process must be ready: large models are read from slow disks."""
DRAIN_SECONDS = 120.0
"""What requests of a release that no longer answers may still take."""
BACK_OFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Before the first, second… start after a process was lost; it begins anew once one has been up for a minute."""
STABLE_SECONDS = 60.0

COMPARED_SECONDS = 600.0
"""How long a base model or a checkpoint stays loaded after it was asked last."""

Key = tuple[ProjectId, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the ledger says of a project's endpoint."""

    project: Project
    rows: tuple[ReleaseRow, ...]

    @property
    def live(self) -> ReleaseRow | None:
        """The release that answers."""
        return next((row for row in self.rows if row.state is ReleaseState.LIVE), None)

    @property
    def before(self) -> ReleaseRow | None:
        """The release that a rollback makes live again."""
        return release_before(self.rows)

    @property
    def served(self) -> tuple[ReleaseRow, ...]:
        """Those that need a process."""
        return tuple(row for row in self.rows if row.state is ReleaseState.LIVE or row.canary_share > 0.0)


class Fleet:
    """Keeps serving processes in the state that the ledger wants."""

    def __init__(
        self,
        ports: Ports,
        releases: Releases,
        host: ServingHost,
        files: EndpointFiles,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Bind it; nothing is started yet."""
        self._ports = ports
        self._releases = releases
        self._host = host
        self._files = files
        self._steady = steady
        self._units: dict[Key, Unit] = {}
        self._wanted: dict[ProjectId, Wanted] = {}
        self._served_ids: set[ProjectId] = set()
        self._bases: dict[ProjectId, float] = {}
        """When the base of a project, or a checkpoint that answers on it, was asked last."""
        self._trials: dict[ProjectId, tuple[Trial, float]] = {}
        """Which checkpoint of a project that needs a process of its own was asked last, and when."""
        self.trials = Trials(ports)
        self._tried = Tried(self.trials, for_seconds=COMPARED_SECONDS)
        self._stamp: object = None
        self._read_after = 0.0
        self.settings = EndpointSettings()
        self.routing = Routing()

    def serve(self, stop: threading.Event) -> None:
        """Look again and again until told to stop; then end every process."""
        while not stop.is_set():
            try:
                self.look()
            except BrewError:
                log.exception("the endpoints could not be looked after; trying again")
            is_busy = self._units or self._bases or self._trials
            stop.wait(POLL_SECONDS if is_busy else READ_SECONDS)
        for unit in self._units.values():
            self._end(unit)
        self._units.clear()

    def served(self, project_id: ProjectId) -> tuple[ServedRelease, ...]:
        """The releases of a project that have a process, or should have one."""
        units = [unit for unit in tuple(self._units.values()) if unit.project.id == project_id and unit.is_release]
        return tuple(unit.told() for unit in sorted(units, key=lambda unit: unit.row.version))

    def want_base(self, project_id: ProjectId) -> None:
        """Have the project's base model served for a while, to compare with."""
        self._try_again((project_id, BASE_VERSION))
        self._bases[project_id] = self._steady()

    def want_trial(self, project: Project, trial: Trial) -> None:
        """Have a checkpoint served for a while: on the base of its project, or by the one process for others.

        Raises:
            NotFoundError: there is no such experiment.
        """
        now = self._steady()
        if self.trials.shares_base(project, trial):
            self._tried.want(project.id, trial, now)
            self.want_base(project.id)
            return
        self._try_again((project.id, TRIAL_VERSION))
        self._trials[project.id] = (trial, now)

    def _try_again(self, key: Key) -> None:
        if (unit := self._units.get(key)) is not None:
            unit.refused = None
            unit.unfit.clear()

    def look(self) -> None:
        """One round: read what is wanted, start, watch, switch, drain."""
        self._read_wanted()
        for wanted in self._busy():
            for row in self._rows(wanted):
                key = (wanted.project.id, row.version)
                if key not in self._units:
                    trial = self._trial(wanted) if row.version == TRIAL_VERSION else None
                    self._units[key] = Unit(project=wanted.project, row=row, trial=trial)
        for unit in tuple(self._units.values()):
            self._watch(unit)
        self._route()
        self._drain()

    def _read_wanted(self) -> None:
        stamp, now = self._ports.storage.stamp(), self._steady()
        if stamp == self._stamp or now < self._read_after:
            return
        self._read_after = now + READ_SECONDS
        with self._ports.storage.read() as transaction:
            projects = transaction.projects.list()
            rows = transaction.releases.list()
        self._wanted = {one.id: Wanted(one, tuple(r for r in rows if r.project_id == one.id)) for one in projects}
        self._served_ids = {project_id for project_id, wanted in self._wanted.items() if wanted.served}
        self._stamp = stamp
        try:
            self.settings = self._files.settings()
        except BrewError:
            log.exception("config/endpoints.yaml cannot be used; what it said before counts")

    def _busy(self) -> list[Wanted]:
        """Of the projects, often many, the few that have or want a process."""
        ids = {project_id for project_id, _ in self._units} | self._served_ids | set(self._bases) | set(self._trials)
        return [self._wanted[project_id] for project_id in sorted(ids) if project_id in self._wanted]

    def _rows(self, wanted: Wanted) -> tuple[ReleaseRow, ...]:
        """The releases that need a process, and what somebody compares with them in the Studio."""
        project, others = wanted.project, []
        if self._steady() - self._bases.get(project.id, -math.inf) <= COMPARED_SECONDS:
            others.append(BASE_VERSION)
        if self._trial(wanted) is not None:
            others.append(TRIAL_VERSION)
        at = project.created_at
        rows = [
            ReleaseRow(project_id=project.id, version=number, release_id=ArtifactId(""), created_at=at)
            for number in others
        ]
        return (*wanted.served, *rows)

    def _trial(self, wanted: Wanted) -> Trial | None:
        trial, asked_at = self._trials.get(wanted.project.id, (None, 0.0))
        return trial if self._steady() - asked_at <= COMPARED_SECONDS else None

    def _watch(self, unit: Unit) -> None:
        now = self._steady()
        if unit.is_refused or unit.is_draining:
            return
        if unit.process is None:
            if now >= unit.not_before:
                self._start(unit, now)
            return
        code = unit.process.exit_code()
        if unit.ready is None:
            self._watch_start(unit, code, now)
        elif code is not None:
            self._lost(unit, code, now)
        elif unit.is_suspect or now - unit.probed_at >= PROBE_SECONDS:
            unit.probed_at = now
            if unit.process.is_answering(unit.ready):
                unit.num_silent, unit.is_suspect = 0, False
            else:
                unit.num_silent += 1
            if unit.num_silent >= MAX_SILENT_PROBES:
                self._lost(unit, None, now)
        if unit.is_up and unit.row.version == BASE_VERSION:
            self._tried.look(unit, now)

    def _start(self, unit: Unit, now: float) -> None:
        try:
            if not unit.is_release:
                unit.process = self._host.start(self._compared(unit), name=f"project-{unit.project.id}-{unit.suffix}")
                unit.started_at = now
                return
            bundle = self._releases.bundle_of(unit.row)
            folder = self._ports.store.project_folder(unit.project.id)
            damage = damage_of(bundle, folder.joinpath)
            if damage is not None:
                self._refuse(unit, Refused(message=f"{damage.seen} {damage.next_step}", is_damaged=True))
                return
            release = self._releases.release_of(unit.row)
            if release.upstream is not None:
                unit.upstream = release.upstream
                unit.tells_logprobs = release.likeness is None or release.likeness.num_tokens > 0
                unit.process, unit.started_at = self._host.attach(release.upstream), now
                return
            order = order_of(unit.project, unit.row, bundle, folder, self.settings)
            unit.process = self._host.start(order, name=f"project-{unit.project.id}-v{unit.row.version}")
            unit.started_at = now
        except BrewError as error:
            self._refuse(unit, Refused(message=str(error)))

    def _compared(self, unit: Unit) -> ServeOrder:
        """Say how a base model or a checkpoint is served; the checkpoint stays as long as its process."""
        if unit.trial is not None:
            return unit.hold.enter_context(self.trials.opened(unit.project, unit.trial, self.settings))
        folder = self._ports.base_models.locate(unit.project.base_model)
        return base_order(unit.project, folder, self.settings)

    def _watch_start(self, unit: Unit, code: int | None, now: float) -> None:
        assert unit.process is not None  # noqa: S101 - it was started
        said = unit.process.ready()
        if isinstance(said, Refused):
            self._end(unit)
            self._refuse(unit, said)
        elif isinstance(said, Ready) and code is None:
            unit.ready, unit.probed_at, unit.num_silent, unit.is_suspect = said, now, 0, False
            payload = ServingStarted(
                version=unit.told_version,
                runtime=said.runtime,
                device=said.device,
                seconds=round(now - unit.started_at, 3),
                num_restarts=unit.num_lost,
            )
            summary = f"{unit.title} is ready to answer ({said.runtime})"
            self._emit(unit, Reason.DEPLOYMENT_STARTED, summary, payload)
        elif code is not None or (now - unit.started_at > START_SECONDS and not unit.is_known_silent):
            self._lost(unit, code, now)

    def _lost(self, unit: Unit, code: int | None, now: float) -> None:
        """Start a process again that ended or hangs, later each time."""
        if unit.ready is not None and now - unit.started_at >= STABLE_SECONDS:
            unit.num_in_row = 0
        self._end(unit)
        wait = BACK_OFF_SECONDS[min(unit.num_in_row, len(BACK_OFF_SECONDS) - 1)]
        unit.num_in_row, unit.num_lost, unit.not_before = unit.num_in_row + 1, unit.num_lost + 1, now + wait
        how = "gave no sign of life" if code is None else f"ended with code {code}"
        summary = f"{unit.title} is started again: its process {how}"
        if unit.upstream is not None:
            summary = f"{unit.title} is not answered for by {unit.upstream.url}; it is looked at until it is"
        payload = ServingLost(version=unit.told_version, exit_code=code, num_restarts=unit.num_lost)
        self._emit(unit, Reason.DEPLOYMENT_PROCESS_LOST, summary, payload)
        self._route()  # nobody is sent to it from now on

    def _refuse(self, unit: Unit, refused: Refused) -> None:
        unit.refused = refused.message
        if not unit.is_release:
            return  # who asked for it is told; no client misses it
        summary = f"{unit.title} is not served: {refused.message}"
        payload = ServingRefused(version=unit.told_version, is_damaged=refused.is_damaged, error=refused.message)
        self._emit(unit, Reason.DEPLOYMENT_BUNDLE_REFUSED, summary, payload)

    def _route(self) -> None:
        """Say who answers: of each project the live release, or while that is not ready the one before."""
        found = {}
        for wanted in self._busy():
            all_of_it = [unit for (project_id, _), unit in self._units.items() if project_id == wanted.project.id]
            if not all_of_it:
                continue
            compared = {unit.row.version: unit for unit in all_of_it if not unit.is_release and not unit.is_draining}
            units = [unit for unit in all_of_it if unit.is_release]
            live = wanted.live
            own = next((unit for unit in units if live is not None and unit.row.version == live.version), None)
            before = [unit for unit in units if unit is not own and unit.ready and not unit.row.canary_share]
            answers = own if own is None or own.ready or not before else before[-1]
            shares = {row.version: row.canary_share for row in wanted.rows}
            canaries = [(unit, shares.get(unit.row.version, 0.0)) for unit in units if unit is not answers]
            found[wanted.project.name] = Routes(
                project_id=wanted.project.id,
                live=answers,
                canaries=tuple((unit, share) for unit, share in canaries if share > 0.0),
                base=compared.get(BASE_VERSION),
                trial=compared.get(TRIAL_VERSION),
                refused=own.refused if own is not None else None,
            )
        self.routing.put(found)

    def _drain(self) -> None:
        """End the processes of releases that answer no more, once nobody waits for them."""
        now = self._steady()
        for key, unit in tuple(self._units.items()):
            wanted = self._wanted.get(unit.project.id)
            rows = self._rows(wanted) if wanted is not None else ()
            row = next((row for row in rows if row.version == unit.row.version), None)
            is_other = unit.trial is not None and wanted is not None and unit.trial != self._trial(wanted)
            if row is not None and not is_other:
                unit.row, unit.is_draining, unit.replaced_at = row, False, None
                continue
            if unit.is_release and self.routing.is_answering(unit) and wanted is not None and wanted.live is not None:
                continue  # the one that was promoted is not ready, or was refused
            if wanted is not None and self._is_kept(unit, wanted, now):
                continue
            unit.replaced_at = None
            if not unit.is_draining:
                unit.is_draining, unit.drain_by = True, now + DRAIN_SECONDS
                self._route()
            if unit.num_in_flight == 0 or now >= unit.drain_by:
                self._end(unit)
                del self._units[key]
                self._route()

    def _is_kept(self, unit: Unit, wanted: Wanted, now: float) -> bool:
        """Whether a rollback would go to it, and it was replaced only lately."""
        if unit.ready is None or unit.is_draining or wanted.live is None or wanted.before is None:
            return False
        if unit.row.version != wanted.before.version:
            return False
        unit.replaced_at = now if unit.replaced_at is None else unit.replaced_at
        return now - unit.replaced_at < self.settings.keep_replaced_seconds

    def _end(self, unit: Unit) -> None:
        if unit.process is not None:
            self._host.stop(unit.process)
        unit.process = unit.ready = None
        unit.hold.close()
        for held in unit.tried.values():
            held.hold.close()
        unit.tried = {}

    def _emit(self, unit: Unit, reason: Reason, summary: str, payload: Value) -> None:
        origin = Origin(project_id=unit.project.id, run_id=RunId(f"project-{unit.project.id}"), actor="system")
        with self._ports.storage.write() as transaction:
            draft = Draft(reason=reason, summary=summary, payload=payload)
            emit_event(transaction, draft, origin=origin, occurred_at=self._ports.clock.now())

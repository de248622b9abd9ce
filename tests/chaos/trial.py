"""One trial: a life, one fault at a random moment, and what must hold afterwards."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings
from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ProjectId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.storage import MetricRow
from brewslm.core.wire.rundir import RESULT_FILE
from tests.chaos.door import Door, opened_door
from tests.chaos.faults import TRAINING, Fault, Heal, Phase
from tests.chaos.life import STEPS, CommandLife, HttpLife
from tests.chaos.world import World
from tests.fakes.postgres import Cluster
from tests.fakes.small_disk import small_disk
from tests.journeys.brew import write_chat
from tests.worker.tiny import write_base_model

DISK_KIB = 96 << 10
NUM_ROWS = 60
IDLE_SECONDS = 8.0
"""Without a pulse and without using the processor; less than the default, so that a frozen step is found soon."""
LONGEST_DELAY_SECONDS: dict[Phase, float] = {"importing": 2.5, "preparing": 2.0, "evaluating": 6.0, "exporting": 6.0}
ONCE = (Reason.TRAINING, Reason.EVALUATION, Reason.EXPORT, Reason.INGESTION, Reason.PREPARATION)


@dataclass(frozen=True)
class Undisturbed:
    """What a life without a fault makes; the others are compared with it."""

    learned: float
    """By how much the loss of the eval split fell, in nats a token."""
    weights: dict[str, str]
    """File to SHA-256."""


@dataclass
class Outcome:
    """How a trial went."""

    fault: str
    seed: int
    moment: str
    ledger: str = "SQLite"
    was_struck: bool = False
    is_finished: bool = False
    num_asked_again: int = 0
    is_exact: bool | None = None
    learned: float | None = None
    """The share of what an undisturbed life learns."""
    seconds: float = 0.0
    ended: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Striking:
    """Strikes once its moment has come, and heals what it did when its time is over."""

    def __init__(self, fault: Fault, seed: int) -> None:
        """Choose the moment."""
        self._random = random.Random(seed)
        self._fault = fault
        self.phase: Phase = self._random.choice(fault.phases)
        self.step = self._random.randint(1, STEPS - 1)
        self._delay = self._random.uniform(0, LONGEST_DELAY_SECONDS.get(self.phase, 0.0))
        self._since: float | None = None
        self._heal: Heal | None = None
        self._struck_at = 0.0
        self.was_struck = False
        self.world: World | None = None
        self.life: HttpLife | CommandLife | None = None

    @property
    def moment(self) -> str:
        """For people."""
        return f"training, step {self.step}" if self.phase == "training" else f"{self.phase}, {self._delay:.1f} s"

    def tick(self) -> None:
        """Strike or heal, where it is time."""
        assert self.world is not None
        if not self.was_struck and self._is_time(self.world):
            self._heal = self._fault.strike(self.world, self._random)
            self._struck_at = time.monotonic()
            self.was_struck = self._heal is not None
        if self._heal is not None and time.monotonic() - self._struck_at >= self._fault.hold_seconds:
            self.heal()

    def heal(self) -> None:
        """End the fault."""
        if self._heal is not None:
            heal, self._heal = self._heal, None
            heal()

    def _is_time(self, world: World) -> bool:
        if self.phase == "training":
            return world.step() >= self.step
        if self._since is None and self._has_come(world):
            self._since = time.monotonic()
        return self._since is not None and time.monotonic() - self._since >= self._delay

    def _has_come(self, world: World) -> bool:
        if self.phase == "evaluating":
            return (world.home / "projects/1/experiments/exp-001" / RESULT_FILE).exists()
        return self.life is not None and self.life.phase == self.phase


@dataclass(frozen=True)
class Stage:
    """What trials share."""

    base: Path
    door: Door
    expected: Undisturbed | None = None


def trial(fault: Fault, seed: int, folder: Path, stage: Stage, *, postgres: Cluster | None = None) -> Outcome:
    """Lead a life with this fault, in a folder of its own, and compare it with an undisturbed one.

    Its ledger is a database of the cluster, or SQLite where none is given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with small_disk(folder / "disk", size_kib=DISK_KIB) if fault.needs_root else nullcontext(folder) as place:
        return _lead(fault, seed, place, stage, postgres)


@contextmanager
def prepared_stage(folder: Path, *, own_processes: bool = False) -> Iterator[Stage]:
    """Open a front door, and lead a life in which nothing goes wrong."""
    base = write_base_model(folder / "base", max_position_embeddings=512)
    with opened_door(folder, own_processes=own_processes) as door:
        calm = Fault("nothing", TRAINING, lambda _world, _random: None)
        (folder / "undisturbed").mkdir()
        outcome = _lead(calm, 0, folder / "undisturbed", Stage(base, door))
        assert outcome.is_finished, outcome
        assert not outcome.problems, outcome
        yield Stage(base, door, made_by(_open(folder / "undisturbed" / "home", None)))


def made_by(house: House) -> Undisturbed:
    """Read what a life has made."""
    with house.ports.storage.read() as transaction:
        record = transaction.artifacts.latest(ProjectId(1), Adapter.kind)
    assert record is not None
    adapter = Adapter.model_validate(record.body)
    return Undisturbed(
        learned=adapter.base_eval_loss - adapter.eval_loss,
        weights={Path(file.path).name: file.sha256 for file in adapter.files if file.path.endswith(".safetensors")},
    )


def _open(home: Path, database: str | None) -> House:
    return open_house(Settings(home=home, database_url=database), actor="cli")


def _lead(fault: Fault, seed: int, folder: Path, stage: Stage, postgres: Cluster | None = None) -> Outcome:
    began_at = time.monotonic()
    striking = Striking(fault, seed)
    world = striking.world = World(folder / "home", stage.door, striking.tick, postgres=postgres)
    (world.home / "config").mkdir(parents=True)
    (world.home / "config" / "thresholds.yaml").write_text(f"stall:\n  idle_seconds: {IDLE_SECONDS}\n")
    if fault.switches:
        world.switch(**fault.switches, step=striking.step)
    make: type[HttpLife | CommandLife] = CommandLife if fault.is_by_command else HttpLife
    life = striking.life = make(world, stage.base, write_chat(folder / "sums.jsonl", NUM_ROWS))
    outcome = Outcome(fault=fault.name, seed=seed, moment=striking.moment)
    outcome.ledger = "SQLite" if postgres is None else "PostgreSQL"
    try:
        outcome.is_finished = life.lead() is not None
    except (TimeoutError, ValueError) as error:
        outcome.problems.append(str(error))
    finally:
        striking.heal()
        world.stop()
    house = _open(world.home, world.database)
    recovered = house.jobs.events(project_id=ProjectId(1), limit=10_000)
    has_struck_itself = any(event.reason is Reason.TRAINING_RECOVERY_STARTED for event in recovered)
    outcome.was_struck = has_struck_itself if fault.switches else striking.was_struck
    outcome.num_asked_again = life.num_asked_again
    outcome.ended = [f"{job['kind']} {job['status']} {job['error'] or ''}".strip() for job in life.ended]
    outcome.problems += [*world.problems, *problems_of(house, life, world)]
    if outcome.is_finished and stage.expected is not None:
        _compare(outcome, made_by(house), fault, stage.expected)
    outcome.seconds = time.monotonic() - began_at
    return outcome


def _compare(outcome: Outcome, made: Undisturbed, fault: Fault, expected: Undisturbed) -> None:
    outcome.is_exact = made.weights == expected.weights
    outcome.learned = made.learned / expected.learned
    if fault.is_exact and not outcome.is_exact:
        outcome.problems.append("the weights are not those of an undisturbed life")
    if outcome.learned < fault.least_learned:
        outcome.problems.append(f"it learned {outcome.learned:.1%} of what an undisturbed life learns")
    if outcome.num_asked_again and not fault.needs_person:
        outcome.problems.append(f"somebody had to ask again: {outcome.ended}")


def problems_of(house: House, life: HttpLife | CommandLife, world: World) -> Iterator[str]:
    """Look for what must not be, whatever happened."""
    for problem in house.audit.verify_events().problems:
        yield f"the chain of events: {problem}"
    for problem in house.audit.verify_artifacts().problems:
        yield f"an artifact: {problem}"
    jobs = house.jobs.list(limit=1000)
    known = {job.id: job for job in jobs}
    for job in life.ended:
        if job["id"] not in known:
            yield f"job {job['id']} was accepted, and is lost"
    for job in jobs:
        if not job.status.is_final:
            yield f"job {job.id} ({job.kind}) is {job.status}, {job.phase}"
        if job.status is JobStatus.COMPLETED and job.artifact_id is None and job.kind != "autopilot":
            yield f"job {job.id} ({job.kind}) completed and made nothing"
        yield from _problems_of_job(house, job)
    if world.workers():
        yield f"workers are left: {world.workers()}"


def _problems_of_job(house: House, job: Job) -> Iterator[str]:
    events = house.jobs.events(project_id=job.project_id, run_id=job.run_id, limit=10_000)
    counts = Counter(event.reason for event in events)
    for reason in ONCE:
        if counts[reason] > 1:
            yield f"{reason} was said {counts[reason]} times of job {job.id}"
    started = [event.payload["attempt"] for event in events if event.reason is Reason.TRAINING_STARTED]
    if started != sorted(set(started)):
        yield f"attempts of job {job.id} started {started}"
    if job.kind != "train":
        return
    rows = house.jobs.metrics(job.id, limit=10_000)
    if [row.seq for row in rows] != list(range(1, len(rows) + 1)):
        yield f"the records of job {job.id} have gaps or doubles: {[row.seq for row in rows]}"
    if job.status is JobStatus.COMPLETED:
        passed_over = {int(row.body["message"].split()[1]) for row in rows if "was passed over" in _message(row)}
        steps = {row.step for row in rows if row.kind == "log"} | passed_over
        if steps != set(range(1, STEPS + 1)):
            yield f"the curve of job {job.id} lacks the steps {sorted(set(range(1, STEPS + 1)) - steps)}"


def _message(row: MetricRow) -> str:
    return str(row.body["message"]) if row.kind == "notice" else ""

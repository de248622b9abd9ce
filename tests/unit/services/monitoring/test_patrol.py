"""Rounds over running trainings: silent while all is well, told once when it is not, and nobody is left alone."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from brewslm.adapters.files.health_log import YamlHealthLog
from brewslm.core.health.journal import Cadence
from brewslm.core.ids import ArtifactId, JobId
from brewslm.core.job import Job, JobStatus
from brewslm.core.patrol.rounds import Round
from brewslm.core.wire.rundir import BEAT_FILE, MANIFEST_FILE, ORDER_FILE, PULSE_FILE
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.journal import JournalReader
from brewslm.services.monitoring.live import LiveMonitor
from brewslm.services.monitoring.patrol import BEAT_SECONDS, DUE_SECONDS, NAME, Patrol
from brewslm.services.monitoring.watchers import Watchers
from tests.unit.scene import Scene, journal, logged, started
from tests.unit.services.jobs.test_supervision import TRAIN, stays
from tests.unit.services.monitoring.test_live import LIMITS


class Site:
    """One running training with its run directory, and a patrol that comes by."""

    def __init__(self, scene: Scene, *, gone: Callable[[str], bool] = lambda _owner: False) -> None:
        self.scene, self.gone = scene, gone
        self.claim: Claim = scene.claim("train")
        with scene.storage.write() as transaction:
            transaction.experiments.add(
                project_id=scene.project.id,
                job_id=self.claim.job.id,
                plan_id=ArtifactId("p"),
                created_at=scene.clock.now(),
            )
        self.folder = scene.folder / "experiments" / "exp-001"
        (self.folder / "checkpoints").mkdir(parents=True)
        (self.folder / ORDER_FILE).write_text(TRAIN.model_dump_json())
        scene.engine.seconds = 1.0
        self.log = scene.folder / "agent_health.yaml"
        self.taken_up: list[JobId] = []
        self.num = 0

    def live(self) -> None:
        """Bring its worker to life."""
        self.scene.engine.submit(self.folder, attempt=1)

    def train(self, *steps: int, **fields: Any) -> None:
        """Write records, and take them in as the process beside the worker does."""
        head = [] if (self.folder / "log.jsonl").exists() else [started(total_steps=500)]
        journal(self.folder, *head, *[logged(step, total_steps=500, **fields) for step in steps])
        monitor = LiveMonitor(self.claim.job.id, LIMITS, Cadence())
        JournalReader(self.claim, self.folder, experiment_id=None, monitor=monitor).drain()

    def beat(self) -> None:
        self.num += 1
        (self.folder / BEAT_FILE).write_text(f"{self.num}")
        (self.folder / PULSE_FILE).write_text(f"training {self.num}")

    def patrol(self, owner: str = "one", cron: str = "*/30 * * * *") -> Patrol:
        watchers = Watchers(self.scene.ports, owner=owner, is_owner_gone=self.gone)
        return Patrol(self.scene.ports, watchers, YamlHealthLog(self.log), is_owner_gone=self.gone, cron=cron)

    def take_up(self, job: Job) -> None:
        self.taken_up.append(job.id)

    def walk(self) -> Round:
        return self.patrol().walk(take_up=self.take_up)

    def told(self) -> list[tuple[str, str]]:
        return [
            (str(event.reason), event.severity)
            for event in self.scene.events(self.claim.job.run_id)
            if event.actor == "patrol"
        ]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path, stays)


@pytest.fixture
def site(scene: Scene) -> Site:
    return Site(scene)


def level_of(walked: Round, check: str) -> str:
    return next(one.level for one in walked.trainings[0].checks if one.check == check)


def test_a_healthy_training_is_written_down_and_nothing_is_told(site: Site) -> None:
    site.live()
    site.train(*range(1, 30))
    for _ in range(3):
        site.beat()
        assert site.walk().verdict == "ok"
        site.scene.clock.advance(1800)
        site.scene.engine.seconds = (site.scene.engine.seconds or 0) + 1700
    assert site.told() == []
    documents = list(yaml.safe_load_all(site.log.read_text()))
    assert [document["verdict"] for document in documents] == ["ok"] * 3
    assert documents[0]["trainings"][0]["step"] == 29
    assert not site.taken_up


def test_nothing_to_look_at_is_fine_and_leaves_no_file(site: Site) -> None:
    with site.scene.storage.write() as transaction:
        site.claim.change(transaction, status=JobStatus.COMPLETED)
    assert site.walk().model_dump(exclude={"at"}) == {"verdict": "ok", "trainings": ()}
    assert not site.log.exists()


def test_a_training_that_nobody_stands_beside_is_told_once_and_taken_up_again(scene: Scene) -> None:
    # A6: killed before its worker gave a first sign of life, and its own process with it.
    site = Site(scene, gone=lambda owner: owner == "one")
    for _ in range(5):
        walked = site.walk()
        assert (walked.verdict, level_of(walked, "process_alive")) == ("critical", "critical")
        scene.clock.advance(5)
    assert site.taken_up == [site.claim.job.id]
    assert site.told() == [("monitoring_alert", "critical"), ("monitoring_patrol", "critical")]
    scene.clock.advance(60)
    site.walk()
    assert len(site.taken_up) == 2  # what was started has not come up
    site.gone = lambda _owner: False
    site.live()
    site.beat()
    assert site.walk().verdict == "ok"
    assert site.told()[-2:] == [("monitoring_alert_resolved", "info"), ("monitoring_patrol", "info")]


def test_what_may_not_recover_by_itself_is_told_and_left(scene: Scene) -> None:
    site = Site(scene, gone=lambda _owner: True)
    recipe = TRAIN.recipe.model_copy(update={"recovery": "off"})
    (site.folder / ORDER_FILE).write_text(TRAIN.model_copy(update={"recipe": recipe}).model_dump_json())
    assert site.walk().verdict == "critical"
    assert not site.taken_up


def test_a_worker_that_does_not_get_on_is_seen_over_rounds_of_different_processes(site: Site) -> None:
    site.live()
    site.train(*range(1, 30))
    site.beat()
    assert level_of(site.walk(), "progress") == "ok"
    site.scene.clock.advance(25)
    (site.folder / BEAT_FILE).write_text("the shim lives")
    walked = site.walk()
    assert level_of(walked, "progress") == "critical"
    assert site.told() == [("monitoring_alert", "critical"), ("monitoring_patrol", "critical")]
    site.scene.clock.advance(5)
    site.beat()
    assert site.walk().verdict == "ok"


@pytest.mark.parametrize("jump", [-3 * 3600.0, 10 * 3600.0, 3 * 365 * 86400.0])
def test_a_wall_clock_that_jumps_makes_nothing_look_dead(site: Site, jump: float) -> None:
    site.live()
    site.train(*range(1, 30))
    for _ in range(4):
        site.beat()
        assert site.walk().verdict == "ok"
        site.scene.clock.advance(10)
        site.scene.clock.jump(jump)
    assert site.told() == []


def test_after_a_start_of_the_machine_the_first_look_says_nothing_of_pauses(site: Site) -> None:
    site.live()
    site.train(*range(1, 30))
    site.beat()
    site.walk()
    site.scene.clock.boot = "boot-2"
    site.scene.clock.advance(4000)
    assert level_of(site.walk(), "progress") == "ok"


def test_a_checkpoint_of_the_wrong_size_is_a_warning(site: Site) -> None:
    site.live()
    site.train(*range(1, 30))
    site.beat()
    folder = site.folder / "checkpoints" / "step-000020.e1"
    folder.mkdir()
    (folder / "state.json").write_text("1234567890")
    (folder / MANIFEST_FILE).write_text(json.dumps({"files": {"state.json": {"size_bytes": 10}}}))
    assert level_of(site.walk(), "checkpoint_freshness") != "warning"
    (folder / "state.json").write_text("12345")
    walked = site.walk()
    seen = next(one.seen for one in walked.trainings[0].checks if one.check == "checkpoint_freshness")
    assert seen == "step-000020.e1: state.json has 5 bytes, its manifest says 10"
    (folder / "state.json").unlink()
    assert level_of(site.walk(), "checkpoint_freshness") == "warning"
    assert [reason for reason, _ in site.told()] == ["monitoring_alert", "monitoring_patrol"]


def test_a_disk_that_fills_up_is_told_once_and_again_when_it_becomes_critical(site: Site) -> None:
    site.live()
    site.train(*range(1, 30))
    for free in (1 << 40, 1 << 30, 1 << 30, 1 << 20, 1 << 40):
        site.beat()
        site.scene.machine.free_bytes = free
        site.walk()
    alerts = [told for told in site.told() if told[0] != "monitoring_patrol"]
    assert alerts == [
        ("monitoring_alert", "warning"),
        ("monitoring_alert", "critical"),
        ("monitoring_alert_resolved", "info"),
    ]


def test_what_the_journal_told_already_is_not_told_again_by_the_patrol(site: Site) -> None:
    site.live()
    site.train(*range(1, 30))
    site.train(30, 31, grad_norm=5000.0)
    site.beat()
    assert site.walk().verdict == "critical"
    assert site.told() == [("monitoring_patrol", "critical")]


class Stop(threading.Event):
    """Lets a patrol that stays walk some rounds; between two of them time passes."""

    def __init__(self, scene: Scene, rounds: int, every: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.scene, self.left, self.every = scene, rounds, every

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        self.every()
        self.scene.clock.advance(timeout or 0)
        return self.left <= 0 or super().is_set()

    def is_set(self) -> bool:
        return self.left <= 0


def test_a_patrol_that_stays_writes_down_by_the_cron_expression_only(site: Site) -> None:
    site.live()
    site.train(*range(1, 30))
    site.patrol().serve(Stop(site.scene, 12 * 90, site.beat))  # an hour and a half
    assert len(list(yaml.safe_load_all(site.log.read_text()))) == 3
    with site.scene.storage.read() as transaction:
        assert transaction.watchers.list() == ()  # it said goodbye


def test_two_patrols_never_walk_at_the_same_time(site: Site) -> None:
    first, second = (Watchers(site.scene.ports, owner=name, is_owner_gone=site.gone) for name in ("one", "two"))
    assert first.beat(NAME, due_within_seconds=DUE_SECONDS)
    for _ in range(20):
        site.scene.clock.advance(BEAT_SECONDS)
        assert not second.beat(NAME, due_within_seconds=DUE_SECONDS)
        assert first.beat(NAME, due_within_seconds=DUE_SECONDS)
    site.scene.clock.advance(DUE_SECONDS + 1)
    assert second.beat(NAME, due_within_seconds=DUE_SECONDS)
    assert not first.beat(NAME, due_within_seconds=DUE_SECONDS)


def test_a_patrol_that_fell_silent_is_reported_once_by_who_looks_first(site: Site, tmp_path: Path) -> None:
    lost, others = (Watchers(site.scene.ports, owner=name, is_owner_gone=site.gone) for name in ("one", "two"))
    lost.beat(NAME, due_within_seconds=DUE_SECONDS)
    site.scene.clock.jump(10 * 3600)
    site.scene.clock.advance(DUE_SECONDS)
    assert not others.all()[0].is_lost
    site.scene.clock.advance(1)
    assert [watcher.is_lost for watcher in (*others.all(), *others.all(), *others.all())] == [True] * 3
    events = [event for event in site.scene.jobs.events() if event.reason == "monitoring_watcher_lost"]
    assert [event.payload["silent_seconds"] for event in events] == [DUE_SECONDS + 1]


def test_a_patrol_whose_process_has_gone_need_not_be_waited_for(site: Site) -> None:
    Watchers(site.scene.ports, owner="one", is_owner_gone=site.gone).beat(NAME, due_within_seconds=DUE_SECONDS)
    others = Watchers(site.scene.ports, owner="two", is_owner_gone=lambda owner: owner == "one")
    assert others.all()[0].is_lost


def test_rounds_of_a_timer_are_missed_when_the_next_one_is_not_there_in_time(site: Site) -> None:
    timer = Watchers(site.scene.ports, owner="one", is_owner_gone=lambda _owner: True)
    for _ in range(3):
        assert timer.beat("patrol-timer", due_within_seconds=2700, is_process=False)
        site.scene.clock.advance(1800)
        assert not timer.all()[0].is_lost
    site.scene.clock.advance(1000)
    assert timer.all()[0].is_lost
    assert timer.beat("patrol-timer", due_within_seconds=2700, is_process=False)
    assert not timer.all()[0].is_lost


def test_a_patrol_that_stood_still_with_the_whole_machine_calls_nothing_a_stall(site: Site) -> None:
    site.live()
    site.train(*range(1, 30))
    site.beat()
    patrol = site.patrol()
    patrol.walk(looks_every=5.0)
    site.scene.clock.advance(300)
    assert level_of(patrol.walk(looks_every=5.0), "progress") == "ok"
    for _ in range(7):
        site.scene.clock.advance(5)
        (site.folder / BEAT_FILE).write_text(f"{site.scene.clock.monotonic()}")
        walked = patrol.walk(looks_every=5.0)
    assert level_of(walked, "progress") == "critical"

"""What a training says of its machine, and what it does when it is told to while it runs."""

import dataclasses
import os
import resource
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.wire.progress import Vitals
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, CONTROL_FOLDER, LEARNING_RATE_FILE, STOP_FILE
from brewslm.worker.journal import Journal
from brewslm.worker.train.checkpoints.keeping import whole_checkpoints
from brewslm.worker.train.loop import train
from brewslm.worker.vitals import signs as vitals_module
from brewslm.worker.vitals.memory import group_memory
from brewslm.worker.vitals.signs import VitalSigns
from tests.worker.test_adjusting import adjust
from tests.worker.tiny import Scene, records


class Meddling(Journal):
    """Writes a file into the control folder once a step is in the journal."""

    def __init__(self, folder: Path, name: str, text: str, *, after_step: int) -> None:
        super().__init__(folder / "log.jsonl", attempt=1)
        self.path, self.text, self.after_step = folder / CONTROL_FOLDER / name, text, after_step

    def append(self, record: Any) -> None:
        super().append(record)
        if record.kind == "log" and record.step == self.after_step:
            self.path.parent.mkdir()
            self.path.write_text(self.text)


def test_a_record_says_how_the_machine_is_and_none_says_it_twice_a_second(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals_module, "EVERY_SECONDS", 0.0)
    run = scene.run("a")
    train(scene.order(monitor={"log_every": 1}), run)
    found = [Vitals.model_validate(record["vitals"]) for record in records(run.folder, "log")]
    for one in found:
        assert one.utilisation is not None
        assert one.num_cores_used is not None
        assert one.data_wait is not None
        assert 0 < one.utilisation <= 1
        assert 0 < one.num_cores_used <= (os.cpu_count() or 1) + 0.5
        assert 0 <= one.data_wait < 0.5
        assert one.memory_bytes is not None
        assert one.memory_limit_bytes is not None
        assert 0 < one.memory_bytes < one.memory_limit_bytes
        assert one.disk_free_bytes
        assert (one.temperature, one.num_device_errors) == (None, None)  # there is no GPU
    monkeypatch.setattr(vitals_module, "EVERY_SECONDS", 1000.0)
    seldom = scene.run("b")
    train(scene.order(monitor={"log_every": 1}), seldom)
    assert [record["vitals"] for record in records(seldom.folder, "log")] == [None] * 12


def test_waiting_for_data_is_told_as_a_share_and_sleep_is_no_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = iter([(10.0, 1.0, 1.0), (12.0, 1.5, 4.0), (13.0, 1.5, 4.0)])
    monkeypatch.setattr(VitalSigns, "_clocks", staticmethod(lambda: next(clocks)))
    signs = VitalSigns(tmp_path)
    signs.waited(0.5)
    first = signs.sample()
    second = signs.sample()
    assert first is not None
    assert (first.utilisation, first.num_cores_used, first.data_wait) == (0.25, 1.5, 0.25)
    assert second is not None
    assert (second.utilisation, second.num_cores_used, second.data_wait) == (0.0, 0.0, 0.0)


def test_what_is_scarcest_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = (95, 100)
    monkeypatch.setattr(vitals_module, "group_memory", lambda: [group])
    assert vitals_module._scarcest() == group
    limits = (1000, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: limits)
    used, most = vitals_module._scarcest()
    assert most == 1000
    assert used > 1000


@pytest.mark.parametrize("version", [1, 2])
def test_groups_with_a_limit_are_read_and_their_cache_is_left_out(tmp_path: Path, version: int) -> None:
    mount = tmp_path / ("sys/fs/cgroup/memory" if version == 1 else "sys/fs/cgroup")
    inner = mount / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    line = "9:memory:/a/b\n4:cpu:/x\n" if version == 1 else "0::/a/b\n"
    (tmp_path / "proc/self/cgroup").write_text(line)
    limit, used, cache = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        2: ("memory.max", "memory.current", "inactive_file"),
    }[version]
    (inner / limit).write_text("9223372036854771712" if version == 1 else "max")
    (inner.parent / limit).write_text("1000\n")
    (inner.parent / used).write_text("700\n")
    (inner.parent / "memory.stat").write_text(f"{cache} 200\n")
    assert group_memory(tmp_path) == [(500, 1000)]


def test_asked_to_stop_it_ends_as_a_whole_training_with_the_best_checkpoint(scene: Scene) -> None:
    run = scene.run("a")
    journal = Meddling(run.folder, STOP_FILE, "the loss no longer fell", after_step=6)
    result = train(scene.order(), dataclasses.replace(run, journal=journal))
    assert result is not None
    assert (result.status, result.end, result.last_step) == ("completed", "early_stopping", 6)
    assert records(run.folder, "eval")[-1]["step"] == 6
    (ended,) = records(run.folder, "ended")
    assert ended["why"] == "Stopped after step 6, as was asked for: the loss no longer fell."


def test_told_of_a_lower_rate_it_learns_at_it_from_the_next_step_on(scene: Scene) -> None:
    order = scene.order(monitor={"log_every": 1})
    whole, run = scene.run("whole"), scene.run("a")
    train(order, whole)
    journal = Meddling(run.folder, LEARNING_RATE_FILE, "0.25", after_step=6)
    train(order, dataclasses.replace(run, journal=journal))
    undisturbed, told = (
        [record["learning_rate"] for record in records(folder, "log")] for folder in (whole.folder, run.folder)
    )
    assert told[:6] == undisturbed[:6]
    assert told[6:] == [pytest.approx(rate / 4) for rate in undisturbed[6:]]


def test_a_rate_that_was_told_before_a_recovery_never_raises_what_that_says(scene: Scene) -> None:
    run = scene.run("a")
    adjust(run.folder, learning_rate_factor=0.125)
    (run.folder / CONTROL_FOLDER).mkdir()
    (run.folder / CONTROL_FOLDER / LEARNING_RATE_FILE).write_text("0.5")
    train(scene.order(monitor={"log_every": 1}), run)
    whole = scene.run("whole")
    train(scene.order(monitor={"log_every": 1}), whole)
    lowered, plain = (records(folder, "log")[5]["learning_rate"] for folder in (run.folder, whole.folder))
    assert lowered == pytest.approx(plain / 8)


def test_it_goes_back_behind_everything_after_the_step_at_which_things_went_wrong(scene: Scene) -> None:
    order = scene.order(monitor={"checkpoint_every": 2, "keep_checkpoints": 9}, data={"total_steps": 8})
    first = scene.run("a")
    train(order, first)
    adjust(first.folder, step_back_in=2, step_back_after=5)
    run = scene.run("a", attempt=2)
    train(order, run)
    started = records(run.folder, "started")[-1]
    assert started["resumed_from_step"] == 4
    notices = [record["message"] for record in records(run.folder, "notice")]
    begun = "Things went wrong after step 5; checkpoints of later steps are kept as aside.step-00000"
    assert any(notice.startswith(begun) for notice in notices)
    assert {one.step for one in whole_checkpoints(run.folder / CHECKPOINTS_FOLDER)} >= {2, 4, 6, 8}

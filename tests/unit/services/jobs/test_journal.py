"""The journal: every whole line exactly once, whatever dies in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.errors import ClaimLostError
from brewslm.core.ids import ExperimentId
from brewslm.core.ports.storage import Transaction
from brewslm.services.jobs import journal as journal_module
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.journal import JournalReader
from tests.unit.scene import Scene, journal, logged, saved, started


@pytest.fixture
def claim(scene: Scene) -> Claim:
    return scene.claim("train")


def reader_of(claim: Claim, folder: Path, *, is_training: bool = True) -> JournalReader:
    return JournalReader(claim, folder, experiment_id=ExperimentId(1) if is_training else None)


def seqs(scene: Scene, claim: Claim) -> list[int]:
    return [row.seq for row in scene.jobs.metrics(claim.job.id)]


def test_a_line_that_is_drained_twice_is_stored_once(scene: Scene, claim: Claim, tmp_path: Path) -> None:
    reader = reader_of(claim, tmp_path)
    journal(tmp_path, started(), logged(1))
    reader.drain()
    reader.drain()
    journal(tmp_path, logged(2))
    reader.drain()
    reader_of(claim, tmp_path).drain()
    assert seqs(scene, claim) == [1, 2, 3]
    assert scene.reasons(claim.job.run_id) == ["training_started"]


def test_no_journal_yet_is_nothing_to_read(scene: Scene, claim: Claim, tmp_path: Path) -> None:
    reader_of(claim, tmp_path / "nowhere").drain()
    assert seqs(scene, claim) == []


def test_a_torn_line_waits_for_its_newline(scene: Scene, claim: Claim, tmp_path: Path) -> None:
    reader = reader_of(claim, tmp_path)
    journal(tmp_path, logged(1))
    whole = (tmp_path / "log.jsonl").read_bytes()
    second = whole.replace(b'"seq": 1', b'"seq": 2')
    for size in range(1, len(second)):
        (tmp_path / "log.jsonl").write_bytes(whole + second[:size])
        reader.drain()
        assert seqs(scene, claim) == [1]
    (tmp_path / "log.jsonl").write_bytes(whole + second)
    reader.drain()
    assert seqs(scene, claim) == [1, 2]


def test_a_tail_that_the_next_attempt_cut_off_was_never_read(scene: Scene, claim: Claim, tmp_path: Path) -> None:
    reader = reader_of(claim, tmp_path)
    journal(tmp_path, started(), logged(1), torn='{"seq": 3, "ti')
    reader.drain()
    path = tmp_path / "log.jsonl"
    path.write_bytes(path.read_bytes().removesuffix(b'{"seq": 3, "ti'))
    journal(tmp_path, started(2, resumed_from_step=1))
    reader.drain()
    assert seqs(scene, claim) == [1, 2, 3]
    assert scene.reasons(claim.job.run_id) == ["training_started", "training_started", "training_recovered"]


def test_a_journal_of_many_pages_is_read_to_its_end(
    scene: Scene, claim: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_PAGE_BYTES", 700)
    journal(tmp_path, *[logged(step) for step in range(1, 10)])
    reader_of(claim, tmp_path).drain()
    assert seqs(scene, claim) == list(range(1, 10))


def test_rows_events_and_offset_come_in_one_commit(scene: Scene, claim: Claim, tmp_path: Path) -> None:
    """A process that dies at its commit has read nothing; the next one reads it all, once."""
    write = scene.storage.write

    @contextmanager
    def dies_at_commit() -> Iterator[Transaction]:
        with write() as transaction:
            yield transaction
            raise KeyboardInterrupt

    journal(tmp_path, started(), logged(1), saved(1))
    scene.storage.write = dies_at_commit  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        reader_of(claim, tmp_path).drain()
    scene.storage.write = write  # type: ignore[method-assign]
    assert (seqs(scene, claim), scene.events()) == ([], ())
    reader_of(claim, tmp_path).drain()
    assert seqs(scene, claim) == [1, 2, 3]
    assert scene.reasons() == ["training_started"]


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        '{"seq": 2}',
        "",
        "[]",
        '{"seq": 2, "time": 1.0, "attempt": 1, "kind": "progress", "fraction": NaN, "message": ""}',
        '{"seq": 2, "time": 1.0, "attempt": 1, "kind": "unheard of"}',
    ],
)
def test_a_line_that_cannot_be_read_is_stepped_over(scene: Scene, claim: Claim, tmp_path: Path, line: str) -> None:
    journal(tmp_path, started(), torn=f"{line}\n")
    journal(tmp_path, logged(1))
    reader_of(claim, tmp_path).drain()
    assert seqs(scene, claim) == [1, 3]


def test_starts_are_events_of_trainings_only(scene: Scene, claim: Claim, tmp_path: Path) -> None:
    journal(tmp_path, started(), {"kind": "progress", "fraction": 0.5, "message": "half-way"})
    reader_of(claim, tmp_path, is_training=False).drain()
    assert scene.events() == ()
    assert (scene.job(claim.job.id).fraction, scene.job(claim.job.id).message) == (0.5, "half-way")


@pytest.mark.parametrize(("end", "reason"), [("timeout", "training_timeout"), ("budget", "training_budget_exceeded")])
def test_a_used_up_budget_is_one_event_however_often_it_is_said(
    scene: Scene, claim: Claim, tmp_path: Path, end: str, reason: str
) -> None:
    ended = {"kind": "ended", "step": 4, "total_steps": 9, "end": end, "why": "Stopped after step 4: it is used up."}
    journal(tmp_path, started(), logged(4), ended)
    reader_of(claim, tmp_path).drain()
    journal(tmp_path, started(2, resumed_from_step=4), ended | {"attempt": 2})  # the first died before its result
    reader_of(claim, tmp_path).drain()
    assert scene.reasons(claim.job.run_id).count(reason) == 1
    (event,) = [one for one in scene.events(claim.job.run_id) if one.reason == reason]
    assert event.summary == "Experiment 1: stopped after step 4: it is used up"
    assert (event.payload["step"], event.payload["total_steps"]) == (4, 9)


def test_early_stopping_is_no_event_of_its_own(scene: Scene, claim: Claim, tmp_path: Path) -> None:
    journal(tmp_path, started(), {"kind": "ended", "step": 4, "total_steps": 9, "end": "early_stopping", "why": "x"})
    reader_of(claim, tmp_path).drain()
    assert scene.reasons(claim.job.run_id) == ["training_started"]


def test_a_loss_that_is_no_number_is_said_in_words(scene: Scene, claim: Claim, tmp_path: Path) -> None:
    journal(tmp_path, logged(3, loss=None, non_finite={"loss": "nan"}))
    reader_of(claim, tmp_path).drain()
    assert scene.job(claim.job.id).message == "step 3 of 9, loss not a number"


def test_a_reader_that_lost_its_job_stores_nothing(scene: Scene, claim: Claim, tmp_path: Path) -> None:
    journal(tmp_path, started())
    scene.take_over(claim)
    with pytest.raises(ClaimLostError):
        reader_of(claim, tmp_path).drain()
    assert (seqs(scene, claim), scene.events()) == ([], ())


def test_an_idle_reader_does_not_lock_the_ledger(scene: Scene, claim: Claim, tmp_path: Path) -> None:
    reader = reader_of(claim, tmp_path)
    journal(tmp_path, started())
    reader.drain()

    def refuse() -> Any:
        raise AssertionError("it locked the ledger")

    scene.storage.write = refuse  # type: ignore[method-assign]
    reader.drain()


@pytest.mark.parametrize(
    ("records", "attempt", "count"),
    [
        ([], 1, 1),
        ([], 3, 3),
        ([saved(2, attempt=1)], 3, 3),
        ([saved(2, attempt=1), saved(4, attempt=2)], 3, 2),
        ([saved(4, attempt=1), saved(2, attempt=2), saved(4, attempt=3)], 3, 3),
        ([saved(4, attempt=1), saved(6, attempt=3)], 3, 1),
    ],
)
def test_attempts_are_counted_since_the_newest_checkpoint(
    claim: Claim, tmp_path: Path, records: list[dict[str, Any]], attempt: int, count: int
) -> None:
    journal(tmp_path, *records)
    reader = reader_of(claim, tmp_path)
    reader.drain()
    assert reader.attempts_without_progress(attempt) == count

"""What controls a job is kept as it was given, by every ledger."""

import pytest

from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.job import JobStatus
from brewslm.core.ports.storage import Storage
from brewslm.core.wire.recovery import Adjustments, Measure, Question
from tests.fakes.ledger import NOW, fill

ONE = ProjectId(1)
QUESTION = Question(
    what="Memory ran out",
    proposal="it goes on with less",
    measure=Measure(attempt=2, cause="out_of_memory", step=7, action="smaller_micro_batch"),
    adjustments=Adjustments(micro_batch_tokens=512),
    before={"data.micro_batch_tokens": 1024, "activation_checkpointing": False},
    after={"data.micro_batch_tokens": 512, "activation_checkpointing": True},
)


@pytest.fixture(autouse=True)
def _filled(storage: Storage) -> None:
    fill(storage)


def test_what_controls_a_job_is_read_as_it_was_written(storage: Storage) -> None:
    wanted = {
        "is_pause_requested": True,
        "waiting_reason": "waiting for job 3 on the device",
        "question": QUESTION,
        "device": "gpu:1",
        "priority": -4,
    }
    with storage.write() as transaction:
        job = transaction.jobs.add(project_id=ONE, kind="train", payload={}, created_at=NOW, priority=7)
        assert (job.priority, job.retry_of, job.question, job.is_held) == (7, None, None, False)
        transaction.jobs.change(job, **wanted)
    with storage.read() as transaction:
        stored = transaction.jobs.get(job.id)
    assert {name: getattr(stored, name) for name in wanted} == wanted
    assert stored.is_held
    assert stored.is_asking


def test_retries_are_found_by_what_they_do_again(storage: Storage) -> None:
    with storage.write() as transaction:
        first = transaction.jobs.add(project_id=ONE, kind="train", payload={}, created_at=NOW)
        transaction.jobs.change(first, status=JobStatus.CANCELLED)
        again = transaction.jobs.add(project_id=ONE, kind="train", payload={}, created_at=NOW, retry_of=first.id)
        assert transaction.jobs.list(retry_of=first.id) == (again,)
        assert transaction.jobs.list(retry_of=again.id) == ()


def test_an_experiment_is_handed_over_and_keeps_its_number(storage: Storage) -> None:
    plan = ArtifactId("readiness-1")
    with storage.write() as transaction:
        first, second = (
            transaction.jobs.add(project_id=ONE, kind="train", payload={}, created_at=NOW) for _ in range(2)
        )
        made = transaction.experiments.add(project_id=ONE, job_id=first.id, plan_id=plan, created_at=NOW)
        transaction.experiments.hand_over(from_job=first.id, to_job=second.id)
        transaction.experiments.hand_over(from_job=first.id, to_job=second.id)
        assert transaction.experiments.add(
            project_id=ONE, job_id=second.id, plan_id=plan, created_at=NOW
        ) == made.model_copy(update={"job_id": second.id})
        assert len(transaction.experiments.list(ONE)) == 1

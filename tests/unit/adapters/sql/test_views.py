"""Pages of jobs and thinned charts: nothing is skipped, and no spike is lost."""

import random
from datetime import timedelta
from typing import Any

import pytest

from brewslm.adapters.sql.storage import SqlStorage
from brewslm.adapters.sql.views import SqlViews
from brewslm.core.ids import JobId, ProjectId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.reading.views import ALL_SERIES, JobQuery, Span
from brewslm.core.ports.storage import MetricRow
from tests.fakes.ledger import NOW, fill


@pytest.fixture
def storage(ledger: SqlStorage) -> SqlStorage:
    return ledger


@pytest.fixture
def views(storage: SqlStorage) -> SqlViews:
    return SqlViews(storage)


def add_jobs(storage: SqlStorage, number: int) -> list[Job]:
    fill(storage, num_projects=2)
    with storage.write() as transaction:
        jobs = [
            transaction.jobs.add(
                project_id=ProjectId(1 + index % 2), kind=("train", "import")[index % 2], payload={}, created_at=NOW
            )
            for index in range(number)
        ]
        for index, job in enumerate(jobs):
            if index % 3:
                transaction.jobs.change(
                    job,
                    status=JobStatus.FAILED,
                    error="100% of it",
                    finished_at=NOW + timedelta(seconds=index * 7 % 5),  # several at one moment
                )
    return jobs


def all_pages(views: SqlViews, **asked: Any) -> list[JobId]:
    found: list[JobId] = []
    while page := views.find_jobs(JobQuery(**asked, before_id=found[-1] if found else None, limit=4)):
        found += [job.id for job in page]
    return found


def test_pages_of_every_order_hold_every_job_once(storage: SqlStorage, views: SqlViews) -> None:
    jobs = add_jobs(storage, 30)
    assert all_pages(views) == [job.id for job in reversed(jobs)]
    assert all_pages(views, order="oldest") == [job.id for job in jobs]
    ended = all_pages(views, order="finished")
    assert sorted(ended) == [job.id for index, job in enumerate(jobs) if index % 3]
    with storage.read() as transaction:
        moments = [transaction.jobs.get(job_id).finished_at for job_id in ended]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"kinds": ("train",)}, [1, 3, 5]),
        ({"project_id": 2}, [2, 4, 6]),
        ({"statuses": ("queued",)}, [1, 4]),
        ({"text": "TRAIN-3"}, [3]),
        ({"text": "0% of"}, [2, 3, 5, 6]),
        ({"text": "_"}, []),
        ({"text": "project 2"}, [2, 4, 6]),
        ({"text": "project 2", "statuses": ("failed",)}, [2, 6]),
    ],
)
def test_jobs_are_found_by_what_is_said_of_them(
    storage: SqlStorage, views: SqlViews, asked: dict[str, Any], expected: list[int]
) -> None:
    add_jobs(storage, 6)
    assert all_pages(views, order="oldest", **asked) == expected


def log_rows(job: Job, values: list[dict[str, Any]]) -> list[MetricRow]:
    return [MetricRow(job_id=job.id, seq=n, kind="log", step=n, body=body) for n, body in enumerate(values, start=1)]


@pytest.mark.parametrize("max_points", [12, 100, 1000])
def test_a_spike_of_one_step_stays_visible_in_every_series(
    storage: SqlStorage, views: SqlViews, max_points: int
) -> None:
    (job,) = add_jobs(storage, 1)
    chance = random.Random(7)
    values: list[dict[str, Any]] = [{name: chance.uniform(1, 2) for name in ALL_SERIES} for _ in range(3000)]
    spikes = {1234: ("loss", 50.0), 2345: ("delta", -9.0), 777: ("grad_norm", 1e9), 2900: ("learning_rate", 0.0)}
    for number, (name, value) in spikes.items():
        values[number - 1][name] = value
    values[1999] = {"loss": None, "non_finite": {"loss": "nan"}}
    with storage.write() as transaction:
        transaction.metrics.append(log_rows(job, values), job_id=job.id, offset=0)
    rows = views.thinned(job.id, kind="log", series=ALL_SERIES, max_points=max_points)
    shown = [row.seq for row in rows]
    assert len(shown) <= max_points
    assert shown == sorted(set(shown))
    assert {1, 2000, 3000, *spikes} <= set(shown)
    assert all(row.body == values[row.seq - 1] for row in rows)


def test_few_rows_are_shown_as_they_are(storage: SqlStorage, views: SqlViews) -> None:
    (job,) = add_jobs(storage, 1)
    with storage.write() as transaction:
        transaction.metrics.append(log_rows(job, [{"loss": 1.0}] * 12), job_id=job.id, offset=0)
    assert len(views.thinned(job.id, kind="log", series=ALL_SERIES, max_points=12)) == 12
    assert views.thinned(job.id, kind="eval", series=ALL_SERIES, max_points=12) == ()


def test_a_part_of_a_chart_has_the_spikes_of_that_part_and_no_other_rows(storage: SqlStorage, views: SqlViews) -> None:
    (job,) = add_jobs(storage, 1)
    values: list[dict[str, Any]] = [{"loss": 1.0 + (n % 7) / 10} for n in range(3000)]
    values[1499] = {"loss": 50.0}
    with storage.write() as transaction:
        transaction.metrics.append(log_rows(job, values), job_id=job.id, offset=0)
    rows = views.thinned(job.id, kind="log", series=("loss",), max_points=100, span=Span(1000, 2000))
    shown = [row.seq for row in rows]
    assert (shown[0], shown[-1]) == (1001, 2000)
    assert 1500 in shown
    every = views.thinned(job.id, kind="log", series=("loss",), max_points=100, span=Span(1450, 1530))
    assert [row.seq for row in every] == list(range(1451, 1531))

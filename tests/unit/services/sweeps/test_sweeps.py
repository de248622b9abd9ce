"""Sweeps: what is queued for a grid, how its trainings are compared, and what is refused before anything is queued."""

from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError

from brewslm.core.errors import ConflictError, InvalidRequestError, NotFoundError
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.reading.views import JobQuery
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.result import Result
from brewslm.services.jobs.views import JobViews
from brewslm.services.sweeps.book import Sweep, Sweeps
from brewslm.services.sweeps.requests import MAX_RUNS, SweepRequest
from tests.unit.scene import Scene, answering, order_in
from tests.unit.services.test_autopilot import House, answer, imported
from tests.unit.stages.train.test_stage import trained

GRID: dict[str, Any] = {"optim.learning_rate": (0.001, 0.003), "lora.lora_rank": (4, 8)}


class Plain:
    """The views that a sweep needs, by a plain walk."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def find(self, query: JobQuery) -> tuple[Job, ...]:
        jobs = self._scene.jobs.list(project_id=query.project_id, before_id=query.before_id, limit=10_000)
        return tuple(job for job in jobs if job.kind in query.kinds)[: query.limit]


def teach(order: Any, directory: Path) -> Result:
    """What a higher rate and rank give is lower."""
    if not isinstance(order, TrainOrder):
        return answer(order, directory)
    rate, rank = order.recipe.optim.learning_rate, order.recipe.lora.lora_rank if order.recipe.lora else 0
    return trained(directory, eval_loss=2.0 - 100 * rate - 0.01 * rank)


class Stand(House):
    """A project with prepared data, and its sweeps."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.engine._play = self.play
        self.rates: list[float] = []
        imported(self)
        self.prepare()
        self.sweeps = Sweeps(self.ports, self.projects, self.jobs, cast(JobViews, Plain(self)))

    def play(self, directory: Path, attempt: int) -> int | None:
        order = order_in(directory)
        if isinstance(order, TrainOrder):
            self.rates.append(order.recipe.optim.learning_rate)
            if order.recipe.optim.learning_rate == 0.5:
                return 1  # it fails
        return answering(teach)(directory, attempt)

    def prepare(self) -> None:
        from brewslm.services.preparing import preparation_for

        dataset = self.projects.current(self.project.id, "map_commit")
        assert dataset is not None
        project = self.projects.get(self.project.id)
        self.do("prepare", preparation_for(project, dataset, self.ports.base_models, {}))

    def start(self, **asked: Any) -> Sweep:
        return self.sweeps.start(self.project.id, SweepRequest.model_validate({"grid": GRID, **asked}))

    def finish(self, sweep: Sweep) -> Sweep:
        from tests.unit.services.test_autopilot import FLOWS

        for run in sweep.runs:
            self.runner(FLOWS, ports=self.ports).run(run.job_id)
        return self.sweeps.get(self.project.id, sweep.name)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def test_every_combination_is_trained_and_the_lowest_loss_comes_first(stand: Stand) -> None:
    queued = stand.start(overrides={"data.total_steps": 6})
    assert (queued.name, queued.num_open, queued.best) == ("sweep-1", 4, None)
    done = stand.finish(queued)
    assert [tuple(run.values.values()) for run in done.runs] == [(0.003, 8), (0.003, 4), (0.001, 8), (0.001, 4)]
    assert [run.eval_loss for run in done.runs] == pytest.approx([1.62, 1.66, 1.82, 1.86])
    assert done.best == done.runs[0]
    assert {(run.verdict, run.passed, run.base_eval_loss) for run in done.runs} == {("better", True, 2.0)}
    assert len({run.experiment_id for run in done.runs}) == 4
    assert done.num_open == 0


def test_one_that_fails_comes_last_and_its_retry_takes_its_place(stand: Stand) -> None:
    done = stand.finish(stand.start(grid={"optim.learning_rate": (0.5, 0.001)}))
    last = done.runs[-1]
    assert [run.status for run in done.runs] == [JobStatus.COMPLETED, JobStatus.FAILED]
    assert (last.values, bool(last.message)) == ({"optim.learning_rate": 0.5}, True)
    again = stand.control.retry(last.job_id)
    after = stand.sweeps.get(stand.project.id, done.name)
    assert [run.job_id for run in after.runs] == [done.runs[0].job_id, again.id]
    assert after.num_open == 1


def test_the_same_asked_again_makes_nothing_twice_and_another_grid_is_a_conflict(stand: Stand) -> None:
    first = stand.start(name="rates")
    assert stand.start(name="rates") == first
    with pytest.raises(ConflictError, match="sweep 'rates' of project 1 has other trainings"):
        stand.start(name="rates", grid={"optim.learning_rate": (0.002, 0.003)})
    assert [job.kind for job in stand.jobs.list(statuses=(JobStatus.QUEUED,))] == ["autopilot"] * 4


def test_sweeps_are_listed_the_newest_first_each_under_a_name_of_its_own(stand: Stand) -> None:
    stand.start(name="sweep-1")
    assert stand.start(grid={"lora.lora_rank": (2, 4)}).name == "sweep-2"
    assert [one.name for one in stand.sweeps.all(stand.project.id)] == ["sweep-2", "sweep-1"]
    assert [len(one.runs) for one in stand.sweeps.all(stand.project.id)] == [2, 4]


def test_a_cancel_stops_what_has_not_ended(stand: Stand) -> None:
    sweep = stand.start()
    stand.finish(sweep.model_copy(update={"runs": sweep.runs[:1]}))
    left = stand.sweeps.cancel(stand.project.id, sweep.name)
    assert sorted(str(run.status) for run in left.runs) == ["cancelled", "cancelled", "cancelled", "completed"]


def test_a_field_that_is_none_is_refused_before_anything_is_queued(stand: Stand) -> None:
    with pytest.raises(InvalidRequestError, match="did you mean optim"):
        stand.start(grid={"optim.learning_rat": (0.001, 0.003)})
    with pytest.raises(InvalidRequestError, match="lora_rank"):
        stand.start(grid={"lora.lora_rank": (4, -1)})
    assert stand.jobs.list(statuses=(JobStatus.QUEUED,)) == ()


def test_what_is_not_there_is_said(stand: Stand, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="project 1 has no sweep 'nix'; `brewslm sweep list --project 1`"):
        stand.sweeps.get(stand.project.id, "nix")
    (tmp_path / "empty").mkdir()
    empty = Scene(tmp_path / "empty")
    sweeps = Sweeps(empty.ports, empty.projects, empty.jobs, cast(JobViews, Plain(empty)))
    with pytest.raises(NotFoundError, match="no prepared data"):
        sweeps.start(empty.project.id, SweepRequest(grid=GRID))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"grid": {"seed": ()}}, "seed has no values"),
        ({"grid": {"seed": (1, 1)}}, "seed names a value twice: 1, 1"),
        ({"grid": {"seed": (1, 2)}, "overrides": {"seed": 3}}, "seed is in the grid and fixed besides"),
        ({"grid": {"seed": tuple(range(MAX_RUNS + 1))}}, f"{MAX_RUNS + 1} combinations"),
        ({"grid": {}}, "at least 1"),
        ({"grid": GRID, "name": "../x"}, "should match pattern"),
    ],
)
def test_a_grid_that_is_none_is_refused_in_words(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SweepRequest.model_validate(asked)

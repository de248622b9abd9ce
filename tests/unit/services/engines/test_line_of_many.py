"""Random crowds before this machine and before clusters: nobody shares a place, is overtaken, or waits for nothing."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from brewslm.core.engines.names import EngineName
from brewslm.core.job import Job, JobStatus
from brewslm.services.engines.line import CLUSTERS, MACHINE, Place, devices_of, engine_of, place_of, rank, wish_of
from tests.fakes.ledger import NOW

WISHES = (None, MACHINE, "slurm", "slurm", "ray")


class Crowd(RuleBasedStateMachine):
    """Jobs come, begin where the line lets them, are held, end or go back into the line; limits of clusters change."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[int, Job] = {}
        self.unwanted: set[int] = set()
        self.devices: tuple[str, ...] = ()
        self.slots: dict[EngineName, int] = {}
        self.num_made = 0

    @initialize(num_gpus=st.integers(0, 3), slots=st.lists(st.integers(1, 3), min_size=2, max_size=2))
    def begin_with(self, num_gpus: int, slots: list[int]) -> None:
        self.devices = devices_of(("GPU",) * num_gpus)
        self.slots = dict(zip(CLUSTERS, slots, strict=True))

    @rule(
        wish=st.sampled_from(WISHES), priority=st.integers(-1, 1), is_wanted=st.sampled_from((True, True, True, False))
    )
    def come(self, wish: str | None, priority: int, is_wanted: bool) -> None:
        self.num_made += 1
        told: dict[str, Any] = {"id": self.num_made, "project_id": 1, "kind": "train", "run_id": "r", "payload": {}}
        made = Job.model_validate({**told, "device": wish, "priority": priority, "created_at": NOW})
        self.jobs[made.id] = made
        if not is_wanted:
            self.unwanted.add(made.id)

    @precondition(lambda self: self.with_status(JobStatus.QUEUED))
    @rule(data=st.data())
    def try_to_begin(self, data: st.DataObject) -> None:
        mine = data.draw(st.sampled_from(self.with_status(JobStatus.QUEUED)))
        engine, before = engine_of(mine), self.running(engine_of(mine))
        place = self.place(mine)
        if not place.is_free:
            assert place.reason
            return
        self.change(mine, status=JobStatus.RUNNING, device=place.device)
        if engine != "local":
            assert len(before) < self.slots[engine], "a cluster has more than it may have at once"
        elif mine.device == MACHINE:
            assert not before, "what takes the whole machine began beside others"
        else:
            assert MACHINE not in {one.device for one in before}

    @precondition(lambda self: self.with_status(JobStatus.QUEUED))
    @rule(data=st.data(), is_held=st.booleans())
    def hold_or_let_go(self, data: st.DataObject, is_held: bool) -> None:
        self.change(data.draw(st.sampled_from(self.with_status(JobStatus.QUEUED))), is_pause_requested=is_held)

    @precondition(lambda self: self.with_status(JobStatus.RUNNING))
    @rule(data=st.data(), is_again=st.booleans())
    def leave(self, data: st.DataObject, is_again: bool) -> None:
        mine = data.draw(st.sampled_from(self.with_status(JobStatus.RUNNING)))
        if is_again:
            self.change(mine, status=JobStatus.QUEUED, device=wish_of(mine.device))
        else:
            del self.jobs[mine.id]

    @rule(name=st.sampled_from(CLUSTERS), num=st.integers(1, 3))
    def change_the_limit(self, name: EngineName, num: int) -> None:
        self.slots[name] = num

    @invariant()
    def nobody_shares_a_place(self) -> None:
        held = [one.device for one in self.with_status(JobStatus.RUNNING)]
        assert len(held) == len(set(held))

    @invariant()
    def who_may_begin_is_not_before_somebody_who_may_not(self) -> None:
        for engine in ("local", *CLUSTERS):
            line = sorted((one for one in self.standing() if engine_of(one) == engine), key=rank)
            may = [self.place(one).is_free for one in line]
            assert may == sorted(may, reverse=True), (line, may)
            if line and not self.running(engine):
                assert may[0], "the first one waits, and nothing runs"

    @invariant()
    def other_engines_change_nothing(self) -> None:
        for mine in self.with_status(JobStatus.QUEUED):
            alone = [one for one in self.jobs.values() if engine_of(one) == engine_of(mine)]
            assert self.place(mine) == self.place(mine, alone)

    def place(self, mine: Job, jobs: list[Job] | None = None) -> Place:
        open_jobs = list(self.jobs.values()) if jobs is None else jobs
        wanted = {one.id for one in open_jobs} - self.unwanted
        return place_of(mine, open_jobs, devices=self.devices, slots=self.slots, is_wanted=lambda one: one.id in wanted)

    def standing(self) -> list[Job]:
        """Those for whom a process stands in the line."""
        return [one for one in self.with_status(JobStatus.QUEUED) if not one.is_held and one.id not in self.unwanted]

    def running(self, engine: str) -> list[Job]:
        return [one for one in self.with_status(JobStatus.RUNNING) if engine_of(one) == engine]

    def with_status(self, status: JobStatus) -> list[Job]:
        return [one for one in self.jobs.values() if one.status is status]

    def change(self, mine: Job, **fields: Any) -> None:
        self.jobs[mine.id] = mine.model_copy(update=fields)


TestCrowd = Crowd.TestCase

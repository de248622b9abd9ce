"""Checkpoints that answer on the process of their base model, which takes them in and lets them go while it answers."""

from collections import defaultdict
from contextlib import ExitStack

from brewslm.core.errors import BrewError, WorkerError
from brewslm.core.ids import ProjectId
from brewslm.services.endpoint.trial import Trial
from brewslm.services.endpoint.trials import Trials
from brewslm.services.endpoint.unit import HeldTrial, Unit

MAX_HELD = 8
"""Checkpoints of a project that answer at the same time: those that were asked last."""


class Tried:
    """What was asked lately, and what the processes hold of it."""

    def __init__(self, trials: Trials, *, for_seconds: float) -> None:
        """Bind it; a checkpoint is held for so long after it was asked last."""
        self._trials, self._for_seconds = trials, for_seconds
        self._asked: dict[ProjectId, dict[Trial, float]] = defaultdict(dict)

    def want(self, project_id: ProjectId, trial: Trial, now: float) -> None:
        """Note that it is asked; called by whoever asks, in a thread of its own."""
        self._asked[project_id][trial] = now

    def look(self, unit: Unit, now: float) -> None:
        """Have the process of a base model, which is up, hold what was asked lately, and nothing else."""
        asked = {one: at for one, at in dict(self._asked[unit.project.id]).items() if now - at <= self._for_seconds}
        wanted = sorted(asked, key=lambda one: -asked[one])[:MAX_HELD]
        if gone := [trial for trial in unit.tried if trial not in wanted]:
            _let_go(unit, gone)
        for trial in wanted:
            if trial not in unit.tried and trial not in unit.unfit:
                self._take(unit, trial)

    def _take(self, unit: Unit, trial: Trial) -> None:
        with ExitStack() as hold:
            try:
                adapter = hold.enter_context(self._trials.adapter(unit.project, trial))
                why = _holds(unit, {**unit.tried, trial: HeldTrial(adapter, hold)})
            except WorkerError:
                return  # its process is looked after, and asked again
            except BrewError as error:
                unit.unfit[trial] = str(error)
                return
            if why is not None:
                unit.unfit[trial] = why
                return
            unit.tried = {**unit.tried, trial: HeldTrial(adapter, hold.pop_all())}


def _let_go(unit: Unit, gone: list[Trial]) -> None:
    before = unit.tried
    # Nobody is sent to the others from now on.
    unit.tried = {trial: held for trial, held in before.items() if trial not in gone}
    try:
        _holds(unit, unit.tried)
    except WorkerError:
        return  # it is asked again with the next checkpoint, or ends
    finally:
        for trial in gone:
            before[trial].hold.close()


def _holds(unit: Unit, wanted: dict[Trial, HeldTrial]) -> str | None:
    assert unit.process is not None  # noqa: S101 - it is up
    assert unit.ready is not None  # noqa: S101
    return unit.process.hold(unit.ready, [held.adapter for held in wanted.values()])

"""What is asked of a training between two steps, through small files of its run directory."""

from dataclasses import dataclass

from brewslm.worker.processes import Processes
from brewslm.worker.run import Run


@dataclass(frozen=True, slots=True)
class Requests:
    """What somebody asks for; the same in every process."""

    is_cancelled: bool
    is_paused: bool
    checkpoint: str | None
    """Why a checkpoint is asked for, empty where no reason was given; None where nobody asks."""
    stop: str | None
    """Why the run is to end as a whole training; None where nobody asks. Only the first process knows the words."""
    learning_rate_factor: float
    """By what the recipe's learning rate is to be multiplied from now on."""

    @property
    def is_end(self) -> bool:
        """Whether the attempt ends here."""
        return self.is_cancelled or self.is_paused


def heard(job: Run, processes: Processes) -> Requests:
    """Look at what is asked; the first process looks for all."""
    if processes.is_first:
        request, stop, factor = job.takes_checkpoint_request(), job.stop_request(), job.learning_rate_factor() or 1.0
        mine = (job.is_cancelled(), job.is_paused(), request is not None, stop is not None)
    else:
        request, stop, factor, mine = None, None, 0.0, (False, False, False, False)
    *asked, factor = processes.total(*map(float, mine), factor)
    is_cancelled, is_paused, is_asked, is_stopped = (number > 0 for number in asked)
    return Requests(
        is_cancelled=is_cancelled,
        is_paused=is_paused,
        checkpoint=(request or "") if is_asked else None,
        stop=(stop or "") if is_stopped else None,
        learning_rate_factor=factor,
    )

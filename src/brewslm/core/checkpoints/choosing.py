"""Which of a run's checkpoints is meant."""

import contextlib
from pathlib import Path

from brewslm.core.checkpoints.fork import AtStep
from brewslm.core.checkpoints.manifest import Checkpoint, DamagedError, read_manifest, visible_folders
from brewslm.core.checkpoints.verification import verify
from brewslm.core.errors import NotFoundError
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER


def whole_checkpoints(root: Path) -> list[Checkpoint]:
    """Return the checkpoints whose manifest and sizes are right, newest first; hashes are checked before a resume."""
    whole = []
    for folder in visible_folders(root):
        with contextlib.suppress(DamagedError):
            whole.append(verify(folder, with_hashes=False))
    return whole


def best_of(checkpoints: list[Checkpoint]) -> Checkpoint | None:
    """Return the checkpoint of the lowest eval loss, the earlier of equals; None where none was evaluated."""
    evaluated = [(c.eval_loss, c.step, c) for c in checkpoints if c.eval_loss is not None]
    return min(evaluated, key=lambda entry: entry[:2])[2] if evaluated else None


def checkpoint_at(run: Path, step: AtStep) -> Checkpoint:
    """Return the checkpoint of a run directory that somebody names; of its files only the manifest was read.

    Args:
        run: the run directory, of a training that may be going on.
        step: the step, of equal ones that of the newest attempt; `last`; or `best`, the last where none was evaluated.

    Raises:
        NotFoundError: there is none.
        DamagedError: a manifest that decides cannot be trusted.
    """
    found = [Checkpoint(folder, read_manifest(folder)) for folder in visible_folders(run / CHECKPOINTS_FOLDER)]
    if isinstance(step, int):
        wanted = next((one for one in found if one.step == step), None)
    else:
        wanted = (best_of(found) if step == "best" else None) or next(iter(found), None)
    if wanted is not None:
        return wanted
    if not found:
        message = f"{run.name} has no checkpoint to begin from; name another experiment"
        raise NotFoundError(message)
    steps = ", ".join(f"{number:,}" for number in sorted({one.step for one in found}))
    message = f"{run.name} has no checkpoint of step {step:,}; it has those of steps {steps}: name one of them"
    raise NotFoundError(message)

"""Reading `placement.json`."""

from pathlib import Path

from pydantic import ValidationError

from brewslm.core.errors import WorkerError
from brewslm.core.wire.placement import Placement
from brewslm.core.wire.rundir import PLACEMENT_FILE


def placement_of(run_directory: Path) -> Placement:
    """Return what `placement.json` says; one process on this machine where there is none.

    Raises:
        WorkerError: it cannot be read.
    """
    path = run_directory / PLACEMENT_FILE
    try:
        return Placement.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return Placement()
    except (OSError, ValidationError) as error:
        message = f"{str(path)!r} cannot be read: {error}. Delete it; the next attempt writes it anew."
        raise WorkerError(message) from error

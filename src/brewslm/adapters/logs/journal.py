"""Our own journal, `log.jsonl`, with what stands beside it in the run directory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from brewslm.adapters.logs.lines import json_objects
from brewslm.core.health.journal import Cadence, observation_of
from brewslm.core.health.observation import Observation
from brewslm.core.wire import rundir
from brewslm.core.wire.progress import RECORD


def journal_observations(path: Path, notes: list[str]) -> Iterator[Observation]:
    """Yield the records of a journal; a line counts once its newline is there."""
    cadence = _cadence(path.with_name(rundir.ORDER_FILE))
    num_foreign = 0
    for data in json_objects(path, notes, is_newline_needed=True):
        try:
            record = RECORD.validate_python(data)
        except ValidationError:
            num_foreign += 1
            continue
        yield observation_of(record, cadence)
    if num_foreign:
        notes.append(f"{num_foreign} lines are no records of this version and were left out")
    if path.with_name(rundir.RESULT_FILE).exists():
        yield Observation("end")


def _cadence(order: Path) -> Cadence:
    """How often the order asks for evaluations and checkpoints; nothing where it is not there."""
    try:
        data: Any = json.loads(order.read_bytes())
        monitor = data["recipe"]["monitor"]
        return Cadence(int(monitor["eval_every"]), int(monitor["checkpoint_every"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Cadence()

"""Our own journal, `log.jsonl`, with what stands beside it in the run directory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from brewslm.adapters.logs.lines import json_objects
from brewslm.core.health.observation import Observation
from brewslm.core.wire import rundir
from brewslm.core.wire.progress import (
    RECORD,
    CheckpointRecord,
    EvalRecord,
    LogRecord,
    NonFinite,
    Record,
    StartedRecord,
)


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
        yield _observation(record, cadence)
    if num_foreign:
        notes.append(f"{num_foreign} lines are no records of this version and were left out")
    if path.with_name(rundir.RESULT_FILE).exists():
        yield Observation("end")


def _observation(record: Record, cadence: dict[str, int]) -> Observation:
    match record:
        case StartedRecord():
            return Observation(
                "start",
                time=record.time,
                seq=record.seq,
                attempt=record.attempt,
                total_steps=record.total_steps,
                resumed_from_step=record.resumed_from_step,
                eval_every=cadence.get("eval_every"),
                checkpoint_every=cadence.get("checkpoint_every"),
            )
        case LogRecord():
            return Observation(
                "step",
                step=record.step,
                time=record.time,
                seq=record.seq,
                loss=_told(record.loss, "loss", record.non_finite),
                grad_norm=_told(record.grad_norm, "grad_norm", record.non_finite),
                learning_rate=record.learning_rate,
                tokens_per_second=record.tokens_per_second,
                step_seconds=record.step_seconds,
                memory_bytes=record.memory_bytes,
                total_steps=record.total_steps,
            )
        case EvalRecord():
            eval_loss = _told(record.eval_loss, "eval_loss", record.non_finite)
            return Observation("eval", step=record.step, time=record.time, seq=record.seq, eval_loss=eval_loss)
        case CheckpointRecord():
            return Observation("checkpoint", step=record.step, time=record.time, seq=record.seq)
        case _:
            return Observation("note", time=record.time, seq=record.seq)


def _told(value: float | None, name: str, non_finite: NonFinite) -> float | None:
    """Return the number as it was before it had to travel as null."""
    return float(non_finite[name]) if value is None and name in non_finite else value


def _cadence(order: Path) -> dict[str, int]:
    """How often the order asks for evaluations and checkpoints; nothing where it is not there."""
    try:
        data: Any = json.loads(order.read_bytes())
        monitor = data["recipe"]["monitor"]
        return {name: int(monitor[name]) for name in ("eval_every", "checkpoint_every")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}

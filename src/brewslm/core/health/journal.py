"""Our own journal, as the judge sees it."""

from dataclasses import dataclass

from brewslm.core.health.observation import Observation
from brewslm.core.wire.progress import CheckpointRecord, EvalRecord, LogRecord, NonFinite, Record, StartedRecord, Vitals

_NOTHING = Vitals()


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often an order asks for evaluations and checkpoints, in steps; None where it is not known."""

    eval_every: int | None = None
    checkpoint_every: int | None = None


def observation_of(record: Record, cadence: Cadence) -> Observation:
    """Return what one journal record says."""
    match record:
        case StartedRecord():
            return Observation(
                "start",
                time=record.time,
                clock=record.clock,
                seq=record.seq,
                attempt=record.attempt,
                total_steps=record.total_steps,
                resumed_from_step=record.resumed_from_step,
                eval_every=cadence.eval_every,
                checkpoint_every=cadence.checkpoint_every,
            )
        case LogRecord():
            return _of_log(record)
        case EvalRecord():
            eval_loss = _told(record.eval_loss, "eval_loss", record.non_finite)
            return Observation(
                "eval",
                step=record.step,
                time=record.time,
                clock=record.clock,
                seq=record.seq,
                eval_loss=eval_loss,
                eval_delta_low=record.delta_low,
            )
        case CheckpointRecord():
            size = record.size_bytes
            return Observation(
                "checkpoint",
                step=record.step,
                time=record.time,
                clock=record.clock,
                seq=record.seq,
                checkpoint_bytes=size,
            )
        case _:
            return Observation("note", time=record.time, clock=record.clock, seq=record.seq)


def _of_log(record: LogRecord) -> Observation:
    vitals = record.vitals or _NOTHING
    return Observation(
        "step",
        step=record.step,
        time=record.time,
        clock=record.clock,
        seq=record.seq,
        loss=_told(record.loss, "loss", record.non_finite),
        grad_norm=_told(record.grad_norm, "grad_norm", record.non_finite),
        learning_rate=record.learning_rate,
        tokens_per_second=record.tokens_per_second,
        step_seconds=record.step_seconds,
        data_wait=vitals.data_wait,
        memory_bytes=vitals.memory_bytes,
        memory_limit_bytes=vitals.memory_limit_bytes,
        disk_free_bytes=vitals.disk_free_bytes,
        utilisation=vitals.utilisation,
        temperature=vitals.temperature,
        memory_temperature=vitals.memory_temperature,
        is_throttled=None if vitals.throttled_by is None else bool(vitals.throttled_by),
        num_device_errors=vitals.num_device_errors,
        total_steps=record.total_steps,
    )


def _told(value: float | None, name: str, non_finite: NonFinite) -> float | None:
    """Return the number as it was before it had to travel as null."""
    return float(non_finite[name]) if value is None and name in non_finite else value

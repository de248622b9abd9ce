"""From a row of the ledger to one frame: a name, and JSON on one line. One row is one frame, so none is sent twice."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from brewslm.core.events.failure import FAILURES
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.reading.feed import JobState, StoredEvent, StoredMetric

Body = dict[str, Any]

TOPICS = ("training", "checkpoint", "health", "job", "run")
"""The first words of the names, by which a reader chooses."""

_HEALTH_STAGE = "monitoring"
_VERDICTS = {"info": "ok", "warning": "warning", "error": "critical", "critical": "critical"}


class Frame(NamedTuple):
    """What followers of a row get. `text` lacks the `id`, because that depends on what else the follower has."""

    event: int
    """The RunEvent's number, 0 where the row is none."""
    metric: int
    """The progress row's number, 0 where the row is none."""
    project_id: int | None
    job_id: int | None
    parent_job_id: int | None
    name: str
    at: float
    """Seconds since the epoch."""
    text: bytes


def frame_of_event(row: StoredEvent) -> Frame:
    """Return the frame of a RunEvent. Those that events.md has no name for are `run.event`."""
    name, body = _event_body(row)
    about = {
        "reason": row.reason,
        "severity": row.severity,
        "stage": row.stage,
        "runId": row.run_id,
        "parentRunId": row.parent_run_id,
        "actor": row.actor,
        "summary": row.summary,
        "payload": orjson.Fragment(row.payload.encode()),
    }
    head = _head(name, row.job_id, row.seq, row.occurred_at) | {"projectId": row.project_id}
    text = _text(name, {**head, **body, "event": about})
    at = row.occurred_at.timestamp()
    return Frame(row.seq, 0, row.project_id, row.job_id, row.parent_job_id, name, at, text)


def frame_of_metric(row: StoredMetric) -> Frame:
    """Return the frame of a progress row. Its `seq` is that of the journal, counted per job."""
    record = orjson.loads(row.body)
    name, shape = _RECORDS.get(row.kind, ("run.notice", _of_notice))
    at = float(record["time"])
    head = _head(name, row.job_id, record["seq"], datetime.fromtimestamp(at, UTC))
    text = _text(name, {**head, **shape(record)})
    return Frame(0, row.id, row.project_id, row.job_id, row.parent_job_id, name, at, text)


def text_of_state(state: JobState) -> bytes:
    """Return what is said of how far a job is. It is a state: it has no `id`, and only the newest counts."""
    body = {
        "type": "job.progress",
        "jobId": state.id,
        "projectId": state.project_id,
        "seq": state.version,
        "status": state.status,
        "phase": state.phase,
        "attempt": state.attempt,
        "fraction": state.fraction,
        "message": state.message,
    }
    return _text("job.progress", body)


def text_of_end(job_id: int, status: str) -> bytes:
    """Return the last frame of a job's stream."""
    return _text("end", {"type": "end", "jobId": job_id, "status": status})


def _head(name: str, job_id: int | None, seq: int, moment: datetime) -> Body:
    return {"type": name, "jobId": job_id, "seq": seq, "timestamp": moment}


def _text(name: str, body: Body) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(body) + b"\n\n"


def _event_body(row: StoredEvent) -> tuple[str, Body]:
    if row.stage == _HEALTH_STAGE:
        payload = orjson.loads(row.payload)
        verdict = payload.get("verdict") or _VERDICTS[row.severity]
        return "health", {"verdict": verdict, "findings": payload.get("findings") or [row.summary]}
    if not row.run_id.startswith("train-"):
        return "run.event", {}
    if row.reason == Reason.TRAINING:
        payload = orjson.loads(row.payload)
        return "training.completed", {"metrics": payload, "artifacts": [payload.get("adapter_id")]}
    if row.reason == Reason.TRAINING_RECOVERED:
        payload = orjson.loads(row.payload)
        body = {"reason": row.reason, "fromStep": payload.get("from_step"), "action": payload.get("action")}
        return "training.recovered", body
    if row.reason not in FAILURES:
        return "run.event", {}
    payload = orjson.loads(row.payload)
    name = "training.cancelled" if row.reason == Reason.TRAINING_CANCELLED else "training.failed"
    return name, {"error": payload.get("error"), "reason": row.reason, "step": payload.get("step")}


def _of_started(record: Body) -> Body:
    return {
        "attempt": record["attempt"],
        "device": record["device"],
        "totalSteps": record["total_steps"],
        "resumedFromStep": record["resumed_from_step"],
    }


def _of_log(record: Body) -> Body:
    return {
        "step": record["step"],
        "totalSteps": record["total_steps"],
        "loss": record["loss"],
        "evalLoss": None,
        "learningRate": record["learning_rate"],
        "epoch": record["epoch"],
        "tokensPerSecond": record["tokens_per_second"],
        "samplesPerSecond": record["samples_per_second"],
        "gradNorm": record["grad_norm"],
        "baselineLoss": record["baseline_loss"],
        "delta": record["delta"],
        "stepSeconds": record["step_seconds"],
        "memoryBytes": record["memory_bytes"],
        **_non_finite(record),
    }


def _of_eval(record: Body) -> Body:
    names = {"evalLoss": "eval_loss", "baselineLoss": "baseline_loss", "delta": "delta"}
    interval = {"deltaLow": "delta_low", "deltaHigh": "delta_high"}
    body = {name: record.get(field) for name, field in {**names, **interval}.items()}
    return {"step": record["step"], "loss": None, **body, **_non_finite(record)}


def _of_baseline(record: Body) -> Body:
    return {"step": 0, "loss": None, "evalLoss": None, "baselineLoss": record["eval_loss"], "delta": None}


def _of_checkpoint(record: Body) -> Body:
    artifacts = [record["folder"]]
    return {
        "step": record["step"],
        "artifacts": artifacts,
        "isBest": record["is_best"],
        "evalLoss": record["eval_loss"],
    }


def _of_progress(record: Body) -> Body:
    return {"fraction": record["fraction"], "message": record["message"]}


def _of_notice(record: Body) -> Body:
    return {"message": record.get("message", "")}


def _non_finite(record: Body) -> Body:
    """Say which numbers were none. They travel as null, and would otherwise vanish from a chart."""
    fields = record.get("non_finite")
    if not fields:
        return {}
    worst = "nan" if "nan" in fields.values() else "inf"
    return {"nonFinite": worst, "nonFiniteFields": fields}


_RECORDS: dict[str, tuple[str, Callable[[Body], Body]]] = {
    "started": ("training.started", _of_started),
    "log": ("training.log", _of_log),
    "eval": ("training.log", _of_eval),
    "baseline": ("training.log", _of_baseline),
    "checkpoint": ("checkpoint.saved", _of_checkpoint),
    "progress": ("job.progress", _of_progress),
}

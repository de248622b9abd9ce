"""A training as the ledger knows it: its job, its rows and its events, without a worker."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from brewslm.bootstrap.house import House
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Training
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, ExperimentId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.storage import MetricRow
from brewslm.services.recording import Origin, emit_event

BASE_LOSS = 5.0
SPIKE = 40.0
AT_ONCE = 20_000


class WrittenRun:
    """A running job whose steps are written when a test says so. Nothing may run jobs or look after them beside it."""

    def __init__(self, house: House, *, total_steps: int, spike_at: int = 0) -> None:
        """Create a project and its running job; at the step `spike_at` the loss is `SPIKE`, and only there."""
        self.house, self.total_steps, self.spike_at = house, total_steps, spike_at
        self.last_step = self._last_seq = 0
        now = datetime.now(UTC)
        self._began = now.timestamp()
        project = house.projects.create(f"written-{now:%H%M%S%f}")
        with house.ports.storage.write() as transaction:
            job = transaction.jobs.add(project_id=project.id, kind="train", payload={}, created_at=now)
            changes = {"status": JobStatus.RUNNING, "phase": "training", "started_at": now, "attempt": 1}
            self.job = _there(transaction.jobs.change(job, device="cpu", **changes))
        started = {"kind": "started", "device": "cpu", "total_steps": total_steps, "resumed_from_step": None}
        baseline = {"kind": "baseline", "eval_loss": BASE_LOSS, "num_examples": 8, "num_tokens": 900}
        self._write([started, baseline])

    def steps(self, number: int) -> None:
        """Write so many further steps, each a row, as fast as the ledger takes them."""
        end = self.last_step + number
        while self.last_step < end:
            begin, self.last_step = self.last_step + 1, min(self.last_step + AT_ONCE, end)
            self._write(self._log(step) for step in range(begin, self.last_step + 1))

    def evaluate(self) -> None:
        """Write an evaluation and a checkpoint after the newest step."""
        delta = self._loss(self.last_step) - BASE_LOSS + 0.1
        found = {"eval_loss": BASE_LOSS + delta, "baseline_loss": BASE_LOSS, "delta": delta, "non_finite": {}}
        interval = {"delta_low": delta - 0.2, "delta_high": delta + 0.2}
        saved = {"folder": f"step-{self.last_step:06}", "eval_loss": BASE_LOSS + delta, "is_best": True}
        rows = [{"kind": "eval", **found, **interval}, {"kind": "checkpoint", **saved}]
        self._write([{**row, "step": self.last_step} for row in rows])

    def finish(self) -> None:
        """End it well: its event and its status in one transaction."""
        now = datetime.now(UTC)
        loss = self._loss(self.last_step)
        done = Training(
            experiment_id=ExperimentId(1),
            adapter_id=ArtifactId("adapter-0001"),
            backend="local",
            total_steps=self.total_steps,
            best_step=self.last_step,
            base_eval_loss=BASE_LOSS,
            eval_loss=loss,
            final_train_loss=loss,
        )
        draft = Draft(reason=Reason.TRAINING, summary=f"It ended at step {self.last_step}", payload=done)
        origin = Origin(project_id=self.job.project_id, run_id=self.job.run_id, actor="test")
        with self.house.ports.storage.write() as transaction:
            job = transaction.jobs.get(self.job.id)
            changes = {"status": JobStatus.COMPLETED, "phase": "completed", "finished_at": now, "fraction": 1.0}
            self.job = _there(transaction.jobs.change(job, **changes))
            emit_event(transaction, draft, origin=origin, occurred_at=now)

    def rows(self) -> list[dict[str, Any]]:
        """What the ledger has, as the API gives it."""
        return [row.model_dump() for row in self.house.jobs.metrics(self.job.id)]

    def _write(self, bodies: Iterable[dict[str, Any]]) -> None:
        rows = []
        for body in bodies:
            self._last_seq += 1
            whole = {"seq": self._last_seq, "time": self._began + self._last_seq / 10, "attempt": 1, **body}
            row = MetricRow(
                job_id=self.job.id, seq=self._last_seq, kind=body["kind"], step=body.get("step"), body=whole
            )
            rows.append(row)
        with self.house.ports.storage.write() as transaction:
            transaction.metrics.append(rows, job_id=self.job.id, offset=0)

    def _loss(self, step: int) -> float:
        noise = 0.2 * math.sin(step * 12.9898) * math.sin(step * 78.233)
        return 2 + 3 * math.exp(-6 * step / self.total_steps) + noise

    def _log(self, step: int) -> dict[str, Any]:
        share = step / self.total_steps
        return {
            "kind": "log",
            "step": step,
            "total_steps": self.total_steps,
            "epoch": share,
            "loss": SPIKE if step == self.spike_at else self._loss(step),
            "baseline_loss": None,
            "batch_loss": None,
            "delta": None,
            "learning_rate": 1e-3 * (1 - share),
            "grad_norm": 1 + 0.3 * math.sin(step / 7),
            "tokens_per_second": 1200 + 100 * math.sin(step / 50),
            "samples_per_second": 10.0,
            "step_seconds": 0.1,
            "memory_bytes": 10**9,
            "non_finite": {},
        }


def _there(job: Job | None) -> Job:
    assert job is not None
    return job

"""From the books of a run to the calls of the user's functions: each journal record once, in order."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.brew.talk import Call
from brewslm.core.brew.trainer import CallbackName, Trainer
from brewslm.core.ids import JobId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.storage import MetricRow
from brewslm.core.reason import Reason
from brewslm.core.wire.rundir import LEASE_FILE
from brewslm.services.jobs.queue import Jobs
from brewslm.services.jobs.views import JobViews
from brewslm.services.ports import Ports
from brewslm.services.shelf import ProjectShelf

_NOT_SHOWN = frozenset({"seq", "attempt", "clock", "kind", "non_finite"})


class Feed:
    """Reads what is new of a run, and keeps checkpoints from being pruned until their callback has returned."""

    def __init__(self, ports: Ports, jobs: Jobs, views: JobViews, trainer: Trainer) -> None:
        """Nothing is read yet."""
        self._ports = ports
        self._jobs = jobs
        self._views = views
        self._wanted = frozenset(trainer.callbacks)
        self._training: Job | None = None
        self._folder: Path | None = None
        self._seq = 0
        self._step = 0
        self._evaluation: dict[str, Any] = {}
        self._number = 0
        self._leases: dict[int, int] = {}

    def new(self, flow_id: JobId) -> list[Call]:
        """Return the calls for what the training of a flow has written since the last time."""
        if self._training is None:
            children = self._jobs.list(parent_id=flow_id)
            self._training = next((job for job in children if job.kind == "train"), None)
        if self._training is None:
            return []
        rows = self._jobs.metrics(self._training.id, after_seq=self._seq)
        return [call for row in rows for call in self._of_row(row)]

    def end(self, job: Job) -> list[Call]:
        """Return the call for the end of a run."""
        if job.status is JobStatus.COMPLETED:
            return self._call("on_completed", lambda: self._completed(job))
        body = {
            "reason": str(job.reason or Reason.TRAINING_RUNTIME_ERROR),
            "error": job.error or f"job {job.id} ended as {job.status}",
            "step": self._step,
            "job_id": job.id,
            "project_id": job.project_id,
        }
        return self._call("on_failed", lambda: body)

    def done(self, number: int) -> None:
        """Let go of what a call needed."""
        lease = self._leases.pop(number, None)
        if lease is not None:
            os.close(lease)

    def close(self) -> None:
        """Let go of everything."""
        for number in list(self._leases):
            self.done(number)

    @property
    def training(self) -> Job | None:
        """The job of the training, once there is one."""
        return self._training

    def _of_row(self, row: MetricRow) -> Iterator[Call]:
        self._seq = max(self._seq, row.seq)
        body = {name: value for name, value in row.body.items() if name not in _NOT_SHOWN}
        match row.kind:
            case "log":
                self._step = int(body["step"])
                yield from self._call("on_log", lambda: body)
            case "eval":
                self._evaluation = body
            case "checkpoint":
                yield from self._call("on_checkpoint", lambda: self._checkpoint(body))

    def _call(self, name: CallbackName, make: Callable[[], dict[str, Any]]) -> list[Call]:
        if name not in self._wanted:
            return []
        self._number += 1
        return [Call(number=self._number, name=name, body=make())]

    def _checkpoint(self, body: dict[str, Any]) -> dict[str, Any]:
        folder = self._run_directory() / str(body["folder"])
        with contextlib.suppress(OSError):  # it was pruned already: the callback is called all the same
            lease = os.open(folder / LEASE_FILE, os.O_RDONLY | os.O_CLOEXEC)
            self._leases[self._number] = lease
            fcntl.flock(lease, fcntl.LOCK_SH | fcntl.LOCK_NB)
        is_evaluated = self._evaluation.get("step") == body["step"]
        return {
            "step": body["step"],
            "eval_loss": body["eval_loss"],
            "is_best": body["is_best"],
            "folder": str(folder),
            "metrics": self._evaluation if is_evaluated else {},
        }

    def _run_directory(self) -> Path:
        assert self._training is not None  # noqa: S101 - its records are being read
        if self._folder is None:
            project = self._training.project_id
            with self._ports.storage.read() as transaction:
                known = transaction.experiments.list(project)
            name = next(one.folder_name for one in known if one.job_id == self._training.id)
            self._folder = self._ports.store.project_folder(project) / "experiments" / name
        return self._folder

    def _completed(self, job: Job) -> dict[str, Any]:
        shelf = ProjectShelf(self._ports.storage, self._ports.store, job.project_id)
        made = {record.kind: record.id for record in self._views.artifacts(job.id)}
        evaluation, adapter = shelf.read(EvalReport, made["eval_report"]), shelf.read(Adapter, made["adapter"])
        final = evaluation.final
        return {
            "step": adapter.step,
            "verdict": evaluation.verdict,
            "metrics": {
                "base_loss": final.base,
                "tuned_loss": final.tuned,
                "delta": final.delta,
                "delta_low": final.interval.low,
                "delta_high": final.interval.high,
            },
            "artifacts": made,
            "folder": str(shelf.path(adapter.folder)),
            "job_id": job.id,
            "project_id": job.project_id,
        }

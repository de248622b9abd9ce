"""Rows of every kind that the ledger holds, each free text of them hostile, beside a project's real ones."""

import dataclasses
from datetime import timedelta
from pathlib import Path

from brewslm.bootstrap.house import House
from brewslm.core.alerts.outbox import ChannelState
from brewslm.core.artifacts.base import Artifact, Tally
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.eval_report import EvalReport, JudgementComparison, LossComparison
from brewslm.core.artifacts.iteration.review import Review
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.optimization import Optimization
from brewslm.core.artifacts.outlook.benchmark import Benchmark
from brewslm.core.artifacts.outlook.forecast import Forecast
from brewslm.core.artifacts.readiness import Readiness, TrainPlan
from brewslm.core.artifacts.release import Release
from brewslm.core.backlog.entry import BacklogEntry, BacklogState
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.outcome import TaskReport
from brewslm.core.events.base import Draft
from brewslm.core.events.payloads import PAYLOADS
from brewslm.core.health.watch import WatchCheck
from brewslm.core.ids import ProjectId
from brewslm.core.job import Job, JobStatus
from brewslm.core.outcome.approval import GateState, StageGate
from brewslm.core.ports.storage import MetricRow, Transaction
from brewslm.core.recipe.recipe import Recipe, ValueSource
from brewslm.core.serving.upstream import Upstream
from brewslm.core.wire.progress import NoticeRecord
from brewslm.core.wire.recovery import Question
from brewslm.services.recording import Origin, emit_event, record_of
from brewslm.services.releases.book import enter_release
from brewslm.services.shelf import ProjectShelf
from tests.fakes.filled import Filler
from tests.fakes.hostile import Supply

PROJECT = ProjectId(1)
NUM_ENTRIES, NUM_NOTICES = 4, 20
SET = ("optim.learning_rate", "data.total_steps", "lora.lora_rank", "base_model")
"""Fields of the plan whose source is told."""


class HostileLedger:
    """Writes beside what a life has left in its ledger."""

    def __init__(self, house: House, texts: Supply) -> None:
        """Look at what is there."""
        self._house, self._texts, self._now = house, texts, house.ports.clock.now()
        self._shelf = ProjectShelf(house.ports.storage, house.ports.store, PROJECT)
        with house.ports.storage.read() as transaction:
            known = {str(one.kind): str(one.id) for one in transaction.artifacts.list(project_id=PROJECT)}
            self._jobs = transaction.jobs.list(project_id=PROJECT)
        self._train = next(job for job in self._jobs if job.kind == "train")
        self._manifest = self._shelf.all(Manifest)[-1]
        self._recipe = next(one.plan.recipe for one in self._shelf.all(Readiness) if one.plan is not None)
        tally = Tally(total=7, accepted=7, repaired=0, rejected=0)
        upstream = Upstream(url="http://127.0.0.1:9/<b>", model=next(texts)[:200] or None)
        self._fill = Filler(texts, known, {Tally: tally, Recipe: self._recipe, Upstream: upstream})

    def write(self) -> None:
        """Write it all, in one transaction."""
        artifacts = self._artifacts()
        with self._house.ports.storage.write() as transaction:
            for artifact in artifacts:
                self._shelve(transaction, artifact)
            self._write_jobs(transaction)
            self._write_events(transaction)
            for number in range(NUM_ENTRIES):
                state = list(BacklogState)[number % 2]
                transaction.backlog.add(self._fill.model(BacklogEntry, project_id=PROJECT, state=state))
            for job in self._jobs[:3]:
                gate = self._fill.model(StageGate, project_id=PROJECT, job_id=job.id, state=GateState.WAITING)
                transaction.gates.add(gate)
            error = next(self._texts)
            transaction.outbox.keep_state(ChannelState(name="hook", last_failed_at=self._now, last_error=error))

    def _shelve(self, transaction: Transaction, artifact: Artifact) -> None:
        record = record_of(artifact, self._train, parents=(), created_at=self._now)
        transaction.artifacts.add(record)
        if isinstance(artifact, Release):
            enter_release(transaction, record)

    def _artifacts(self) -> tuple[Artifact, ...]:
        fill, manifest_id, bundle = self._fill, self._manifest.id, self._shelf.all(Bundle)[-1]
        plan = fill.model(TrainPlan, recipe=self._recipe, sources={name: fill.model(ValueSource) for name in SET})
        return (
            fill.model(Review),
            fill.model(Benchmark, manifest_id=manifest_id),
            fill.model(Forecast, manifest_id=manifest_id),
            fill.model(Optimization, device="laptop_cpu"),
            self._report(self._shelf.all(EvalReport)[-1]),
            fill.model(Readiness, manifest_id=manifest_id, plan=plan),
            fill.model(Bundle, files=bundle.files, folder=bundle.folder),
            fill.model(Release, bundle_id=bundle.id),
        )

    def _report(self, real: EvalReport) -> EvalReport:
        """A report of the real one's examples, in other words; each of its rows fails."""
        draft, tables = self._shelf.draft(), self._house.ports.tables
        files = {Path(file.path).name: self._shelf.path(file.path) for file in real.files}
        rows = list(tables.each(files["rows-main.parquet"], ScoredRow))
        texts = [one.name for one in dataclasses.fields(ScoredRow) if "str" in str(one.type) and one.name != "id"]
        for name in ("test.parquet", "eval.parquet"):
            (draft / name).write_bytes(files[name].read_bytes())
        with tables.write(draft / "rows-main.parquet", ScoredRow) as table:
            table.add([dataclasses.replace(row, **{name: next(self._texts) for name in texts}) for row in rows])
        task = self._fill.model(TaskReport, id="main", rows="test", num_rows=len(rows), num_failing=len(rows))
        return self._fill.model(
            EvalReport,
            files=self._shelf.publish(draft, room="evaluations"),
            adapter_id=real.adapter_id,
            manifest_id=real.manifest_id,
            losses=tuple(self._fill.model(LossComparison, split=split) for split in ("test", "eval")),
            judgements=(self._fill.model(JudgementComparison, split="test"),),
            tasks=(task,),
            pack=None,
        )

    def _write_jobs(self, transaction: Transaction) -> None:
        """Jobs in every state that a server leaves alone, and what a training tells beside its figures."""
        asked = {"question": self._fill.model(Question, answer=None), "waiting_reason": next(self._texts)}
        for kind, status, changes in (
            ("train", JobStatus.QUEUED, asked),
            ("train", JobStatus.FAILED, {}),
            ("evaluation", JobStatus.CANCELLED, {}),
            ("golden", JobStatus.COMPLETED, {"finished_at": self._now}),
        ):
            job = transaction.jobs.add(project_id=PROJECT, kind=kind, payload={}, created_at=self._now)
            if status is JobStatus.COMPLETED:
                job = _there(transaction.jobs.change(job, status=JobStatus.RUNNING, started_at=self._now))
            texts = {name: next(self._texts) for name in ("phase", "message", "error", "device")}
            transaction.jobs.change(job, status=status, **texts, **changes)
        notices = [self._fill.model(NoticeRecord, seq=10_000 + number) for number in range(NUM_NOTICES)]
        rows = [
            MetricRow(job_id=self._train.id, seq=one.seq, kind=one.kind, step=None, body=one.model_dump(mode="json"))
            for one in notices
        ]
        transaction.metrics.append(rows, job_id=self._train.id, offset=transaction.metrics.offset(self._train.id))
        transaction.monitors.add_checks(self._train.id, [self._fill.model(WatchCheck, step=900)])

    def _write_events(self, transaction: Transaction) -> None:
        """An event of every reason, of the training and of its flow; the bell hears of it, too."""
        for number, (reason, payload) in enumerate(PAYLOADS.items()):
            job = self._jobs[number % len(self._jobs)]
            origin = Origin(project_id=PROJECT, run_id=job.run_id, actor=next(self._texts))
            draft = Draft(reason=reason, summary=next(self._texts), payload=self._fill.model(payload))
            emit_event(transaction, draft, origin=origin, occurred_at=self._now + timedelta(microseconds=number))


def _there(job: Job | None) -> Job:
    assert job is not None
    return job

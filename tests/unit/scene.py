"""A project in memory: its ledger, its shelf with small true artifacts, an engine that plays workers, and runners."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from brewslm.adapters.advisor.absent import NoAdvisor, NoJudge
from brewslm.adapters.drawing.png import PillowPainter
from brewslm.adapters.files.tables import ParquetTables
from brewslm.adapters.text.similarity import MinHashSimilarity
from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.base import Artifact, ArtifactKind
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest, Split, SplitName, SplitShares
from brewslm.core.artifacts.readiness import Estimate, Readiness, TrainPlan
from brewslm.core.data.example import Example, Message, Shape
from brewslm.core.events.base import RunEvent
from brewslm.core.ids import ArtifactId, ExperimentId, JobId
from brewslm.core.job import Job, JobStatus
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value
from brewslm.core.wire import shard
from brewslm.core.wire.order import ORDER, Order
from brewslm.core.wire.result import Result
from brewslm.core.wire.rundir import LOG_FILE, ORDER_FILE, RESULT_FILE
from brewslm.services.flows import Flow
from brewslm.services.jobs.claim import Claim, take
from brewslm.services.jobs.control import Control
from brewslm.services.jobs.queue import Jobs
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects
from brewslm.services.recording import record_of
from brewslm.services.releases.book import enter_release
from brewslm.services.runner import Runner
from brewslm.services.shelf import ProjectShelf
from brewslm.services.stage_runs import StageRuns
from tests.fakes.artifact_store import FolderArtifactStore
from tests.fakes.base_models import FakeBaseModels, tiny_model
from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine, Play
from tests.fakes.machine import FakeMachine
from tests.fakes.secrets import FakeLocatorSecrets
from tests.fakes.sources import FakeSources
from tests.fakes.storage import MemoryStorage

PACKAGES = {
    "torch": "2.13.0",
    "transformers": "5.23.0",
    "peft": "0.21.0",
    "safetensors": "0.8.0",
    "gguf": "0.19.0",
    "xllamacpp": "2026.10.11549",
}

MAKERS: dict[ArtifactKind, StageName] = {
    "snapshot": "ingest",
    "schema": "introspect",
    "mapping": "map_dry_run",
    "dataset": "map_commit",
    "manifest": "prepare",
    "readiness": "preflight",
    "adapter": "train",
    "eval_report": "evaluate",
    "bundle": "export",
    "release": "deploy",
}

Tokens = list[tuple[list[int], list[int]]]
"""Per example: token ids, and the mask."""


def no_worker(_directory: Path, _attempt: int) -> int | None:
    raise AssertionError("no worker is wanted here")


class NoRequest(Value):
    """A request that asks nothing."""


class Scene:
    """One project, and everything that a test does with it."""

    def __init__(self, folder: Path, play: Play = no_worker, *, storage: MemoryStorage | None = None) -> None:
        self.clock = FakeClock()
        self.storage = storage or MemoryStorage()
        self.store = FolderArtifactStore(folder / "workspace")
        self.secrets = FakeLocatorSecrets()
        self.machine = FakeMachine(packages=PACKAGES)
        self.engine = FakeEngine(play)
        base = folder / "tiny"
        base.mkdir()
        self.base = tiny_model(base)
        self.base_models = FakeBaseModels([self.base])
        self.ports = self.ports_with()
        self.projects = Projects(self.ports, actor="cli")
        self.jobs = Jobs(self.ports, actor="cli")
        self.control = Control(self.ports, actor="cli")
        self.stage_runs = StageRuns(self.ports, entries={"release": enter_release})
        self.project = self.projects.create("scene", base_model="tiny")
        self.shelf = ProjectShelf(self.storage, self.store, self.project.id)
        self.folder = self.store.project_folder(self.project.id)

    def ports_with(self, **changed: Any) -> Ports:
        plain = {
            "storage": self.storage,
            "store": self.store,
            "sources": FakeSources(),
            "secrets": self.secrets,
            "tables": ParquetTables(),
            "similarity": MinHashSimilarity(),
            "advisor": NoAdvisor(),
            "judge": NoJudge(),
            "base_models": self.base_models,
            "machine": self.machine,
            "engine": self.engine,
            "clock": self.clock,
            "painter": PillowPainter(),
        }
        return Ports(**{**plain, **changed})

    def runner(
        self,
        flows: Mapping[str, Flow] | None = None,
        *,
        owner: str = "one",
        gone: Callable[[str], bool] = lambda _owner: False,
        ports: Ports | None = None,
    ) -> Runner:
        ports = ports or self.ports
        runs = StageRuns(ports, entries={"release": enter_release})
        return Runner(ports, runs, dict(flows or {}), owner=owner, is_owner_gone=gone, actor="cli")

    def queue(self, kind: Any = "import", request: Value | None = None, key: str | None = None) -> Job:
        return self.jobs.submit(self.project.id, kind, request or NoRequest(), idempotency_key=key)

    def run_stage(self, kind: StageName, inputs: Value) -> Job:
        """Queue one stage and do it, ritual and all."""
        return self.runner().run(self.queue(kind, inputs).id)

    def claim(self, kind: Any = "train", request: Value | None = None, *, owner: str = "one") -> Claim:
        job = self.queue(kind, request)
        with self.storage.write() as transaction:
            taken = take(transaction, job, owner=owner, now=self.clock.now())
        return Claim(self.ports, taken, owner=owner, actor="cli")

    def take_over(self, claim: Claim, *, owner: str = "two") -> Claim:
        """Let another process take the claimed job."""
        with self.storage.write() as transaction:
            job = transaction.jobs.get(claim.job.id)
            taken = take(transaction, job, owner=owner, now=self.clock.now())
        return Claim(self.ports, taken, owner=owner, actor="cli")

    def job(self, job_id: JobId) -> Job:
        return self.jobs.get(job_id)

    def events(self, run_id: Any = None) -> tuple[RunEvent, ...]:
        found = self.jobs.events(project_id=self.project.id, run_id=run_id)
        return tuple(event for event in found if event.reason != "project_created")

    def reasons(self, run_id: Any = None) -> list[str]:
        return [str(event.reason) for event in self.events(run_id)]

    def put(self, artifact: Artifact) -> ArtifactId:
        """Put an artifact on the shelf as the product of a completed stage run."""
        claim = self.claim(MAKERS[artifact.kind])
        record = record_of(artifact, claim.job, parents=(), created_at=self.clock.now())
        with self.storage.write() as transaction:
            transaction.artifacts.add(record)
            claim.change(transaction, status=JobStatus.COMPLETED, artifact_id=record.id, lease_expires_at=None)
        return artifact.id

    def manifest(self, tokens: Mapping[SplitName, Tokens] | None = None, **changed: Any) -> Manifest:
        """Prepare three splits of true files, and put their manifest on the shelf."""
        tokens = tokens or plain_tokens()
        rows = changed.pop("rows", {})
        draft = self.shelf.draft()
        for name, examples in tokens.items():
            write_shard(draft / name, examples, rows.get(name) or plain_rows(name, len(examples)))
            if changed.get("shape") == "preference":
                write_shard(draft / name / shard.REJECTED_FOLDER, examples, plain_rows(name, len(examples)))
        files = self.shelf.publish(draft, room="prepared")
        place = "/".join(files[0].path.split("/")[:2])
        manifest = Manifest(
            **{
                "files": files,
                "dataset_id": ArtifactId("dataset-0"),
                "shape": "chat",
                "labels": (),
                "base_model": "tiny",
                "tokenizer_hash": "0",
                "template_hash": "0",
                "seed": 42,
                "shares": SplitShares(),
                "is_stratified": False,
                "max_seq_len": 64,
                "truncation": "drop",
                "num_dropped": 0,
                "num_moved_for_leaks": 0,
                "splits": tuple(describe(name, tokens[name], f"{place}/{name}") for name in tokens),
                **changed,
            }
        )
        self.put(manifest)
        return manifest

    def readiness(self, manifest: Manifest, recipe: Recipe) -> Readiness:
        """Put a readiness with this recipe on the shelf; its forecasts say nothing."""
        bytes_, seconds = (
            Estimate(low=None, expected=None, high=None, unit=unit, basis="a test") for unit in ("bytes", "seconds")
        )
        plan = TrainPlan(recipe=recipe, sources={}, num_trained_tokens=1, memory=bytes_, disk=bytes_, time=seconds)
        readiness = Readiness(manifest_id=manifest.id, base_model="tiny", verdict="ready", findings=(), plan=plan)
        self.put(readiness)
        return readiness

    def adapter(self, manifest: Manifest, **changed: Any) -> Adapter:
        """Put an adapter with true files on the shelf."""
        place = "experiments/exp-001/checkpoints/step-6/adapter"
        folder = self.folder / place
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "adapter_model.safetensors").write_bytes(b"weights")
        (folder / "adapter_config.json").write_text("{}")
        adapter = Adapter(
            **{
                "files": self.shelf.reference(sorted(folder.iterdir())),
                "manifest_id": manifest.id,
                "readiness_id": ArtifactId("readiness-0"),
                "experiment_id": ExperimentId(1),
                "base_model": "tiny",
                "folder": place,
                "step": 6,
                "total_steps": 6,
                "base_eval_loss": 2.0,
                "eval_loss": 1.5,
                "final_train_loss": 1.4,
                **changed,
            }
        )
        self.put(adapter)
        return adapter

    def read(self, model: type[Artifact], job: Job) -> Any:
        assert job.artifact_id is not None, f"{job.kind} {job.status}: {job.error}"
        return self.shelf.read(model, job.artifact_id)


def plain_tokens(num_train: int = 8) -> dict[SplitName, Tokens]:
    example = ([5, 6, 7, 8], [0, 0, 1, 1])
    return {"train": [example] * num_train, "eval": [example] * 3, "test": [example] * 3}


def plain_rows(split: str, count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{split}-{number}",
            "messages": [
                {"role": "user", "content": f"question {number}"},
                {"role": "assistant", "content": f"answer {number}"},
            ],
            "label": None,
        }
        for number in range(count)
    ]


def write_shard(folder: Path, examples: Tokens, rows: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True)
    lengths = [len(ids) for ids, _ in examples]
    np.asarray([token for ids, _ in examples for token in ids], shard.TOKENS_DTYPE).tofile(folder / shard.TOKENS_FILE)
    np.asarray([bit for _, mask in examples for bit in mask], shard.MASK_DTYPE).tofile(folder / shard.MASK_FILE)
    np.asarray(np.cumsum([0, *lengths]), shard.OFFSETS_DTYPE).tofile(folder / shard.OFFSETS_FILE)
    np.asarray([3] * len(examples), shard.BYTES_DTYPE).tofile(folder / shard.BYTES_FILE)
    with ParquetTables().write(folder / shard.EXAMPLES_FILE, Example) as table:
        table.add([_example(row) for row in rows])


def _example(row: dict[str, Any]) -> Example:
    messages = tuple(Message(turn["role"], turn["content"]) for turn in row["messages"])
    task: Shape = "chat" if row["label"] is None else "classification"
    return Example(id=row["id"], task=task, messages=messages, label=row["label"], tools=row.get("tools"))


def describe(name: SplitName, examples: Tokens, folder: str) -> Split:
    return Split(
        name=name,
        num_examples=len(examples),
        num_tokens=sum(len(ids) for ids, _ in examples),
        num_trained_tokens=sum(sum(mask) for _, mask in examples),
        num_bytes=3 * len(examples),
        length_quantiles={},
        folder=folder,
    )


def extra_dataset(scene: Scene, labels: list[str], *, shape: str = "classification") -> Dataset:
    """A small dataset outside the splits, with true files."""
    rows = [{**row, "label": label} for row, label in zip(plain_rows("file", len(labels)), labels, strict=True)]
    draft = scene.shelf.draft()
    write_shard(draft / "x", [], rows)
    (draft / "x" / shard.EXAMPLES_FILE).rename(draft / "examples.parquet")
    files = scene.shelf.publish(draft, room="datasets")
    count = len(labels)
    dataset = Dataset.model_validate(
        {
            "files": files,
            "snapshot_id": "snapshot-0",
            "shape": shape,
            "plan_hash": "0",
            "tally": {"total": count, "accepted": count, "repaired": 0, "rejected": 0},
            "rejections": {},
            "repairs": {},
            "num_examples": count,
            "removed": {},
            "labels": tuple(sorted(set(labels))),
        }
    )
    scene.put(dataset)
    return dataset


def order_in(directory: Path) -> Order:
    return ORDER.validate_json((directory / ORDER_FILE).read_bytes())


def answering(answer: Callable[[Any, Path], Result]) -> Play:
    """A worker that answers every order at once."""

    def play(directory: Path, _attempt: int) -> int:
        leave_result(directory, answer(order_in(directory), directory))
        return 0

    return play


def leave_result(directory: Path, result: Result) -> None:
    (directory / RESULT_FILE).write_text(result.model_dump_json())


def journal(directory: Path, *records: dict[str, Any], torn: str = "") -> None:
    """Append journal records; `seq` goes on from what is there."""
    path = directory / LOG_FILE
    seq = path.read_bytes().count(b"\n") if path.exists() else 0
    with path.open("a") as stream:
        for number, record in enumerate(records, start=seq + 1):
            stream.write(json.dumps({"seq": number, "time": 1.0, "attempt": 1, **record}) + "\n")
        stream.write(torn)


def started(attempt: int = 1, **fields: Any) -> dict[str, Any]:
    return {"kind": "started", "device": "cpu", "attempt": attempt, "total_steps": 9, **fields}


def logged(step: int, **fields: Any) -> dict[str, Any]:
    plain = {"kind": "log", "step": step, "total_steps": 9, "epoch": 0.1, "loss": 1.0, "learning_rate": 1e-3}
    unknown = {"grad_norm": 1.0, "tokens_per_second": None, "samples_per_second": None, "memory_bytes": None}
    return {**plain, **unknown, "step_seconds": 0.1, **fields}


def saved(step: int, attempt: int = 1) -> dict[str, Any]:
    folder = f"checkpoints/step-{step}"
    return {"kind": "checkpoint", "step": step, "folder": folder, "eval_loss": 1.0, "is_best": True, "attempt": attempt}

"""An endpoint as users have it: a workspace, a server on a real port, releases of tiny bundles, and keys."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2
import uvicorn

from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from brewslm.api.server import listen
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings
from brewslm.core.artifacts.bundle import Bundle, Parity
from brewslm.core.artifacts.eval_report import EvalReport, GateOutcome, LossComparison
from brewslm.core.artifacts.release import Release, SmokeAnswer
from brewslm.core.evaluation.interval import Interval
from brewslm.core.ids import ArtifactId
from brewslm.core.job import JobStatus
from brewslm.core.project import Project
from brewslm.core.release import ReleaseRow
from brewslm.core.serving.host import ServingHost
from brewslm.core.wire.export import GGUF_FILE
from brewslm.services.recording import record_of
from brewslm.services.releases.book import enter_release
from brewslm.services.shelf import ProjectShelf

PATIENCE_SECONDS = 300.0


def parity() -> Parity:
    return Parity(
        num_examples=1,
        adapter_loss=1.0,
        merged_loss=1.0,
        largest_logprob_difference=0.0,
        same_greedy_tokens=True,
        tolerance=1e-3,
        passed=True,
    )


def evaluated(*, is_good: bool) -> EvalReport:
    gate = GateOutcome(name="own", sentence="It answers politely.", passed=is_good, seen="yes" if is_good else "no")
    return EvalReport(
        adapter_id=ArtifactId("adapter-0000000000000000"),
        manifest_id=ArtifactId("manifest-0000000000000000"),
        losses=(
            LossComparison(
                split="test",
                num_examples=10,
                num_tokens=20,
                base=2.0,
                tuned=1.0,
                delta=-1.0,
                interval=Interval(low=-1.1, high=-0.9),
                base_bits_per_byte=1.0,
                tuned_bits_per_byte=0.5,
                verdict="better",
            ),
        ),
        accuracy=(),
        answers=(),
        gates=(gate,),
        verdict="better",
    )


@dataclass
class Workspace:
    """A house with one project."""

    home: Path
    host: ServingHost | None = None
    """What takes the place of real processes."""
    house: House = field(init=False)
    project: Project = field(init=False)

    def __post_init__(self) -> None:
        (self.home / "config").mkdir(mode=0o700, parents=True)
        (self.home / "config" / "endpoints.yaml").write_text(f"queue_seconds: {PATIENCE_SECONDS}\n")
        self.house = open_house(Settings(home=self.home, is_offline=True), actor="api")
        if self.host is not None:
            self.house.fleet._host = self.host
        self.project = self.house.projects.create("support", base_model="brewslm-tiny-v1")

    def bundle(self, model: Path, report: EvalReport, *, note: str = "") -> Bundle:
        """Publish a folder as a bundle, or a GGUF file of 16 bits."""
        shelf = ProjectShelf(self.house.ports.storage, self.house.ports.store, self.project.id)
        draft, is_gguf = shelf.draft(), model.is_file()
        if is_gguf:
            shutil.copy(model, draft / GGUF_FILE)
        else:
            shutil.copytree(model, draft / "model")
        (draft / "bundle.json").write_text(f'{{"note": "{note}"}}')
        files = shelf.publish(draft, room="exports")
        return Bundle(
            files=files,
            adapter_id=ArtifactId("adapter-0000000000000000"),
            eval_report_id=report.id,
            format="gguf" if is_gguf else "huggingface",
            target="llama_cpp" if is_gguf else "transformers",
            quantization="f16" if is_gguf else None,
            folder="/".join(files[0].path.split("/")[:2]),
            dtype="f16" if is_gguf else "float32",
            parity=parity(),
        )

    def release(self, model: Path, *, note: str = "", is_good: bool = True, **handed_over: Any) -> ReleaseRow:
        """Register a folder as the next release candidate, with an evaluation whose one gate was passed or not."""
        report = evaluated(is_good=is_good)
        bundle = self.bundle(model, report, note=note)
        smoke = (SmokeAnswer(prompt="Hello!", answer="Hi.", num_tokens=2),)
        release = Release(bundle_id=bundle.id, runtime="test", smoke=smoke, **handed_over)
        now = self.house.ports.clock.now()
        with self.house.ports.storage.write() as transaction:
            job = transaction.jobs.add(project_id=self.project.id, kind="deploy", payload={}, created_at=now)
            transaction.jobs.change(job, status=JobStatus.CANCELLED)
            transaction.artifacts.add(record_of(report, job, parents=(), created_at=now))
            transaction.artifacts.add(record_of(bundle, job, parents=(report.id,), created_at=now))
            record = transaction.artifacts.add(record_of(release, job, parents=(bundle.id,), created_at=now))
            enter_release(transaction, record)
        return self.house.releases.list(self.project.id)[-1]

    def promote(self, row: ReleaseRow) -> ReleaseRow:
        return self.house.releases.promote(self.project.id, row.version, reason="a test wants it")

    def key(self) -> str:
        return self.house.keys.create(self.project.id, "test")[1]

    def reasons(self) -> list[str]:
        with self.house.ports.storage.read() as transaction:
            return [str(event.reason) for event in transaction.events.list(project_id=self.project.id)]


class Served:
    """A workspace behind a real server."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._listener = listen("127.0.0.1", 0)
        port = self._listener.getsockname()[1]
        app = create_app(workspace.house, hosts=allowed_hosts(port, host="127.0.0.1"))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self.address = f"http://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE_SECONDS)
        self.wait_until(lambda: not self.states(), "the end of the processes")

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"{what} did not come about: {self.states()}"
            time.sleep(0.02)

    def wait_ready(self, version: int) -> None:
        self.wait_until(lambda: (version, "ready") in self.states(), f"v{version}")

    def states(self) -> list[tuple[int, str]]:
        return [(one.version, one.state) for one in self.workspace.house.fleet.served(self.workspace.project.id)]

    def num_in_flight(self) -> int:
        return sum(one.num_in_flight for one in self.workspace.house.fleet.served(self.workspace.project.id))

    def ask(self, key: str, *, model: str = "support", **body: Any) -> httpx2.Response:
        asked = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8, "temperature": 0}
        headers = {"Authorization": f"Bearer {key}"}
        address = f"{self.address}/v1/chat/completions"
        return httpx2.post(address, json={**asked, **body}, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False)

"""Trainings as a job runs them, on the engine that their recipe names, without the stages before."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brewslm.adapters.engines.choice import ChosenEngine
from brewslm.adapters.engines.clusters import ConfiguredClusters
from brewslm.adapters.engines.local import LocalEngine
from brewslm.adapters.system.clock import SystemClock
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.result import TrainResult
from brewslm.services.jobs.supervision import Supervisor
from tests.unit.scene import Scene
from tests.worker import tiny
from tests.worker.tiny import write_base_model, write_split


class Watched:
    """The clock that users have, with something done at each of its rests."""

    def __init__(self, every: Callable[[], None]) -> None:
        real = SystemClock()
        self._real, self._every = real, every
        self.now, self.monotonic, self.boot_id = real.now, real.monotonic, real.boot_id

    def sleep(self, seconds: float) -> None:
        self._every()
        self._real.sleep(min(seconds, 0.1))


@dataclass
class Trained:
    """What a training came to."""

    result: TrainResult
    folder: Path
    ledger: Scene

    @property
    def attempt(self) -> int:
        return int(json.loads((self.folder / "attempt.json").read_text())["attempt"])

    @property
    def weights(self) -> bytes:
        (path,) = (self.folder / self.result.checkpoint).glob("*/*model.safetensors")
        return path.read_bytes()


def engine_of(home: Path, environment: Mapping[str, str] = os.environ) -> ChosenEngine:
    clusters = ConfiguredClusters(home, environment={**os.environ, **environment})
    return ChosenEngine(LocalEngine(environment=os.environ, num_threads=2), clusters)


def describe_slurm(home: Path, **settings: Any) -> None:
    describe(home, slurm=settings)


def describe(home: Path, **clusters: Any) -> None:
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "engines.yaml").write_text(json.dumps(clusters))


def train(
    home: Path,
    order: TrainOrder,
    engine: ChosenEngine,
    *,
    name: str = "exp-001",
    every: Callable[[Path], None] = lambda _folder: None,
) -> Trained:
    """Train under a supervisor; `every` is called with the run directory whenever it rests."""
    (home / "ledger").mkdir(parents=True, exist_ok=True)
    ledger = Scene(home / "ledger")
    clock: Any = Watched(lambda: every(home / "experiments" / name))
    ledger.clock = clock
    ledger.ports = ledger.ports_with(engine=engine, clock=clock)
    result = Supervisor(ledger.ports, ledger.claim("train"), home / "experiments").run(order, name=name)
    assert isinstance(result, TrainResult)
    return Trained(result, home / "experiments" / name, ledger)


def scene_in(folder: Path) -> tiny.Scene:
    base = write_base_model(folder / "base")
    train_folder = write_split(folder / "train", 40, seed=1)
    return tiny.Scene(base=base, train=train_folder, eval=write_split(folder / "eval", 12, seed=2), root=folder)


def once(condition: Callable[[Path], object], act: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return what does something the first time that a condition holds."""
    done: list[bool] = []

    def every(folder: Path) -> None:
        if not done and condition(folder):
            done.append(True)
            act(folder)

    return every


def has_checkpoint(folder: Path) -> bool:
    return any((folder / "checkpoints").glob("step-*"))


def marked(folder: Path) -> list[int]:
    """The processes of a run directory, by the mark in their environment."""
    mark = f"BREWSLM_WORKER_OF={folder.resolve()}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def ranks(folder: Path) -> dict[int, int]:
    """Rank to the id of its process, of those that train."""
    found = {}
    for pid in marked(folder):
        try:
            words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        rank = next((int(word[5:]) for word in words if word.startswith(b"RANK=")), None)
        if rank is not None and b"brewslm.worker" in command:
            found[rank] = pid
    return found

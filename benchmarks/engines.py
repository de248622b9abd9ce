"""What each engine costs and comes through: this machine, a Slurm and a Ray of two nodes, with the same tiny model.

    python -m benchmarks.engines                         every engine that can be had here
    python -m benchmarks.engines --engine slurm          one of them; repeatable

The clusters are real and begin and end with this command, each node in a network of its own: that takes root, Debian's
`slurm-wlm` and `munge`, and the extra `ray`. Times are from the journal, memory is PSS, which counts shared pages once.
A fault strikes once there is a checkpoint; the weights at the end are compared with an undisturbed training's.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.engine_sockets import Listener, listeners_in
from brewslm.adapters.engines.choice import ChosenEngine
from brewslm.core.wire.order import TrainOrder
from tests.journeys.faults import PLACEMENTS, Fault, local_faults, ray_faults, slurm_faults
from tests.journeys.supervised import Trained, describe, engine_of, has_checkpoint, marked, ranks, scene_in, train
from tests.worker.tiny import curve, records

SHORT = {"batch_size": 6, "total_steps": 8}
LONG = {"batch_size": 6, "total_steps": 150}
MEMORY_EVERY_SECONDS = 1.0
NUM_AT_ONCE = 4
ENGINES = ("local", "slurm", "ray")


@dataclass
class Rig:
    """An engine, and what can be asked and done around it."""

    name: str
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    faults: Callable[[], dict[str, Fault]] = local_faults
    """Made anew for each training, as each strikes once."""
    processes: Callable[[], list[int]] = list
    """Of the cluster itself and of what it has begun."""
    namespaces: tuple[str, ...] = ("",)
    """The networks that its processes are in; the empty name is this machine's own."""
    settle: Callable[[], None] = lambda: None
    """Have the cluster whole again."""
    has_token: bool = False

    def engine(self) -> ChosenEngine:
        return engine_of(self.home, self.environment)

    def all_processes(self, folder: Path) -> set[int]:
        """Return those of the cluster, and those of one training with its shim."""
        found = {*self.processes(), *marked(folder)}
        with contextlib.suppress(OSError, ValueError):
            found.add(int(json.loads((folder / "attempt.json").read_text())["shim_pid"]))
        return found


@dataclass
class Beside:
    """Looks at a training while it runs."""

    rig: Rig
    peak_bytes: int = 0
    num_processes: int = 0
    listeners: tuple[Listener, ...] = ()
    looked_at: float = 0.0

    def __call__(self, folder: Path) -> None:
        """Take the memory, and once both processes train, the sockets."""
        if time.monotonic() < self.looked_at + MEMORY_EVERY_SECONDS:
            return
        self.looked_at = time.monotonic()
        found = self.rig.all_processes(folder)
        if (used := sum(map(pss_bytes, found))) > self.peak_bytes:
            self.peak_bytes, self.num_processes = used, len(found)
        if not self.listeners and has_checkpoint(folder) and len(ranks(folder)) == 2:
            self.listeners = listeners_in(self.rig.namespaces, found, has_token=self.rig.has_token)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=ENGINES, action="append", help="repeatable; all that can be had by default")
    wanted = parser.parse_args().engine or list(ENGINES)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="brewslm-engines-") as folder, RIGS[name](Path(folder)) as rig:
            if rig is None:
                continue
            try:
                measure(rig)
            finally:
                end_all(rig)


def end_all(rig: Rig) -> None:
    """End what outlives this process, where it is interrupted."""
    for folder in rig.home.glob("*/experiments/exp-001"):
        rig.engine().cancel(folder, grace_seconds=0)


def measure(rig: Rig) -> None:
    """Print the table of one engine."""
    print(f"\n## {rig.name}\n\n| what | measured |\n|---|---|", flush=True)
    scene, placement = scene_in(rig.home), PLACEMENTS[rig.name]
    if idle := rig.processes():
        row("memory of the cluster at rest", f"{megabytes(sum(map(pss_bytes, idle)))}, {len(idle)} processes")

    def order(data: dict[str, int], **where: Any) -> TrainOrder:
        # Left to itself a worker takes the path that is faster at its start, and the two differ by rounding.
        return scene.order(data=data, placement=where, step_path="general", monitor={"log_every": 1})

    one = train(rig.home / "one", order(SHORT), rig.engine())
    two = train(rig.home / "two", order(SHORT, **placement), rig.engine())
    row("two processes against one on this machine", f"largest difference of a loss {difference(one, two):.1e}")
    beside = Beside(rig)
    whole = train(rig.home / "whole", order(LONG, **placement), rig.engine(), every=beside)
    row("submit to first step, two processes", f"{seconds_to_first(two):.1f} and {seconds_to_first(whole):.1f} s")
    row("memory while two processes train", f"{megabytes(beside.peak_bytes)}, {beside.num_processes} processes")
    for name in rig.faults():
        row(f"{name} {'down' if name == 'link' else 'killed'}", struck(rig, name, order(LONG, **placement), whole))
    at_once(rig, order(LONG, engine=rig.name))
    for listener in beside.listeners:
        row(f"listens: {listener.who}", f"{listener.where}: {listener.guard}")


def struck(rig: Rig, name: str, order: TrainOrder, whole: Trained) -> str:
    """Train with a fault, and say what came of it."""
    rig.settle()
    fault = rig.faults()[name]
    trained = train(rig.home / f"struck by {name}", order, rig.engine(), every=fault)
    if fault.struck_at is None:
        return "it ended before the fault could strike"
    steps = [one for one in records(trained.folder, "log") if one["attempt"] > 1]
    next_step = f"next step after {steps[0]['time'] - fault.struck_at:.1f} s" if steps else "no step after it"
    since = records(trained.folder, "started")[-1]["resumed_from_step"]
    is_equal = "equal" if trained.weights == whole.weights else "NOT EQUAL"
    return f"{next_step}, from step {since}, {trained.attempt} attempts; weights {is_equal} to the bit"


def at_once(rig: Rig, order: TrainOrder) -> None:
    """Train the same one after another and at once; all of them must come to the same weights."""
    rig.settle()
    began = time.monotonic()
    found = [train(rig.home / f"after-{number}", order, rig.engine()) for number in range(NUM_AT_ONCE)]
    one_by_one = time.monotonic() - began
    rig.settle()
    began, engine = time.monotonic(), rig.engine()
    with ThreadPoolExecutor(NUM_AT_ONCE) as pool:
        found += pool.map(lambda number: train(rig.home / f"once-{number}", order, engine), range(NUM_AT_ONCE))
    together = time.monotonic() - began
    num_done = sum(one.result.status == "completed" for one in found[NUM_AT_ONCE:])
    what = "the same weights" if len({one.weights for one in found}) == 1 else "weights that DIFFER"
    row(
        f"{NUM_AT_ONCE} experiments at once",
        f"{num_done} finish, {what}; {together:.0f} s, one after another {one_by_one:.0f} s",
    )


def difference(one: Trained, two: Trained) -> float:
    """Return how far two curves are apart, at most."""
    pairs = zip(curve(one.folder), curve(two.folder), strict=True)
    return max(
        abs(mine - yours)
        for (_, *losses), (_, *others) in pairs
        for mine, yours in zip(losses, others, strict=True)
        if mine is not None
    )


def seconds_to_first(trained: Trained) -> float:
    """Return how long it took from the order, which is written right before the submission, to the first step."""
    first = records(trained.folder, "log")[0]
    return float(first["time"]) - (trained.folder / "order.json").stat().st_mtime


def processes_in(namespace: str) -> list[int]:
    """Return what runs in a network: all of a node, also what hides its environment behind a title."""
    told = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True)  # noqa: S607
    return [int(word) for word in told.stdout.split()]


def pss_bytes(pid: int) -> int:
    """Return the memory of a process, of which what it shares with others counts by its share; 0 once it has gone."""
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def row(what: str, measured: str) -> None:
    print(f"| {what} | {measured} |", flush=True)


@contextlib.contextmanager
def local_rig(home: Path) -> Iterator[Rig | None]:
    yield Rig("local", home)


@contextlib.contextmanager
def slurm_rig(home: Path) -> Iterator[Rig | None]:
    from tests.fakes.slurm.cluster import MISSING, SlurmCluster, is_possible

    if not is_possible():
        print(f"\nno figures of Slurm: {MISSING}")
        yield None
        return
    cluster = SlurmCluster()
    try:
        describe(home, slurm={})
        yield Rig(
            "slurm",
            home,
            environment=cluster.environment,
            faults=lambda: slurm_faults(cluster),
            processes=cluster.all_processes,
            namespaces=tuple(map(cluster.namespace, cluster.addresses)),
            settle=cluster.clear,
        )
    finally:
        cluster.stop()


@contextlib.contextmanager
def ray_rig(home: Path) -> Iterator[Rig | None]:
    if os.geteuid() != 0 or importlib.util.find_spec("ray") is None:
        print("\nno figures of Ray: they take root, and the extra `ray`")
        yield None
        return
    from tests.fakes.ray_cluster import ray_cluster

    with ray_cluster(num_cpus=2) as cluster:
        assert cluster.network is not None
        spaces = tuple(cluster.network.namespace(number) for number in range(2))
        describe(home, ray={"address": cluster.address})
        yield Rig(
            "ray",
            home,
            environment=cluster.environment,
            faults=lambda: ray_faults(cluster),
            processes=lambda: [pid for space in spaces for pid in processes_in(space)],
            namespaces=spaces,
            has_token=True,
        )


RIGS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Rig | None]]] = {
    "local": local_rig,
    "slurm": slurm_rig,
    "ray": ray_rig,
}

if __name__ == "__main__":
    main()

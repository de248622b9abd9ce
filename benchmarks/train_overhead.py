"""What it costs to log, to watch and to measure the base beside the adapter: each as a share of a run's processor time.

    python -m benchmarks.train_overhead                   a 30M base, 60 steps of 8 rows, a record each step
    python -m benchmarks.train_overhead --rows 32         longer steps, so smaller shares

Watching is the real supervisor, with a SQLite ledger and the local engine: it starts the worker, reads its journal and
keeps its lease; the shim beside the worker counts too. Logging and the base are clocked inside a second worker.
"""

import argparse
import functools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.train.environments import peers_folder
from benchmarks.train.material import Material, prepare
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.rundir import LOG_FILE, ORDER_FILE

CLOCKED = "clocked.json"
SHARE = 0.01
"""Of a run's processor time: the promise for each of the three."""


def main() -> None:
    arguments = parse()
    if arguments.clocked_worker:
        clocked_worker(arguments.clocked_worker)
        return
    material = prepare(arguments.work, "30m")
    order = order_of(material, arguments)
    with tempfile.TemporaryDirectory() as folder:
        shares = clocked_shares(order, Path(folder) / "clocked") | watched_shares(order, Path(folder))
    print(f"{arguments.steps} steps of {arguments.rows} rows, a record every {arguments.log_every}:")
    for name, share in shares.items():
        print(f"  {name:44} {share:8.3%}  {'' if share < SHARE else 'over the promise'}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=peers_folder() / "work")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rows", type=int, default=8, help="of a step")
    parser.add_argument("--log-every", type=int, default=1)
    parser.add_argument("--clocked-worker", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def order_of(material: Material, arguments: argparse.Namespace) -> TrainOrder:
    order = material.order(total_steps=arguments.steps, batch_size=arguments.rows)
    data = order.recipe.data.model_copy(update={"gradient_accumulation_steps": 1})
    monitor = order.recipe.monitor.model_copy(update={"log_every": arguments.log_every})
    return order.model_copy(update={"recipe": order.recipe.model_copy(update={"data": data, "monitor": monitor})})


def clocked_shares(order: TrainOrder, folder: Path) -> dict[str, float]:
    """Run a worker whose parts are clocked."""
    folder.mkdir()
    (folder / ORDER_FILE).write_text(order.model_dump_json())
    subprocess.run([sys.executable, "-m", "benchmarks.train_overhead", "--clocked-worker", str(folder)], check=True)
    seconds = json.loads((folder / CLOCKED).read_text())
    return {name: seconds[name] / seconds["all"] for name in seconds if name != "all"}


def clocked_worker(folder: Path) -> None:
    """Train as the worker does, adding up the processor time of what is asked about."""
    from brewslm.worker.__main__ import read_order
    from brewslm.worker.dispatch import execute
    from brewslm.worker.journal import Journal
    from brewslm.worker.run import Run
    from brewslm.worker.train import loop
    from brewslm.worker.train.batch_baseline import SideBySide

    seconds: Counter[str] = Counter()

    def clocked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            began = time.process_time()
            try:
                return function(*args, **options)
            finally:
                seconds[name] += time.process_time() - began

        return call

    loop.write_log = clocked("logging", loop.write_log)
    loop.base_losses = clocked("base on the eval split, once", loop.base_losses)
    beside: Any = SideBySide
    beside.loss_of = clocked("base beside the adapter", beside.loss_of)
    loop.train = clocked("all", loop.train)
    execute(read_order(folder), Run(folder, 1, Journal(folder / LOG_FILE, attempt=1)))
    (folder / CLOCKED).write_text(json.dumps(seconds))


def watched_shares(order: TrainOrder, folder: Path) -> dict[str, float]:
    """Run a worker under the supervisor, and return what this process used.

    It is a share of the worker's processor time, and of the processors that the worker may use while it lives. On a
    quiet machine the two are alike; on a busy one the worker gets little of each second, which watching does not see.
    """
    from brewslm.adapters.engines.local import LocalEngine
    from brewslm.adapters.sql.storage import open_storage
    from brewslm.adapters.system.clock import SystemClock
    from brewslm.services.jobs.claim import Claim, take
    from brewslm.services.jobs.supervision import Supervisor
    from brewslm.worker.dispatch import num_threads
    from tests.unit.scene import Scene

    storage: Any = open_storage(folder / "ledger.db")
    scene = Scene(folder, storage=storage)
    ports = scene.ports_with(engine=LocalEngine(environment=os.environ), clock=SystemClock())
    queued = scene.queue("train")
    with storage.write() as transaction:
        job = take(transaction, queued, owner="benchmark", now=ports.clock.now())
    claim = Claim(ports, job, owner="benchmark", actor="benchmark")
    runs = folder / "experiments"
    (runs / "exp-1").mkdir(parents=True)
    began, used, of_children = time.monotonic(), time.process_time(), children_seconds()
    with claim.kept():
        Supervisor(ports, claim, runs).run(order, name="exp-1")
    used, lived = time.process_time() - used, time.monotonic() - began
    return {
        "watching, of the worker's processor time": used / (children_seconds() - of_children),
        "watching, of the worker's processors": used / (lived * num_threads()),
    }


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

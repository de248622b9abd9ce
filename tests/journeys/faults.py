"""What can be done to a training of two processes, and to what it runs on, engine by engine."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.ray_cluster import RayCluster
from tests.fakes.slurm.cluster import SlurmCluster
from tests.journeys.supervised import has_checkpoint, ranks

PLACEMENTS: dict[str, dict[str, Any]] = {
    "local": {"processes_per_node": 2},
    "slurm": {"engine": "slurm", "num_nodes": 2},
    "ray": {"engine": "ray", "num_nodes": 2},
}
"""Two processes; on clusters each on a node of its own."""


class Fault:
    """Strikes once, when both processes train and there is a checkpoint; what can be mended is, once they have gone."""

    def __init__(self, harm: Callable[[Path], None], mend: Callable[[], None] | None = None) -> None:
        self._harm, self._mend = harm, mend
        self.struck_at: float | None = None
        """Of the clock on the wall, as the journal's times are."""

    def __call__(self, folder: Path) -> None:
        """Look whether its time has come."""
        if self.struck_at is None:
            if has_checkpoint(folder) and len(ranks(folder)) == 2:
                self.struck_at = time.time()
                self._harm(folder)
        elif self._mend is not None and not ranks(folder):
            mend, self._mend = self._mend, None
            mend()


def kill_rank(number: int) -> Fault:
    return Fault(lambda folder: os.kill(ranks(folder)[number], signal.SIGKILL))


def kill_began(name: str) -> Fault:
    """Kill what `attempt.json` names: the shim, or what it has started."""
    return Fault(lambda folder: os.kill(json.loads((folder / "attempt.json").read_text())[name], signal.SIGKILL))


def local_faults() -> dict[str, Fault]:
    return {"first rank": kill_rank(0), "rank": kill_rank(1), "shim": kill_began("shim_pid")}


def slurm_faults(cluster: SlurmCluster) -> dict[str, Fault]:
    def renew(name: str) -> Fault:
        def harm(_folder: Path) -> None:
            cluster.kill_node(name)
            cluster.start_node(name)

        return Fault(harm)

    return {
        "rank": kill_rank(1),
        "first node": renew("n1"),
        "other node": renew("n2"),
        "link": Fault(lambda _folder: cluster.set_link("n2", "down"), lambda: cluster.set_link("n2", "up")),
        "shim": kill_began("shim_pid"),
    }


def ray_faults(cluster: RayCluster) -> dict[str, Fault]:
    network = cluster.network
    assert network is not None, "a cluster on the loopback has no link to cut"

    def mend() -> None:
        network.mend(1)
        cluster.renew(1)  # a node that the head has given up ends itself

    return {
        "rank": kill_rank(1),
        "node": Fault(lambda _folder: cluster.renew(1)),
        "link": Fault(lambda _folder: network.cut(1), mend),
        "driver": kill_began("worker_pid"),
        "shim": kill_began("shim_pid"),
        "head": Fault(lambda _folder: cluster.renew(0)),
    }

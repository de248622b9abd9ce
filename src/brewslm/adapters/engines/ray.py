"""What runs in a job of Ray, under the shim: it lets Ray Train place the processes of one attempt, and ends as they do.

It runs as `python -P -m brewslm.adapters.engines.ray RUN_DIRECTORY ATTEMPT PYTHON [INTERFACE]`, and asks for one Ray
Train worker a node, which starts the training's processes there. What they share is the run directory: no process of
the training has heard of Ray, and Ray restarts nothing by itself.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from brewslm.adapters.engines import gang, ranks
from brewslm.adapters.engines.local import num_cores, worker_environment
from brewslm.adapters.engines.placing import placement_of
from brewslm.adapters.engines.shim import MARK
from brewslm.core.errors import WorkerError
from brewslm.core.value import Value
from brewslm.core.wire.placement import Placement
from brewslm.core.wire.rundir import ExitCode

QUIET = {
    "RAY_TRAIN_V2_ENABLED": "1",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",  # how soon the end of a process is seen; the default is 2
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",  # an attempt that lost its node is ours to make again
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_DEDUP_LOGS": "0",
}


class Gang(Value):
    """What a Ray Train worker needs to know."""

    run_directory: str
    attempt: int
    python: str
    interface: str
    placement: Placement

    @property
    def folder(self) -> Path:
        """Where the nodes leave word for each other."""
        return gang.gang_folder(Path(self.run_directory), self.attempt)


def drive(asked: Gang) -> int:
    """Have the processes placed and run; return how that ended. Waits as long as the cluster has no room.

    Raises:
        ConnectionError: this process is not in a Ray cluster.
    """
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.backend import BackendConfig
    from ray.train.torch import TorchTrainer

    ray.init(address="auto", logging_level="warning")
    num_here, num_nodes = asked.placement.processes_per_node, asked.placement.num_nodes
    has_gpus = ray.cluster_resources().get("GPU", 0) > 0
    # `TorchConfig` would make a process group of its own, which loads torch once more on each node and listens on all
    # of its addresses; the processes below make theirs. `TorchTrainer` reads the name of a backend, whatever it is.
    no_group = BackendConfig()
    no_group.backend = "none"
    trainer = TorchTrainer(
        attend,
        train_loop_config=asked.model_dump(mode="json"),
        torch_config=no_group,
        scaling_config=ScalingConfig(
            num_workers=num_nodes,
            use_gpu=has_gpus,
            resources_per_worker={"CPU": num_here} | ({"GPU": num_here} if has_gpus else {}),
            placement_strategy="STRICT_SPREAD" if num_nodes > 1 else "PACK",
        ),
        run_config=RunConfig(
            name="ray",
            storage_path=str(asked.folder),
            failure_config=FailureConfig(max_failures=0, max_preemption_failures=0),
        ),
    )
    try:
        trainer.fit()
    except TrainingFailedError as error:
        sys.stderr.write(f"{error}\n")
    ray.shutdown()
    return gang.explained(gang.ends_in(asked.folder), asked.placement.num_processes)


def attend(config: dict[str, Any]) -> None:
    """Run the processes of this node; called by Ray Train, once on each.

    Raises:
        RuntimeError: one of them failed, here or on another node.
    """
    import ray
    from ray.train import get_context
    from ray.train.collective import broadcast_from_rank_zero

    asked = Gang.model_validate(config)
    node, num_here = get_context().get_world_rank(), asked.placement.processes_per_node
    address, network = _network(asked.interface, ray.util.get_node_ip_address())
    meeting = broadcast_from_rank_zero([address, ranks.free_port(address)] if node == 0 else None)
    place = gang.Place(
        first_rank=node * num_here,
        num_here=num_here,
        num_processes=asked.placement.num_processes,
        address=meeting[0],
        port=meeting[1],
    )
    own = worker_environment(os.environ, max(1, num_cores() // num_here))
    own |= network | {MARK: asked.run_directory}
    command = [asked.python, "-P", "-m", "brewslm.worker", asked.run_directory, str(asked.attempt)]
    if not gang.run_here(command, place, environment=own, folder=asked.folder):
        message = f"processes of node {node} ended; by rank: {gang.ends_in(asked.folder)}"
        raise RuntimeError(message)


def _network(interface: str, own_address: str) -> tuple[str, dict[str, str]]:
    """Return this node's address, and the environment that keeps gloo on its network.

    Left alone, gloo takes what the host's name resolves to, which is often the loopback.
    """
    address = ranks.address_of(interface) if interface else own_address
    name = interface or ranks.interface_to(address)
    own = {"GLOO_SOCKET_IFNAME": name} if name else {}
    return address, own | ({"NCCL_SOCKET_IFNAME": interface} if interface else {})


def main(arguments: list[str]) -> int:
    """Drive one attempt; return its exit code, a signal as a negative one."""
    run, attempt, python, *interface = arguments
    try:
        placement = placement_of(Path(run))
    except WorkerError as error:
        sys.stderr.write(f"{error}\n")
        return ExitCode.BAD_ORDER
    asked = Gang(
        run_directory=run, attempt=int(attempt), python=python, interface="".join(interface), placement=placement
    )
    os.environ.update(QUIET)
    shutil.rmtree(asked.folder, ignore_errors=True)
    asked.folder.mkdir()
    try:
        return drive(asked)
    finally:
        shutil.rmtree(asked.folder, ignore_errors=True)


if __name__ == "__main__":
    from brewslm.adapters.engines.ray import main as drive_by_name  # so that Ray finds `attend` by its module

    code = drive_by_name(sys.argv[1:])
    sys.stderr.flush()
    sys.exit(ranks.end_as(code))

"""A real Ray cluster for tests: each node a raylet with its helpers, in a network namespace of its own.

Ray forms a cluster of several nodes only on addresses that others can reach, so each node gets a network of its own,
joined to the others by a bridge that leads nowhere else. A cluster of one node is on the loopback.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

RAY = Path(sys.executable).with_name("ray")
START_SECONDS = 90.0
MOST_NODES = 4
"""That a network has room for, with those that join later."""
_MARK = "BREWSLM_TEST_CLUSTER"
_STORE_BYTES = 80 << 20
"""Of shared memory a node, the least that Ray takes is 75 MB."""


@dataclass
class Network:
    """Namespaces with an interface each, and a bridge that joins them to each other and to this machine."""

    name: str
    subnet: str
    num_nodes: int

    @property
    def here(self) -> str:
        return f"{self.subnet}.254"

    def namespace(self, number: int) -> str:
        return f"{self.name}-{number}"

    def host(self, number: int) -> str:
        return f"{self.subnet}.{number + 1}"

    def lay(self) -> None:
        _ip("link", "add", self.name, "type", "bridge")
        _ip("addr", "add", f"{self.here}/24", "dev", self.name)
        _ip("link", "set", self.name, "up")
        for number in range(self.num_nodes):
            space, outer = self.namespace(number), f"{self.name}v{number}"
            _ip("netns", "add", space)
            _ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("link", "set", outer, "master", self.name, "up")
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("-n", space, "addr", "add", f"{self.host(number)}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")

    def cut(self, number: int) -> None:
        """Take the cable of one node out."""
        _ip("link", "set", f"{self.name}v{number}", "down")

    def mend(self, number: int) -> None:
        _ip("link", "set", f"{self.name}v{number}", "up")

    def remove(self) -> None:
        for number in range(self.num_nodes):
            _ip("netns", "del", self.namespace(number), check=False)
        _ip("link", "del", self.name, check=False)


@dataclass
class Node:
    """One machine of a cluster, which is a process group here."""

    number: int
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End the machine at once: everything that runs on it, also what the training started."""
        for process in reversed(_tree(self.process)):
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()


@dataclass
class RayCluster:
    """A head and other nodes, with a token unless it is left out."""

    folder: Path
    token: str
    num_cpus: int = 1
    network: Network | None = None
    """None puts the one node on the loopback."""
    dashboard_port: int = 0
    gcs_port: int = 0
    nodes: list[Node] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Of the head."""
        return "127.0.0.1" if self.network is None else self.network.host(0)

    @property
    def address(self) -> str:
        """Of the dashboard."""
        return f"http://{self.host}:{self.dashboard_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What nodes, and those who use them, have in their environment."""
        guarded = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token} if self.token else {}
        only_here = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"} if self.network is None else {}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "RAY_USAGE_STATS_ENABLED": "0",
            _MARK: str(self.folder),
            **guarded,
            **only_here,
        }

    def start(self) -> None:
        """Start the head, and wait until its dashboard takes jobs."""
        self.dashboard_port, self.gcs_port = _free_ports(2)
        self._start_head()
        self._wait_for(1)

    def _start_head(self) -> None:
        self._start_node(
            "--head",
            f"--port={self.gcs_port}",
            f"--dashboard-host={self.host}",
            f"--dashboard-port={self.dashboard_port}",
        )

    def join(self) -> Node:
        """Let one more node join, and wait until the head counts it."""
        node = self._start_node(f"--address={self.host}:{self.gcs_port}")
        self._wait_for(len([one for one in self.nodes if one.process.poll() is None]))
        return node

    def renew(self, number: int) -> None:
        """Replace a node by a new one in its place; the head by a new head, which knows nothing, and new nodes."""
        numbers = [node.number for node in self.nodes] if number == 0 else [number]
        for node in [node for node in self.nodes if node.number in numbers]:
            node.kill()
        if number == 0:
            self._start_head()
            self._wait_for(1)
        for _ in numbers if number else numbers[1:]:
            self.join()

    def stop(self) -> None:
        """End everything that was started, also what broke away."""
        for node in reversed(self.nodes):
            node.kill()
        self.nodes.clear()
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()

    def processes(self) -> list[psutil.Process]:
        """All of this cluster, by a mark in their environment."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(_MARK) == str(self.folder):
                    found.append(process)
        return found

    def listeners(self, *ids: int) -> set[str]:
        """The addresses on which processes listen: those with these ids, or all of the cluster."""
        wanted = set(ids) or {process.pid for process in self.processes()}
        found = set()
        for number in (node.number for node in self.nodes):
            listed = subprocess.run(
                [*self._inside(number), "ss", "-Hltnp"], capture_output=True, text=True, check=True
            ).stdout
            for line in listed.splitlines():
                if any(f"pid={one}," in line for one in wanted):
                    found.add(line.split()[3].rsplit(":", 1)[0].strip("[]"))
        return found

    def _inside(self, number: int) -> list[str]:
        return [] if self.network is None else ["nsenter", f"--net=/run/netns/{self.network.namespace(number)}"]

    def _start_node(self, *options: str) -> Node:
        self.nodes = [node for node in self.nodes if node.process.poll() is None]
        number = next(one for one in range(MOST_NODES) if one not in {node.number for node in self.nodes})
        own = self.host if self.network is None else self.network.host(number)
        command = [
            *self._inside(number),
            str(RAY),
            "start",
            *options,
            f"--node-ip-address={own}",
            f"--num-cpus={self.num_cpus}",
            f"--object-store-memory={_STORE_BYTES}",
            f"--temp-dir={self.folder / 'ray'}" if number == 0 else "--log-style=record",
            "--disable-usage-stats",
            "--block",
        ]
        log = (self.folder / f"node-{number}.log").open("wb")
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=self.environment,
            cwd=self.folder,
            start_new_session=True,
        )
        log.close()
        self.nodes.append(Node(number, process))
        return self.nodes[-1]

    def _wait_for(self, num_nodes: int) -> None:
        from brewslm.adapters.engines.ray_jobs import RayJobs
        from brewslm.core.engines.settings import RaySettings
        from brewslm.core.errors import WorkerError

        settings = RaySettings(address=self.address, token_env="TOKEN", allow_without_token=not self.token)
        jobs = RayJobs(settings, {"TOKEN": self.token})
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(WorkerError):
                alive = [one for one in jobs.listed("/api/v0/nodes") if one.get("state") == "ALIVE"]
                if len(alive) >= num_nodes:
                    return
            said = "".join(path.read_text(errors="replace")[-3000:] for path in sorted(self.folder.glob("node-*.log")))
            assert self.nodes[-1].process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.2)


@contextlib.contextmanager
def ray_cluster(*, num_nodes: int = 2, token: str | None = None, num_cpus: int = 1) -> Iterator[RayCluster]:
    """A cluster; of one node it is on the loopback, of more each has a network namespace (which takes root)."""
    folder = Path(tempfile.mkdtemp(prefix="brewslm-ray-", dir="/tmp"))
    folder.chmod(0o755)
    name = f"bray{os.getpid() % 100_000}"
    network = (
        Network(name, f"10.{64 + os.getpid() % 64}.{os.getpid() // 64 % 250}", MOST_NODES) if num_nodes > 1 else None
    )
    cluster = RayCluster(folder, secrets.token_hex(32) if token is None else token, num_cpus, network)
    try:
        if network is not None:
            network.lay()
        cluster.start()
        for _ in range(num_nodes - 1):
            cluster.join()
        yield cluster
    finally:
        cluster.stop()
        if network is not None:
            network.remove()
        shutil.rmtree(folder, ignore_errors=True)


def _ip(*words: str, check: bool = True) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, (words, done.stderr)


def _tree(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        root = psutil.Process(process.pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()

"""Who listens around a training, and what keeps strangers out: only this machine reaches it, or it asks for a token.

What is said of Ray is tried out: each of its sockets is asked without a token, over HTTP or by one call of its own.
"""

import contextlib
import http.client
import re
import subprocess
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from brewslm.adapters.engines.exposure import is_loopback

ASK_SECONDS = 3.0
SLURM = ("slurmctld", "slurmd", "srun", "slurmstepd", "scrun")
CALLS = (
    "/ray.rpc.NodeInfoGcsService/CheckAlive",
    "/ray.rpc.NodeManagerService/GetNodeStats",
    "/ray.rpc.ReporterService/HealthCheck",
    "/ray.rpc.CoreWorkerService/NumPendingTasks",
    "/ray.rpc.ObjectManagerService/Pull",
    "/ray.rpc.RayletDriver/ClusterInfo",
)
"""One of each kind of Ray's servers; each harms nothing with an empty request."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Sockets of one kind of process that are guarded in one way."""

    who: str
    where: str
    guard: str


def listeners_in(namespaces: Collection[str], processes: Collection[int], *, has_token: bool) -> tuple[Listener, ...]:
    """Return who of some processes listens, and behind what.

    Args:
        namespaces: the networks to look into; the empty name is this machine's own.
        processes: whose sockets count.
        has_token: whether sockets that lie open are asked whether they want one.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    for space in namespaces:
        inside = ["nsenter", f"--net=/run/netns/{space}"] if space else []
        own = _own_address(inside)
        listed = subprocess.run([*inside, "ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
        for line in listed.splitlines():
            pid = next((int(one) for one in re.findall(r"pid=(\d+)", line) if int(one) in processes), None)
            if pid is None:
                continue
            address, port = line.split()[3].rsplit(":", 1)
            address, who = address.strip("[]"), _name(pid)
            reach = own if address in {"*", "0.0.0.0", "::"} else address.removeprefix("::ffff:")  # noqa: S104 - to read it
            guard = _guard(who, address, reach, int(port), has_token=has_token)
            found[who, _kind(address), guard] += 1
    return tuple(Listener(who, f"{num} on {kind}", guard) for (who, kind, guard), num in sorted(found.items()))


def _own_address(inside: list[str]) -> str:
    told = subprocess.run(
        [*inside, "ip", "-4", "-o", "addr", "show", "scope", "global"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"inet ([\d.]+)/", told)
    return found[1] if found else "127.0.0.1"


def _name(pid: int) -> str:
    """Return what people call a process."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "a process that has gone"
    program = words[0].rsplit("/", 1)[-1]
    if program in SLURM:
        return program
    if words[1:4] == ["-P", "-m", "brewslm.worker"]:
        return "a process of the training"
    script = next((word for word in words[1:] if word.endswith(".py")), words[0].split(" ")[0])
    return script.rsplit("/", 1)[-1].removesuffix(":") or "a process without a name"


def _kind(address: str) -> str:
    if is_loopback(address):
        return "the loopback"
    return "all addresses" if address in {"*", "0.0.0.0", "::"} else "the node's address"  # noqa: S104 - to read it


def _guard(who: str, address: str, reach: str, port: int, *, has_token: bool) -> str:
    if is_loopback(address):
        return "this machine alone"
    if who == "a process of the training":
        return "no token, the nodes' network has to be trusted"
    if who in SLURM:
        return "munge, which Slurm asks for by itself"
    return _asked(reach, port) if has_token else "nothing that is known"


def _asked(host: str, port: int) -> str:
    """Ask a socket of Ray without a token."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(host, port, timeout=ASK_SECONDS)
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        said = answer.read(200)
        connection.close()
        if answer.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            return "refuses without the token"
        is_metrics = said.startswith(b"# HELP")
        return "OPEN: tells its counters to everyone (Prometheus)" if is_metrics else f"OPEN: HTTP {answer.status}"
    return _called(host, port)


def _called(host: str, port: int) -> str:
    import grpc  # Ray brings it

    with grpc.insecure_channel(f"{host}:{port}", options=[("grpc.enable_http_proxy", 0)]) as channel:
        for name in CALLS:
            try:
                channel.unary_unary(name)(b"", timeout=ASK_SECONDS)
            except grpc.RpcError as error:
                code = error.code()
                if code is grpc.StatusCode.UNAUTHENTICATED:
                    return "refuses without the token"
                if code is not grpc.StatusCode.UNIMPLEMENTED:
                    return f"OPEN or silent: {code.name} for {name}"
            else:
                return f"OPEN: answers {name}"
    return "knows none of the calls that were tried"

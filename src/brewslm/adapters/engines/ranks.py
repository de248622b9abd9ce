"""The processes of one training, started together and ended together. The shim runs it as if it were the worker.

Standard library only and single-threaded, as the shim is. It runs as `python -S -E -s ranks.py local NUM COMMAND…` on
one machine, and in a job of Slurm as `ranks.py slurm NODES PER_NODE INTERFACE COMMAND…`, which has `srun` start
`ranks.py rank COMMAND…` once for each process. It ends as the process ended that explains the end of all.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

GRACE_SECONDS = 5.0
"""What the others get to end by themselves once one process has ended otherwise than well."""
STEP_SECONDS = 20.0
"""What `srun` gets to end the step once one of its processes has failed."""
PEER_LOST = 77
"""Exit code of a process that only says that another one does not answer; that of `core/wire/rundir.py`."""
TYPED = frozenset({64, 65, 71, 72, 73, 74, 75, 76})
"""Exit codes by which a worker says what happened."""
RANKS_FOLDER = "ranks"
"""In the run directory: how each process of a job of Slurm ended."""
LOOPBACK = "127.0.0.1"
PR_SET_PDEATHSIG = 1
SIOCGIFADDR = 0x8915


def explaining(ends: list[int]) -> int:
    """Return of the exit codes, in the order of the ends, the one that explains them; a signal is negative."""
    bad = [code for code in ends if code != 0]
    telling = [code for code in bad if code in TYPED or code < 0]
    return [*telling, *(code for code in bad if code != PEER_LOST), *bad, 0][0]


def end_as(code: int) -> int:
    """Return an exit code, or end this process by the signal that a negative one stands for."""
    if code < 0:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
        time.sleep(GRACE_SECONDS)
    return code


def start(command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start a process that dies with this one, and writes where this one does."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    parent = os.getpid()

    def die_with_parent() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        env={**os.environ, **environment},
        preexec_fn=die_with_parent,  # noqa: PLW1509 - safe: this process has one thread
    )


def free_port(address: str) -> int:
    """Return a port that nobody listens on at an address of this machine."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def send_all(processes: list["subprocess.Popen[bytes]"], number: int) -> None:
    """Send a signal to those that have not been waited for."""
    for one in processes:
        if one.returncode is None:
            with contextlib.suppress(OSError):
                os.kill(one.pid, number)


def forward(processes: list["subprocess.Popen[bytes]"], *numbers: int) -> None:
    """Hand signals on; so this process outlives those that it has started, and tells how they ended."""
    for number in numbers:
        signal.signal(number, lambda sent, _frame: send_all(processes, sent))


def run_here(num: int, command: list[str]) -> int:
    """Run so many processes on this machine, which speak to each other over loopback; return how they ended."""
    shared = {"WORLD_SIZE": str(num), "MASTER_ADDR": LOOPBACK, "MASTER_PORT": str(free_port(LOOPBACK))}
    shared["GLOO_SOCKET_IFNAME"] = shared["NCCL_SOCKET_IFNAME"] = loopback_interface()
    ranks: list[subprocess.Popen[bytes]] = []
    is_over = False

    def end_all(_signal: int, _frame: object) -> None:
        nonlocal is_over
        is_over = True
        send_all(ranks, signal.SIGKILL)

    signal.signal(signal.SIGALRM, end_all)
    forward(ranks, signal.SIGUSR1)
    signal.signal(signal.SIGTERM, lambda *_: None)  # the shim sends it to the whole group
    ranks += [start(command, {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}) for rank in range(num)]
    ends: list[int] = []
    while any(one.returncode is None for one in ranks):
        pid, status = os.waitpid(-1, 0)
        for one in ranks:
            if one.pid == pid:
                one.returncode = os.waitstatus_to_exitcode(status)
                if not (is_over and one.returncode == -signal.SIGKILL):
                    ends.append(one.returncode)
        if any(ends) and not is_over:
            signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
    return explaining(ends)


def loopback_interface() -> str:
    """Return the name of the interface that leads nowhere else."""
    names = [name for _, name in socket.if_nameindex()]
    return next((name for name in ("lo", "lo0") if name in names), names[0])


def run_by_slurm(num_nodes: int, per_node: int, interface: str, command: list[str]) -> int:
    """Have `srun` start the processes on the nodes of this job; return how they ended."""
    num, attempt = num_nodes * per_node, command[-1]
    shutil.rmtree(RANKS_FOLDER, ignore_errors=True)
    Path(RANKS_FOLDER).mkdir()
    address = LOOPBACK if num_nodes == 1 else address_of(interface) if interface else ""
    place = {"MASTER_ADDR": address, "MASTER_PORT": str(free_port(address)), "BREWSLM_INTERFACE": interface}
    step = [
        *("srun", f"--nodes={num_nodes}", f"--ntasks={num}", f"--ntasks-per-node={per_node}", "--distribution=block"),
        *("--kill-on-bad-exit=1", "--unbuffered", "--input=none", "--export=ALL", "--quiet"),
    ]
    if cores := os.environ.get("SLURM_CPUS_PER_TASK"):
        step.append(f"--cpus-per-task={cores}")
    started: list[subprocess.Popen[bytes]] = []
    forward(started, signal.SIGUSR1)
    signal.signal(signal.SIGTERM, lambda *_: None)
    started.append(start([*step, sys.executable, "-S", "-E", "-s", __file__, "rank", *command], place))
    code = wait_for_step(started[0], attempt)
    ends = ends_of(attempt)
    told = explaining(ends)
    if told in TYPED or told < 0:
        return told
    if len(ends) < num and code != 0:  # one vanished with its node, or never began
        return -signal.SIGKILL
    return told or code


def ends_of(attempt: str) -> list[int]:
    """Return how the processes of an attempt ended, in the order of the ends, as far as they could leave word."""
    found = sorted(Path(RANKS_FOLDER).glob(f"{attempt}-*"), key=lambda path: path.stat().st_mtime_ns)
    return [int(path.read_text(encoding="ascii")) for path in found]


def wait_for_step(step: "subprocess.Popen[bytes]", attempt: str) -> int:
    """Wait for `srun`; once a process has failed, not for long, as it waits for ever for a node that began anew."""
    deadline = None
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return step.wait(1.0)
        if deadline is None and any(ends_of(attempt)):
            deadline = time.monotonic() + STEP_SECONDS
        if deadline is not None and time.monotonic() >= deadline:
            step.kill()


def address_of(interface: str) -> str:
    """Return the IPv4 address of an interface of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        answer = fcntl.ioctl(asking.fileno(), SIOCGIFADDR, struct.pack("256s", interface.encode()[:15]))
    return socket.inet_ntoa(answer[20:24])


def interface_to(address: str) -> str:
    """Return the interface from which an address is reached; empty where that cannot be known."""
    if address == LOOPBACK:
        return loopback_interface()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((address, 9))
        own = asking.getsockname()[0]
    for _, name in socket.if_nameindex():
        with contextlib.suppress(OSError):
            # An address of this machine itself is reached over loopback, but has an interface that others reach.
            if address_of(name) == own:
                return name
    return ""


def run_rank(command: list[str]) -> int:
    """Be one task of a step of Slurm: start the worker in its place, and leave word of how it ended."""
    slurm = os.environ
    rank, num, attempt = slurm["SLURM_PROCID"], int(slurm["SLURM_NTASKS"]), command[-1]
    # The first process is on the node of `srun`, as that is the first one of the job.
    first = slurm.get("MASTER_ADDR") or slurm["SLURM_LAUNCH_NODE_IPADDR"]
    interface = slurm.get("BREWSLM_INTERFACE") or interface_to(first)
    place = {"RANK": rank, "WORLD_SIZE": str(num), "LOCAL_RANK": slurm["SLURM_LOCALID"], "MASTER_ADDR": first}
    if interface:
        place["GLOO_SOCKET_IFNAME"] = interface
    if slurm.get("BREWSLM_INTERFACE"):
        place["NCCL_SOCKET_IFNAME"] = interface
    threads = max(len(os.sched_getaffinity(0)) // (1 if slurm.get("SLURM_CPUS_PER_TASK") else _num_here()), 1)
    place["OMP_NUM_THREADS"] = place["MKL_NUM_THREADS"] = str(threads)
    started: list[subprocess.Popen[bytes]] = []
    forward(started, signal.SIGUSR1, signal.SIGTERM)
    started.append(start(command, place))
    code = started[0].wait()
    said = Path(RANKS_FOLDER, f".{attempt}-{rank}")
    said.write_text(str(code), encoding="ascii")
    said.replace(Path(RANKS_FOLDER, f"{attempt}-{rank}"))
    deadline = time.monotonic() + GRACE_SECONDS
    while code != 0 and time.monotonic() < deadline and len(list(Path(RANKS_FOLDER).glob(f"{attempt}-*"))) < num:
        time.sleep(0.1)
    return code if code >= 0 else 128 - code


def _num_here() -> int:
    """Return how many tasks of the step share this node."""
    return int(os.environ.get("SLURM_NTASKS_PER_NODE", "1"))


def main() -> int:
    """Read the command line and run."""
    kind, *rest = sys.argv[1:]
    if kind == "local":
        return end_as(run_here(int(rest[0]), rest[1:]))
    if kind == "slurm":
        return end_as(run_by_slurm(int(rest[0]), int(rest[1]), rest[2], rest[3:]))
    return run_rank(rest)


if __name__ == "__main__":
    sys.exit(main())

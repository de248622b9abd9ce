"""A Slurm of a controller and two nodes, each in a network of its own, joined by a bridge that nobody else reaches.

Needs root, and Debian's packages `slurm-wlm` and `munge`. What it starts ends with it.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MISSING = (
    "Slurm is missing, and these tests run on it: install it (Debian: `apt-get install slurm-wlm munge iproute2`), "
    "and run them as root"
)
NEEDED = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "ip", "nsenter", "unshare")
COMMANDS = ("sbatch", "squeue", "scancel", "scontrol", "sinfo")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NUM_NODES = 2
CONFIG = """
ClusterName=brewslm
SlurmctldHost=head({head})
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=10
InactiveLimit=0
KillWait=2
MinJobAge=30
MessageTimeout=5
SchedulerParameters=sched_min_interval=100000,bf_interval=1
SlurmdParameters=config_overrides
NodeName=n1 NodeAddr={n1} CPUs=4 State=UNKNOWN
NodeName=n2 NodeAddr={n2} CPUs=4 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def is_possible() -> bool:
    return os.geteuid() == 0 and all(shutil.which(name, path=SYSTEM_PATH) for name in NEEDED)


class SlurmCluster:
    """Started when made; `stop` ends it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="brewslm-slurm-"))
        self._mark = secrets.token_hex(3)
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        subnet = f"10.{100 + os.getpid() % 100}.{int(self._mark[:2], 16)}"
        self.addresses = {"head": f"{subnet}.1", "n1": f"{subnet}.11", "n2": f"{subnet}.12"}
        try:
            self._begin()
        except BaseException:
            self.stop()
            raise

    @property
    def environment(self) -> dict[str, str]:
        """What lets the commands of this process reach the cluster."""
        return {"PATH": f"{self.folder / 'bin'}:{SYSTEM_PATH}", "SLURM_CONF": str(self.folder / "slurm.conf")}

    def namespace(self, name: str) -> str:
        return f"bs{self._mark}{name}"

    def _begin(self) -> None:
        for name in self.addresses:
            _run("ip", "netns", "add", self.namespace(name))
            self._within(name, "ip", "link", "set", "lo", "up")
        self._within("head", "ip", "link", "add", "br0", "type", "bridge")
        self._within("head", "ip", "addr", "add", f"{self.addresses['head']}/24", "dev", "br0")
        self._within("head", "ip", "link", "set", "br0", "up")
        for name in ("n1", "n2"):
            ours = f"v{self._mark}{name}"
            # Made within, as a browser whose machine's links change breaks its connections off.
            ends = (ours, "type", "veth", "peer", "name", "eth0", "netns", self.namespace(name))
            self._within("head", "ip", "link", "add", *ends)
            self._within("head", "ip", "link", "set", ours, "master", "br0", "up")
            self._within(name, "ip", "addr", "add", f"{self.addresses[name]}/24", "dev", "eth0")
            self._within(name, "ip", "link", "set", "eth0", "up")
        self._write_files()
        munge = [f"--{key}={self.folder / value}" for key, value in _MUNGE.items()]
        self._daemons["munged"] = _start("munged", "--foreground", "--force", *munge)
        _wait_for((self.folder / "munge.socket").exists, "munge")
        self.start_controller()
        for name in ("n1", "n2"):
            self.start_node(name)
        _wait_for(lambda: self.asked("sinfo", "--noheader", "--format=%T %D") == f"idle {NUM_NODES}", "the nodes")

    def _write_files(self) -> None:
        (self.folder / "state").mkdir()
        (self.folder / "bin").mkdir()
        (self.folder / "munge.key").write_bytes(secrets.token_bytes(64))
        (self.folder / "munge.key").chmod(0o400)
        (self.folder / "slurm.conf").write_text(CONFIG.format(folder=self.folder, **self.addresses))
        for command in COMMANDS:
            path = self.folder / "bin" / command
            net = f"/run/netns/{self.namespace('head')}"
            path.write_text(f'#!/bin/sh\nexec nsenter --net={net} {shutil.which(command, path=SYSTEM_PATH)} "$@"\n')
            path.chmod(0o755)

    def start_controller(self) -> None:
        self._daemons["slurmctld"] = self._daemon("head", "slurmctld", "-D", "-f", str(self.folder / "slurm.conf"))
        _wait_for(lambda: "is UP" in self.asked("scontrol", "ping"), "the controller")

    def start_node(self, name: str) -> None:
        self._daemons[name] = self._daemon(name, "slurmd", "-D", "-N", name, "-f", str(self.folder / "slurm.conf"))

    def kill_controller(self) -> None:
        _kill(self._daemons.pop("slurmctld"))

    def kill_node(self, name: str) -> None:
        """Let a node die: its daemon and all processes in its network end at once."""
        _kill(self._daemons.pop(name))
        for pid in self.processes(name):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def processes(self, name: str) -> list[int]:
        told = subprocess.run(["ip", "netns", "pids", self.namespace(name)], capture_output=True, text=True, check=True)
        return [int(word) for word in told.stdout.split()]

    def all_processes(self) -> list[int]:
        """Return the daemons, and all that runs in the networks of the cluster."""
        return [self._daemons["munged"].pid, *(pid for name in self.addresses for pid in self.processes(name))]

    def set_link(self, name: str, state: str) -> None:
        """Set the only way to a node `up` or `down`."""
        self._within("head", "ip", "link", "set", f"v{self._mark}{name}", state)

    def listening(self, name: str) -> list[str]:
        """Return the addresses that processes of a node listen on."""
        told = self._within(name, "ss", "-Hltn")
        return [line.split()[3] for line in told.splitlines()]

    def asked(self, *command: str) -> str:
        """Return what a command of Slurm says; empty where it fails."""
        environment = {**os.environ, **self.environment}
        where = str(self.folder / "bin" / command[0])
        done = subprocess.run([where, *command[1:]], capture_output=True, text=True, env=environment, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    def clear(self) -> None:
        """End every job, and have all nodes idle again."""
        self.asked("scancel", "--user=root")
        for name in ("n1", "n2"):
            if name not in self._daemons:
                self.start_node(name)
            self.asked("scontrol", "update", f"nodename={name}", "state=resume")
        _wait_for(
            lambda: (
                not self.asked("squeue", "--noheader")
                and self.asked("sinfo", "--noheader", "--format=%T %D") == f"idle {NUM_NODES}"
            ),
            "the nodes",
        )

    def stop(self) -> None:
        self.asked("scancel", "--full", "--signal=KILL", "--user=root")
        for daemon in reversed(list(self._daemons.values())):
            _kill(daemon)
        for name in self.addresses:
            if Path("/run/netns", self.namespace(name)).exists():
                for pid in self.processes(name):
                    os.kill(pid, signal.SIGKILL)
                _run("ip", "netns", "del", self.namespace(name))
        shutil.rmtree(self.folder, ignore_errors=True)

    def _within(self, name: str, *command: str) -> str:
        return _run("nsenter", f"--net=/run/netns/{self.namespace(name)}", *command)

    def _daemon(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        script = 'hostname "$0" && exec "$@"'
        net = f"--net=/run/netns/{self.namespace(name)}"
        return _start("nsenter", net, "unshare", "--uts", "sh", "-c", script, name, *command)


_MUNGE = {
    "key-file": "munge.key",
    "socket": "munge.socket",
    "pid-file": "munge.pid",
    "log-file": "munge.log",
    "seed-file": "munge.seed",
}


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": SYSTEM_PATH})
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def _start(*command: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PATH": SYSTEM_PATH}
    nothing = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, env=environment)


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _wait_for(condition: Callable[[], object], what: str, *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)

"""The faults: what each does to a world, and how a world gets over it."""

import os
import random
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.chaos.world import World
from tests.fakes.small_disk import fill_disk
from tests.journeys.brew import is_worker

Phase = Literal["importing", "preparing", "training", "evaluating", "exporting"]
EVERY: tuple[Phase, ...] = ("importing", "preparing", "training", "training", "evaluating", "exporting")
TRAINING: tuple[Phase, ...] = ("training",)
STOPPED_SECONDS = 3.0

Heal = Callable[[], None]


def _nothing() -> None:
    """There is nothing to heal."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong once.

    `strike` returns what ends it, or None where there was nothing yet to strike, so that it is tried again.
    """

    name: str
    phases: tuple[Phase, ...]
    strike: Callable[[World, random.Random], Heal | None]
    hold_seconds: float = 0.0
    """How long it lasts."""
    is_exact: bool = True
    """Whether the model must equal that of an undisturbed life bit for bit."""
    least_learned: float = 0.999
    """The share of what an undisturbed life learns that must be learned nevertheless."""
    switches: dict[str, str] = field(default_factory=dict)
    """What is switched on before the life begins, for a fault within the training's own numbers."""
    needs_person: bool = False
    """Whether the life may have to be asked for again once the fault is over."""
    needs_root: bool = False
    """Whether a disk is mounted for it."""
    is_by_command: bool = False
    """Whether the life is led by commands, without a server."""


def kill_server(world: World, _random: random.Random) -> Heal | None:
    """Kill the server; somebody starts it again."""
    world.servers[-1].process.kill()
    world.servers[-1].process.wait(60)
    return _nothing


def kill_command(world: World, _random: random.Random) -> Heal | None:
    """Kill the command that does the work, as a closed terminal would."""
    if world.command is None or world.command.poll() is not None:
        return None
    world.command.kill()
    return _nothing


def kill_worker(world: World, random_: random.Random) -> Heal | None:
    """Kill the worker, its shim, or both."""
    attempt = world.newest_attempt()
    if attempt is None or not is_worker(attempt):
        return None
    for who in random_.choice([("worker_pid",), ("shim_pid",), ("shim_pid", "worker_pid")]):
        with suppress(ProcessLookupError):
            os.kill(attempt[who], signal.SIGKILL)
    return _nothing


def kill_both(world: World, random_: random.Random) -> Heal | None:
    """Kill server and worker at the same moment."""
    healed = kill_worker(world, random_)
    if healed is not None:
        kill_server(world, random_)
    return healed


def stop_server(world: World, _random: random.Random) -> Heal | None:
    """Freeze the server for a while."""
    process = world.servers[-1].process
    process.send_signal(signal.SIGSTOP)

    def go_on() -> None:
        process.send_signal(signal.SIGCONT)

    timer = threading.Timer(STOPPED_SECONDS, go_on)  # whoever waits for an answer meanwhile cannot heal it
    timer.start()

    def heal() -> None:
        timer.cancel()
        go_on()

    return heal


def stop_worker(world: World, _random: random.Random) -> Heal | None:
    """Freeze the worker for a while."""
    attempt = world.newest_attempt()
    if attempt is None or not is_worker(attempt):
        return None
    os.kill(attempt["worker_pid"], signal.SIGSTOP)

    def go_on() -> None:
        if is_worker(attempt):
            os.kill(attempt["worker_pid"], signal.SIGCONT)

    return go_on


def fill(world: World, random_: random.Random) -> Heal | None:
    """Fill the disk of the workspace."""
    ballast = fill_disk(world.home.parent, leave_kib=random_.choice([0, 4, 64, 512]))
    return lambda: ballast.unlink(missing_ok=True)


def make_read_only(world: World, random_: random.Random) -> Heal | None:
    """Refuse new files in one folder of the workspace, whoever writes."""
    folders = ["projects/1/experiments/exp-001/checkpoints", "projects/1/experiments/exp-001", "projects/1", "logs"]
    there = [world.home / name for name in folders if (world.home / name).is_dir()]
    if not there:
        return None
    folder = str(random_.choice(there))
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    refused = subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=False, capture_output=True).returncode
    if refused:  # somebody has just opened a file there for writing
        _unmount(folder)
        return None
    return lambda: _unmount(folder)


def _unmount(folder: str) -> None:
    subprocess.run(["umount", "--lazy", folder], check=True)


def lock_ledger(world: World, _random: random.Random) -> Heal | None:
    """Hold the database's write lock, as a backup or another program would."""
    if world.database is not None:
        return _lock_tables(world.database)
    connection = sqlite3.connect(
        f"file:{world.home / 'brewslm.db'}?mode=rw", uri=True, timeout=30, isolation_level=None
    )
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        connection.close()
        return None
    return connection.close


def _lock_tables(database: str) -> Heal | None:
    import psycopg

    connection = psycopg.connect(database)
    try:
        connection.execute("SET lock_timeout = '30s'")
        connection.execute("LOCK TABLE jobs, run_events, metrics IN EXCLUSIVE MODE")
    except psycopg.Error:  # there are no tables yet, or others held them too long
        connection.close()
        return None
    return connection.close


def end_database(world: World, _random: random.Random) -> Heal | None:
    """End the database as a crash does; somebody starts it again."""
    assert world.postgres is not None
    world.postgres.stop(signal.SIGQUIT)
    return world.postgres.start


def jump(world: World, random_: random.Random) -> Heal | None:
    """Set the clock of the server, and of those after it, to another time."""
    world.switch(clock_offset_seconds=random_.choice([-3 * 3600.0, 10 * 3600.0, 3 * 365 * 86400.0, -60.0]))
    return lambda: world.switch(clock_offset_seconds=random_.choice([0.0, 1800.0, -1800.0]))


def second_server(world: World, _random: random.Random) -> Heal | None:
    """Start another server on the same workspace; it may refuse, or work beside the first."""
    process = world.start("serve", "--port", "0")

    def end() -> None:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)

    return end


def truncate_checkpoint(world: World, random_: random.Random) -> Heal | None:
    """Kill the worker, and cut or change the checkpoint that it would go on from."""
    attempt = world.newest_attempt()
    found = sorted(world.home.glob("projects/1/experiments/exp-001/checkpoints/step-*/MANIFEST.json"))
    if attempt is None or not is_worker(attempt) or not found:
        return None
    os.kill(attempt["shim_pid"], signal.SIGKILL)
    os.kill(attempt["worker_pid"], signal.SIGKILL)
    files = (path for path in found[-1].parent.rglob("*") if path.is_file() and path.stat().st_size > 1)
    damage(random_.choice(sorted(files)), random_)
    return _nothing


def damage(path: Path, random_: random.Random) -> None:
    """Cut a file, or turn one of its bits."""
    data = bytearray(path.read_bytes())
    place = random_.randrange(len(data))
    if random_.random() < 0.5:
        path.write_bytes(data[:place])
    else:
        data[place] ^= 1 << random_.randrange(8)
        path.write_bytes(data)


def within(_world: World, _random: random.Random) -> Heal | None:
    """The training strikes itself: see `tests/chaos/worker.py`."""
    return _nothing


OF_PROCESSES = (
    Fault("kill -9 of the server", EVERY, kill_server),
    Fault("kill -9 of the command", EVERY, kill_command, is_by_command=True),
    Fault("kill -9 of the worker", ("training", "evaluating", "exporting"), kill_worker),
    Fault("kill -9 of server and worker", ("training", "evaluating", "exporting"), kill_both),
    Fault("server stopped for 3 s", EVERY, stop_server, hold_seconds=STOPPED_SECONDS),
    Fault("worker stopped for 2 s", ("training", "evaluating", "exporting"), stop_worker, hold_seconds=2),
    Fault("clock jumps", EVERY, jump, hold_seconds=2),
    Fault("two servers", EVERY, second_server, hold_seconds=8),
)
OF_MATTER = (
    Fault("full disk for 4 s", EVERY, fill, hold_seconds=4, needs_person=True, needs_root=True),
    Fault("read-only folder for 4 s", EVERY, make_read_only, hold_seconds=4, needs_person=True, needs_root=True),
    Fault("database lock held for 4 s", EVERY, lock_ledger, hold_seconds=4),
    Fault("damaged checkpoint", TRAINING, truncate_checkpoint),
    Fault("frozen step", TRAINING, within, switches={"fault": "frozen"}),
    # The rate is halved from there on, and a curve that falls ever more slowly has half its fall in half the steps.
    Fault(
        "NaN in the gradients", TRAINING, within, switches={"fault": "not_finite"}, is_exact=False, least_learned=0.5
    ),
    Fault("out of memory", TRAINING, within, switches={"fault": "out_of_memory"}, is_exact=False),
)
FAULTS = (*OF_PROCESSES, *OF_MATTER)
FAULTS_ON_POSTGRES = (*FAULTS, Fault("database gone for 2 s", EVERY, end_database, hold_seconds=2))

"""One server for a workspace, whatever happens to the processes that want to be it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from brewslm.adapters.system.filesystem import kind_of
from brewslm.adapters.system.leader import LOCK_FILE, lock_workspace
from brewslm.core.errors import ConflictError, WorkspaceError

RACE = """
import os, sys
from pathlib import Path
from brewslm.adapters.system.leader import lock_workspace
from brewslm.core.errors import ConflictError
begin, ends = os.pipe(), []
for _ in range(int(sys.argv[2])):
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(begin[1])
        os.read(begin[0], 1)  # ends when the parent closes the other end
        try:
            lock = lock_workspace(Path(sys.argv[1]))
            os.write(tell, b"leader")
            sys.stdin.read()
        except ConflictError:
            os.write(tell, b"refused")
        os._exit(0)
    os.close(tell)
    ends.append(told)
os.close(begin[1])
print([os.read(end, 10).decode() for end in ends].count("leader"), flush=True)
"""

HOLD = """
import sys
from pathlib import Path
from brewslm.adapters.system.leader import lock_workspace
lock = lock_workspace(Path(sys.argv[1]))
lock.tell("http://127.0.0.1:8000")
print("holds", flush=True)
sys.stdin.read()
"""


def start(code: str, *words: str) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", code, *words], text=True, **pipes)


def test_of_many_that_begin_at_once_one_leads(tmp_path: Path) -> None:
    with start(RACE, str(tmp_path), "20") as race:
        assert race.stdout is not None
        assert race.stdout.readline() == "1\n"


def test_a_stopped_leader_still_leads_and_a_dead_one_does_not(tmp_path: Path) -> None:
    with start(HOLD, str(tmp_path)) as leader:
        assert leader.stdout is not None
        assert leader.stdout.readline() == "holds\n"
        os.kill(leader.pid, signal.SIGSTOP)
        os.waitpid(leader.pid, os.WUNTRACED)
        with pytest.raises(
            ConflictError, match=rf"http://127\.0\.0\.1:8000, by process {leader.pid}.*kill {leader.pid}"
        ):
            lock_workspace(tmp_path)
        os.kill(leader.pid, signal.SIGCONT)
        with pytest.raises(ConflictError):
            lock_workspace(tmp_path)
        leader.kill()
        leader.wait()
        lock_workspace(tmp_path).release()


def test_a_leader_whose_file_was_removed_sees_it(tmp_path: Path) -> None:
    first = lock_workspace(tmp_path)
    (tmp_path / LOCK_FILE).unlink()
    assert not first.is_current()
    second = lock_workspace(tmp_path)
    assert second.is_current()
    assert not first.is_current()
    first.release()
    second.release()


def test_what_the_lock_says_may_be_torn(tmp_path: Path) -> None:
    lock = lock_workspace(tmp_path)
    for text in ("", "{", json.dumps({"pid": "x"})):
        (tmp_path / LOCK_FILE).write_text(text)
        with pytest.raises(ConflictError, match="another process already"):
            lock_workspace(tmp_path)
    lock.release()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="another workspace"):
        lock_workspace(tmp_path / "file" / "home")


def test_the_nearest_mount_says_the_kind() -> None:
    mounts = [
        ("/", "ext4"),
        ("/home", "nfs4"),
        ("/home/me/disk", "xfs"),
        ("/home/me/disk", "cifs"),
        ("/homes", "btrfs"),
    ]
    wanted = {"/var/x": "ext4", "/home/me": "nfs4", "/home/me/disk/w": "cifs", "/homes/you": "btrfs"}
    assert {folder: kind_of(Path(folder), mounts) for folder in wanted} == wanted

"""Publishing survives crashes, races and full disks."""

import os
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.files.artifact_store import FileArtifactStore
from brewslm.core.artifacts.base import FileRef
from brewslm.core.errors import DiskFullError
from brewslm.core.ids import ProjectId
from tests.fakes.small_disk import small_disk

ONE = ProjectId(1)
FILES = {"a": b"1" * 1000, "deep/er/b": b"2" * 1000, "deep/c": b"3"}


def draft_of(store: FileArtifactStore) -> Path:
    draft = store.draft(ONE)
    for name, content in FILES.items():
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).write_bytes(content)
    return draft


def publish(store: FileArtifactStore) -> tuple[FileRef, ...]:
    return store.publish(ONE, draft_of(store), room="datasets")


def num_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def die_at(number: int) -> None:
    """Let this process be killed when it is about to make its `number`-th change to the disk."""
    seen = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return wrapper

    for name in ("fsync", "rename", "mkdir", "fchmod", "rmdir", "unlink"):
        setattr(os, name, counted(getattr(os, name)))


def publish_and_die(workspace: Path, number: int) -> bool:
    """Publish in a process of its own that is killed at its `number`-th change; return whether it got through."""
    child = os.fork()
    if child == 0:
        try:
            store = FileArtifactStore(workspace)
            draft = draft_of(store)
            die_at(number)
            store.publish(ONE, draft, room="datasets")
        finally:
            os._exit(0)
    return not os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_kill_at_any_moment_leaves_the_whole_or_nothing(tmp_path: Path) -> None:
    reference = publish(FileArtifactStore(tmp_path / "reference"))
    outcomes = []
    for number in range(1, 60):
        workspace = tmp_path / str(number)
        got_through = publish_and_die(workspace, number)
        project = workspace / "projects" / "1"
        seen = [path for path in (project / "datasets").glob("*") if not path.name.startswith(".")]
        if seen:
            contents = {ref.path.split("/", 2)[2]: (project / ref.path).read_bytes() for ref in reference}
            assert contents == FILES
        outcomes.append(len(seen))
        assert publish(FileArtifactStore(workspace)) == reference, "the next attempt succeeds"
        if got_through:
            break
    else:
        pytest.fail("the process was killed every time")
    assert outcomes == sorted(outcomes)
    assert outcomes.count(0) > 8, "it was killed at many moments before the rename"
    assert outcomes.count(1) >= 2, "and after it"


def test_drafts_of_dead_processes_are_swept_away_and_others_are_kept(tmp_path: Path) -> None:
    publish_and_die(tmp_path, 3)
    project = tmp_path / "projects" / "1"
    (dead,) = project.glob(".draft-*")
    alive = draft_of(FileArtifactStore(tmp_path))
    assert dead.exists(), "young drafts are left alone"
    for draft in (dead, alive):
        os.utime(draft, (time.time() - 3600, time.time() - 3600))
    FileArtifactStore(tmp_path).draft(ONE)
    assert not dead.exists()
    assert (alive / "a").read_bytes() == FILES["a"]


def test_a_draft_is_given_up_by_removing_it(tmp_path: Path) -> None:
    store = FileArtifactStore(tmp_path)
    num_open = num_open_files()
    for _ in range(20):
        shutil.rmtree(draft_of(store))
    assert num_open_files() <= num_open + 1


def test_files_and_folders_are_durable_before_they_are_visible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileArtifactStore(tmp_path)
    draft = draft_of(store)
    steps: list[tuple[str, Path]] = []
    fsync, rename = os.fsync, os.rename

    def recorded_fsync(descriptor: int) -> None:
        steps.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def recorded_rename(source: Path, target: Path) -> None:
        steps.append(("rename", Path(target)))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "rename", recorded_rename)
    (ref, *_) = store.publish(ONE, draft, room="datasets")
    place = (tmp_path / "projects/1" / ref.path).parent
    visible_at = steps.index(("rename", place))
    before = {path for what, path in steps[:visible_at] if what == "fsync"}
    assert {draft, draft / "deep", draft / "deep/er", *(draft / name for name in FILES)} <= before
    assert tmp_path / "projects/1" in before, "the room itself is durable"
    assert ("fsync", place.parent) in steps[visible_at:]


def test_racing_publishers_of_equal_content_agree(tmp_path: Path) -> None:
    store = FileArtifactStore(tmp_path)
    barrier = threading.Barrier(6)
    answers: list[tuple[FileRef, ...]] = []

    def race() -> None:
        draft = draft_of(store)
        barrier.wait()
        answers.append(store.publish(ONE, draft, room="datasets"))

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert len(set(answers)) == 1
    assert len(list((tmp_path / "projects/1/datasets").iterdir())) == 1
    assert list((tmp_path / "projects/1").glob(".draft-*")) == []


@pytest.mark.parametrize("damage", ["truncate", "remove"])
def test_a_damaged_copy_is_replaced_and_kept_aside(tmp_path: Path, damage: str) -> None:
    store = FileArtifactStore(tmp_path)
    refs = publish(store)
    victim = tmp_path / "projects/1" / refs[0].path
    victim.unlink()
    if damage == "truncate":
        victim.write_bytes(b"1")
    assert publish(store) == refs
    assert victim.read_bytes() == FILES["a"]
    assert len(list((tmp_path / "projects/1/datasets").glob(".damaged-*"))) == 1


def test_folders_are_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        (ref, *_) = publish(FileArtifactStore(tmp_path / "workspace"))
    finally:
        os.umask(before)
    place = (tmp_path / "workspace/projects/1" / ref.path).parent
    for folder in (tmp_path / "workspace", tmp_path / "workspace/projects/1", place.parent, place):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def use_up_files(disk: Path) -> None:
    """Leave no room for another file or folder."""
    facts = os.statvfs(disk)
    subprocess.run(["mount", "-o", f"remount,nr_inodes={facts.f_files - facts.f_ffree}", disk], check=True)


def test_a_full_disk_removes_the_draft_and_names_the_folder(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_kib=1024) as disk:
        store = FileArtifactStore(disk)
        draft = draft_of(store)
        use_up_files(disk)
        with pytest.raises(DiskFullError, match="projects/1"):
            store.publish(ONE, draft, room="datasets")
        assert list((disk / "projects/1").iterdir()) == []


def test_a_full_disk_is_named_when_a_draft_begins(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_kib=1024) as disk:
        use_up_files(disk)
        with pytest.raises(DiskFullError, match=str(disk)):
            FileArtifactStore(disk).draft(ONE)

"""From a snapshot to a checkpoint on disk."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from brewslm.core.checkpoints.digests import Digest
from brewslm.core.checkpoints.manifest import Checkpoint, CheckpointManifest, FileEntry, folder_name
from brewslm.core.wire.rundir import LEASE_FILE, MANIFEST_FILE
from brewslm.worker.fence import Fence
from brewslm.worker.files import Disk, write_or_rewrite
from brewslm.worker.train.checkpoints.snapshot import Snapshot
from brewslm.worker.train.checkpoints.tensors import safetensors_pieces


def publish(root: Path, snapshot: Snapshot, *, fence: Fence, disk: Disk) -> Checkpoint:
    """Write a checkpoint aside, then make it visible under its step and attempt; returns when it is durable.

    Raises:
        NotFiniteError: a weight or a moment is not finite; nothing was written.
        SupersededError: a newer attempt has begun; nothing is visible.
        OSError: the disk is full, or reported errors again and again; nothing is visible.
    """
    health = snapshot.health()
    attempt, step = fence.attempt, snapshot.step
    aside, final = root / f".tmp-{attempt}-{step}", root / folder_name(step=step, attempt=attempt)
    visible: list[CheckpointManifest] = []

    def write() -> None:
        files = _write_files(disk, aside, snapshot)
        manifest = CheckpointManifest(
            step=step,
            attempt=attempt,
            eval_loss=snapshot.eval_loss,
            fingerprint=snapshot.fingerprint,
            health=health,
            files=files,
        ).sealed()
        _write(disk, aside / MANIFEST_FILE, [manifest.model_dump_json(indent=1).encode()])
        for folder in sorted({(aside / name).parent for name in files} | {aside}, reverse=True):
            disk.sync_folder(folder)
        fence.check()
        disk.rename(aside, final)
        visible.append(manifest)
        disk.sync_folder(root)
        disk.sync_folder(root.parent)

    def drop() -> None:
        if visible:
            visible.clear()
            disk.rename(final, aside)
        disk.remove(aside)

    drop()
    write_or_rewrite(write, drop=drop)
    return Checkpoint(final, visible[0])


def _write_files(disk: Disk, aside: Path, snapshot: Snapshot) -> dict[str, FileEntry]:
    disk.open(aside / LEASE_FILE).close()
    for name, content in snapshot.markers.items():
        _write(disk, aside / name, [content])
    files = {name: _write(disk, aside / name, [content]) for name, content in snapshot.plain.items()}
    for name, tensors in snapshot.tensors.items():
        files[name] = _write(disk, aside / name, safetensors_pieces(tensors))
    return files


def _write(disk: Disk, path: Path, pieces: Iterable[bytes | memoryview]) -> FileEntry:
    digest = Digest()
    with contextlib.closing(disk.open(path)) as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
        file.sync()
    return digest.entry()

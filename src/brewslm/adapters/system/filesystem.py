"""What kind of file system a folder is on."""

from pathlib import Path, PurePath

import psutil

from brewslm.core.errors import WorkspaceError

NETWORK_KINDS = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "ncpfs", "afs", "ceph", "lustre", "gpfs"}
    | {"beegfs", "glusterfs", "9p", "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone"}
)


def refuse_network(folder: Path) -> None:
    """Refuse a workspace on another machine's disk: SQLite's locks and shared memory do not hold there.

    Raises:
        WorkspaceError: it is on one.
    """
    mounts = [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    kind = kind_of(folder.resolve(), mounts)
    if kind in NETWORK_KINDS:
        message = (
            f"{str(folder)!r} is on a network file system ({kind}), where SQLite can lose data; "
            "set BREWSLM_HOME to a folder on a disk of this machine"
        )
        raise WorkspaceError(message)


def kind_of(folder: PurePath, mounts: list[tuple[str, str]]) -> str:
    """Return the kind of the file system that holds `folder`: that of the nearest mount, the last of several there."""
    above = [(len(PurePath(point).parts), kind) for point, kind in mounts if folder.is_relative_to(point)]
    deepest = max((depth for depth, _ in above), default=0)
    return next((kind for depth, kind in reversed(above) if depth == deepest), "")

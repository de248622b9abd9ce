"""Whether a checkpoint is what was saved, and if not, which file differs, how and where."""

from pathlib import Path

from brewslm.core.checkpoints.digests import BLOCK_BYTES, entry_of
from brewslm.core.checkpoints.manifest import (
    OPTIMIZER_FILE,
    RNG_FILE,
    STATE_FILE,
    Checkpoint,
    CheckpointManifest,
    DamagedError,
    FileEntry,
    read_manifest,
)


def verify(folder: Path, *, with_hashes: bool, part: str | None = None) -> Checkpoint:
    """Return the checkpoint in `folder`.

    Args:
        folder: of the checkpoint.
        with_hashes: read every file and compare its hash, not its size alone.
        part: the folder in it that is wanted, such as `adapter`; None is all that a resume needs.

    Raises:
        DamagedError: it is not what was saved.
    """
    manifest = read_manifest(folder)
    wanted = {name: entry for name, entry in manifest.files.items() if part is None or name.startswith(f"{part}/")}
    for name in (OPTIMIZER_FILE, RNG_FILE, STATE_FILE) if part is None else ():
        if name not in wanted:
            raise DamagedError(folder.name, name, "is not in its manifest")
    if not wanted:
        raise DamagedError(folder.name, f"{part}/", "is not in its manifest")
    for name, entry in wanted.items():
        problem = _problem(folder / name, entry, manifest, with_hashes=with_hashes)
        if problem:
            raise DamagedError(folder.name, name, problem)
    return Checkpoint(folder, manifest)


def _problem(path: Path, entry: FileEntry, manifest: CheckpointManifest, *, with_hashes: bool) -> str | None:
    try:
        if not with_hashes and path.is_file() and path.stat().st_size == entry.size_bytes:
            return None
        found = entry_of(path)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if found == entry:
        return None
    others = [name for name, other in manifest.files.items() if other == found]
    return f"holds what belongs into {others[0]}" if others else _difference(path, entry, found)


def _difference(path: Path, entry: FileEntry, found: FileEntry) -> str:
    """Say how a file differs; its blocks say where."""
    changed = [i for i, (ours, theirs) in enumerate(zip(found.blocks, entry.blocks, strict=False)) if ours != theirs]
    last = min(found.size_bytes, entry.size_bytes) // BLOCK_BYTES
    if found.size_bytes < entry.size_bytes and not [i for i in changed if i < last]:
        return f"is truncated at byte {found.size_bytes:,} of {entry.size_bytes:,}"
    if found.size_bytes != entry.size_bytes:
        return f"has {found.size_bytes:,} bytes instead of {entry.size_bytes:,}"
    begin = changed[0] * BLOCK_BYTES if changed else 0
    end = min(begin + BLOCK_BYTES, entry.size_bytes)
    with path.open("rb") as file:
        file.seek(begin)
        how = "was changed" if any(file.read(end - begin)) else "holds only zeros"
    return f"{how} between byte {begin:,} and byte {end:,}"

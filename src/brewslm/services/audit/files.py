"""Reading a file for the audit: as a stream, and never outside the project's folder."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from brewslm.core.artifacts.base import FileRef

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it is now."""

    size_bytes: int = 0
    sha256: str = ""
    obstacle: str | None = None
    """Why it could not be read; None where it could."""

    def problem_with(self, ref: FileRef) -> str | None:
        """Say how the file differs from what was recorded; None where it does not."""
        if self.obstacle is not None:
            return self.obstacle
        if self.size_bytes != ref.size_bytes:
            return f"it has {self.size_bytes:,} bytes, {ref.size_bytes:,} were recorded"
        if self.sha256 != ref.sha256:
            return "its content does not match its hash: changed after it was recorded"
        return None


def look_at(project_folder: Path, relative: str) -> Seen:
    """Hash the file; what stands in the way is part of the answer."""
    path = project_folder / relative
    if obstacle := _obstacle(project_folder, path):
        return Seen(obstacle=obstacle)
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        return Seen(obstacle=f"it cannot be read ({error.strerror})")
    return Seen(size_bytes=size, sha256=digest.hexdigest())


def fault_of(project_folder: Path, ref: FileRef) -> str | None:
    """Say why a file cannot be given out as it was recorded, without reading it; None where nothing is in the way."""
    path = project_folder / ref.path
    obstacle = _obstacle(project_folder, path)
    if obstacle is None and path.stat().st_size != ref.size_bytes:
        return f"it has {path.stat().st_size:,} bytes, {ref.size_bytes:,} were recorded"
    return obstacle


def _obstacle(project_folder: Path, path: Path) -> str | None:
    if not path.resolve().is_relative_to(project_folder.resolve()):
        return "it leads out of the project's folder"
    if not path.exists():
        return "it is missing"
    return None if path.is_file() else "it is not a file"

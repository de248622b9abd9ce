"""Artifacts' files in the workspace: content-addressed, published by one rename, read-only ever after."""

import os
import re
import secrets
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from brewslm.adapters.files.atomic import Seal, fsync_folder, make_folders, naming_full_disk, seal
from brewslm.adapters.files.drafts import PREFIX, Drafts
from brewslm.core.artifacts.base import FileRef
from brewslm.core.ids import ProjectId
from brewslm.core.value import sha256_of

_ROOM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class FileArtifactStore:
    """Implements `core.ports.artifact_store.ArtifactStore` in `<workspace>/projects/<id>/`."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = Path(workspace).absolute()
        self._drafts = Drafts()

    def project_folder(self, project_id: ProjectId) -> Path:
        """The project's folder; made where missing.

        Raises:
            DiskFullError: there was no space for it.
        """
        folder = self._workspace / "projects" / str(int(project_id))
        with naming_full_disk(self._workspace):
            self._workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_folders(folder, under=self._workspace)
        return folder

    def draft(self, project_id: ProjectId) -> Path:
        """A new empty folder on the same file system, invisible to readers.

        Raises:
            DiskFullError: there was no space for it.
        """
        folder = self.project_folder(project_id)
        with naming_full_disk(folder):
            return self._drafts.make(folder)

    def publish(self, project_id: ProjectId, draft: Path, *, room: str) -> tuple[FileRef, ...]:
        """Hash and fsync the draft's files and move it to `<room>/<hash>`; equal content is stored once.

        Raises:
            DiskFullError: there was no space; the draft is gone.
            ValueError: the draft is not one of this project, is empty, or holds something that is no regular file;
                or the name of the room is not made of plain names.
        """
        project = self.project_folder(project_id)
        draft = draft.absolute()
        if draft.parent != project or not draft.name.startswith(PREFIX):
            message = f"{str(draft)!r} is not a draft of project {project_id}"
            raise ValueError(message)
        if not _ROOM.fullmatch(room):
            message = f"{room!r} is not a plain folder name"
            raise ValueError(message)
        try:
            with naming_full_disk(project):
                sealed = _seal_all(draft)
                place = f"{room}/{_digest_of(sealed)}"
                refs = tuple(ref.model_copy(update={"path": f"{place}/{ref.path}"}) for ref in sealed)
                _move(draft, project / place, project, refs)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            self._drafts.release(draft)
        return refs

    def reference(self, project_id: ProjectId, paths: Sequence[Path]) -> tuple[FileRef, ...]:
        """Hash files that lie inside the project's folder already, and make them durable and read-only.

        Raises:
            ValueError: a path leaves the project's folder, or is no regular file.
        """
        project = self.project_folder(project_id).resolve()
        refs = []
        for path in paths:
            real = path.resolve()
            if not real.is_relative_to(project):
                message = f"{str(path)!r} is outside the folder of project {project_id}"
                raise ValueError(message)
            if not real.is_file():
                message = f"{str(path)!r} is not a file"
                raise ValueError(message)
            with naming_full_disk(project):
                sealed = seal(real)
            refs.append(_ref(real.relative_to(project).as_posix(), sealed))
        return tuple(refs)


def _seal_all(draft: Path) -> tuple[FileRef, ...]:
    """Seal every file of a draft, then its folders from the inside out; return refs relative to the draft, sorted."""
    refs = []
    for root, folders, files in os.walk(draft, topdown=False):
        here = Path(root)
        for name in (*folders, *files):
            mode = (here / name).lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                message = f"{name!r} in a draft is neither file nor folder"
                raise ValueError(message)
        for name in files:
            relative = PurePosixPath((here / name).relative_to(draft)).as_posix()
            refs.append(_ref(relative, seal(here / name)))
        fsync_folder(here)
    if not refs:
        message = "a draft without files cannot be published"
        raise ValueError(message)
    return tuple(sorted(refs, key=lambda ref: ref.path))


def _ref(path: str, sealed: Seal) -> FileRef:
    return FileRef(path=path, size_bytes=sealed.size_bytes, sha256=sealed.sha256, block_sha256=sealed.block_sha256)


def _digest_of(sealed: Sequence[FileRef]) -> str:
    return sha256_of([[ref.path, ref.sha256] for ref in sealed])[:16]


def _move(draft: Path, place: Path, project: Path, refs: Sequence[FileRef]) -> None:
    """Make the draft visible in one step. Where equal content is whole already, nothing moves."""
    make_folders(place.parent, under=project)
    if place.exists() and not _is_whole(project, refs):
        # The draft is the same content, and good: it takes the place, and what was found stays aside as evidence.
        place.rename(place.with_name(f".damaged-{place.name}-{secrets.token_hex(4)}"))
    if not place.exists():
        try:
            draft.rename(place)
        except OSError:
            # Another process published the same content a moment ago.
            if not (place.is_dir() and _is_whole(project, refs)):
                raise
    fsync_folder(place.parent)


def _is_whole(project: Path, refs: Sequence[FileRef]) -> bool:
    """Whether every file is there in its size; hashes are the audit's work."""
    return all(_size(project / ref.path) == ref.size_bytes for ref in refs)


def _size(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except OSError:
        return None

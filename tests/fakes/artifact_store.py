"""An artifact store without the care for power cuts: plain copies in a folder that the test gives."""

import hashlib
import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path

from brewslm.core.artifacts.base import FileRef
from brewslm.core.ids import ProjectId
from brewslm.core.value import sha256_of


class FolderArtifactStore:
    """Implements `ArtifactStore`. Files live on disk, because stages read them by path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    def project_folder(self, project_id: ProjectId) -> Path:
        folder = self._folder / "projects" / str(project_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def draft(self, project_id: ProjectId) -> Path:
        draft = self.project_folder(project_id) / f".draft-{next(self._numbers)}"
        draft.mkdir()
        return draft

    def publish(self, project_id: ProjectId, draft: Path, *, room: str) -> tuple[FileRef, ...]:
        if draft.parent != self.project_folder(project_id) or not draft.name.startswith(".draft-"):
            raise ValueError(f"{draft} is not a draft of project {project_id}")
        if any(not part or part.startswith(".") for part in room.split("/")):
            raise ValueError(f"{room!r} is not a plain folder name")
        try:
            return self._publish(project_id, draft, room)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def reference(self, project_id: ProjectId, paths: Sequence[Path]) -> tuple[FileRef, ...]:
        folder = self.project_folder(project_id).resolve()
        refs = []
        for path in paths:
            real = path.resolve()
            if not real.is_relative_to(folder) or not real.is_file():
                raise ValueError(f"{path} is not a file of project {project_id}")
            refs.append(_ref(real, folder))
        return tuple(refs)

    def _publish(self, project_id: ProjectId, draft: Path, room: str) -> tuple[FileRef, ...]:
        found = sorted(path for path in draft.rglob("*") if path.is_symlink() or not path.is_dir())
        if not found or any(path.is_symlink() or not path.is_file() for path in found):
            raise ValueError("a draft holds files, at least one")
        refs = sorted((_ref(path, draft) for path in found), key=lambda ref: ref.path)
        place = f"{room}/{sha256_of([[ref.path, ref.sha256] for ref in refs])[:16]}"
        target = self.project_folder(project_id) / place
        if not target.exists():
            shutil.copytree(draft, target)
            for ref in refs:
                (target / ref.path).chmod(0o444)
        return tuple(ref.model_copy(update={"path": f"{place}/{ref.path}"}) for ref in refs)


def _ref(path: Path, folder: Path) -> FileRef:
    content = path.read_bytes()
    return FileRef(
        path=path.relative_to(folder).as_posix(), size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )

"""Saved mappings: by name, in versions that never change, to be run on the next snapshot."""

import json
import os
import re
from pathlib import Path

from pydantic import ValidationError

from brewslm.core.artifacts.mapping import MappingPreview, MappingSpec
from brewslm.core.errors import ArtifactDamagedError, ConflictError, InvalidRequestError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value, sha256_of
from brewslm.services.ports import Ports
from brewslm.services.shelf import ProjectShelf

ROOM = "mappings"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FILE = re.compile(r"v([0-9]{4,9})\.json")


class SavedMapping(Value):
    """One version of a saved mapping."""

    name: str
    version: int
    """From 1."""
    spec_hash: str
    """SHA-256 of the mapping, 64 hex digits."""
    spec: MappingSpec


class Mappings:
    """The service."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ports."""
        self._ports = ports

    def save(self, project_id: ProjectId, name: str, spec: MappingSpec) -> SavedMapping:
        """Save a mapping as the next version of its name; one that is the newest version already is not saved again.

        Raises:
            NotFoundError: there is no such project.
            InvalidRequestError: the name cannot be one.
            ConflictError: another process has saved a version in the same moment.
        """
        folder = self._folder(project_id, name)
        plain = MappingSpec.model_validate({field: getattr(spec, field) for field in MappingSpec.model_fields})
        versions = self._versions(folder)
        made = SavedMapping(
            name=name,
            version=max(versions, default=0) + 1,
            spec_hash=sha256_of(plain.model_dump(mode="json")),
            spec=plain,
        )
        if versions:
            newest = self._read(folder, name, max(versions))
            if newest.spec_hash == made.spec_hash:
                return newest
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"v{made.version:04}.json"
        draft = folder / f".{target.name}.{os.getpid()}.partial"
        with draft.open("w", encoding="utf-8") as file:
            file.write(made.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, target)
        except FileExistsError:
            message = f"version {made.version} of {name!r} was saved in the same moment; save again"
            raise ConflictError(message) from None
        finally:
            draft.unlink()
        return made

    def save_preview(self, project_id: ProjectId, name: str, mapping_id: ArtifactId) -> SavedMapping:
        """Save the mapping that a dry run showed.

        Raises:
            NotFoundError: there is no such preview.
        """
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project_id)
        return self.save(project_id, name, shelf.read(MappingPreview, mapping_id).plan)

    def newest(self, project_id: ProjectId) -> tuple[SavedMapping, ...]:
        """List the newest version of every name.

        Raises:
            NotFoundError: there is no such project.
        """
        room = self._room(project_id)
        names = sorted(path.name for path in room.iterdir() if _NAME.fullmatch(path.name)) if room.is_dir() else []
        return tuple(self.get(project_id, name) for name in names if self._versions(room / name))

    def get(self, project_id: ProjectId, name: str, version: int | None = None) -> SavedMapping:
        """Return a version, by default the newest. `name@2` names a version too.

        Raises:
            NotFoundError: there is no such mapping or version.
        """
        plain, sign, wanted = name.partition("@")
        if sign and wanted.isdecimal() and len(wanted) <= 9:
            version = int(wanted)
        folder = self._folder(project_id, plain if sign and wanted.isdecimal() else name)
        versions = self._versions(folder)
        if not versions or (version is not None and version not in versions):
            known = ", ".join(one.name for one in self.newest(project_id)) or "none yet"
            which = f"version {version} of " if versions else ""
            message = f"there is no {which}mapping {name[:80]!r}; saved are: {known}"
            raise NotFoundError(message)
        return self._read(folder, folder.name, version or max(versions))

    def _room(self, project_id: ProjectId) -> Path:
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
        return self._ports.store.project_folder(project_id) / ROOM

    def _folder(self, project_id: ProjectId, name: str) -> Path:
        if not _NAME.fullmatch(name):
            message = f"{name[:80]!r} cannot name a mapping; use up to 64 letters, digits, - and _"
            raise InvalidRequestError(message)
        return self._room(project_id) / name

    @staticmethod
    def _versions(folder: Path) -> list[int]:
        if not folder.is_dir():
            return []
        return sorted(int(found.group(1)) for path in folder.iterdir() if (found := _FILE.fullmatch(path.name)))

    @staticmethod
    def _read(folder: Path, name: str, version: int) -> SavedMapping:
        path = folder / f"v{version:04}.json"
        try:
            found = SavedMapping.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, ValidationError) as error:
            message = f"version {version} of the mapping {name!r} cannot be read; save it again"
            raise ArtifactDamagedError(message) from error
        if sha256_of(found.spec.model_dump(mode="json")) != found.spec_hash:
            message = f"version {version} of the mapping {name!r} does not match its hash; save it again"
            raise ArtifactDamagedError(message)
        return found

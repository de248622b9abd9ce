"""From a `brew.py` or a `brewslm.yaml` to what it asks for."""

import hashlib
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from brewslm.core.brew.ports import CodeLoader
from brewslm.core.brew.talk import Broken
from brewslm.core.brew.trainer import CODE_FILE, TEXT_FILE, BrewManifest, Trainer
from brewslm.core.errors import NotFoundError, UserCodeError
from brewslm.services.brewing.project_file import read_project_file

Stamp = tuple[tuple[Path, int, int], ...]

WHAT_TO_WRITE = (
    f"write a {CODE_FILE} with `brew = create_brew(trainer=create_trainer(name=…, dataset=…))`; "
    "docs/code-first.md has a whole one"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says, and which files that came from."""

    file: Path
    trainer: Trainer | None
    problem: UserCodeError | None
    files: tuple[Path, ...]
    stamp: Stamp

    @property
    def changed_at(self) -> datetime:
        """When the newest of the files was changed."""
        newest = max((changed for _, changed, _ in self.stamp), default=0)
        return datetime.fromtimestamp(newest / 1e9, UTC)

    def wanted(self) -> Trainer:
        """Return the trainer, or raise what is wrong with the file."""
        if self.trainer is None:
            raise self.problem or UserCodeError(f"{self.file.name} defines no trainer; {WHAT_TO_WRITE}")
        return self.trainer

    def manifest(self) -> BrewManifest:
        """Return what `brewslm build` writes, or raise what is wrong with the file."""
        folder = self.file.parent
        sources = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in self.files
        }
        return BrewManifest(file=self.file.name, trainer=self.wanted(), sources=sources)


class BrewReader:
    """Reads files, and each again only when it, or what it imports from its folder, has changed."""

    def __init__(self, loader: CodeLoader) -> None:
        """Nothing is read yet."""
        self._loader = loader
        self._guard = threading.Lock()
        self._known: dict[Path, Reading] = {}

    def read(self, file: Path) -> Reading:
        """Return what the file says now."""
        with self._guard:
            known = self._known.get(file)
            if known is None or stamp_of(known.files) != known.stamp:
                self._known[file] = known = self._read(file)
            return known

    def _read(self, file: Path) -> Reading:
        before = stamp_of([file])
        if file.suffix != ".py":
            trainer, problem = _read_text(file)
            return Reading(file, trainer, problem, (file,), before)
        with self._loader.load(file, is_printing=False) as code:
            opening = code.opening()
        files = tuple(dict.fromkeys([file, *map(Path, opening.files)]))
        stamp = before + stamp_of(files[1:])
        if isinstance(opening, Broken):
            return Reading(file, None, UserCodeError(opening.error, traceback=opening.traceback), files, stamp)
        return Reading(file, opening.trainer, None, files, stamp)


def file_at(path: Path) -> Path | None:
    """Return the file that counts at a path: itself, or `brew.py`, else `brewslm.yaml` of a folder."""
    if path.is_dir():
        return next((path / name for name in (CODE_FILE, TEXT_FILE) if (path / name).is_file()), None)
    return path if path.is_file() else None


def file_needed(path: Path) -> Path:
    """Return the file that counts at a path.

    Raises:
        NotFoundError: there is none.
    """
    path = path.absolute()
    file = file_at(path)
    if file is None:
        what = (
            f"{str(path)!r} holds no {CODE_FILE} and no {TEXT_FILE}" if path.is_dir() else f"there is no {str(path)!r}"
        )
        raise NotFoundError(f"{what}; {WHAT_TO_WRITE}")
    return file.resolve()


def stamp_of(files: "tuple[Path, ...] | list[Path]") -> Stamp:
    """Return what changes when one of the files does."""
    found = []
    for file in files:
        try:
            facts = file.stat()
        except OSError:
            found.append((file, 0, -1))
        else:
            found.append((file, facts.st_mtime_ns, facts.st_size))
    return tuple(found)


def _read_text(file: Path) -> tuple[Trainer | None, UserCodeError | None]:
    try:
        found = read_project_file(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return None, UserCodeError(f"{file.name} cannot be read: {error}")
    if found.file is None:
        return None, UserCodeError(f"{file.name}, {'; '.join(found.problems)}; correct it")
    if parts := found.file.declared:
        message = (
            f"{file.name} sets {', '.join(parts)}, which `brewslm manifest apply {file.name}` carries out; then "
            "`brewslm train` launches its plan"
        )
        return None, UserCodeError(message)
    return found.file.trainer, None


def problems_of(error: ValidationError) -> str:
    """Return all that is wrong, in one line."""
    return "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg'].removeprefix('Value error, ')}"
        for one in error.errors()
    )

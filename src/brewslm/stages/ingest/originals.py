"""The untouched bytes of a source, taken into the snapshot."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from brewslm.core.errors import CancelledError, SourceError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.source import OpenedSource, SourceFile


def keep_originals(
    source: OpenedSource, folder: Path, *, fetched: Path, is_cancelled: Callable[[], bool]
) -> tuple[SourceFile, ...]:
    """Copy the files into `folder` under their names, or move them there from `fetched`; return them as they lie now.

    Raises:
        SourceError: a name leaves the folder or is there twice, or a file cannot be read.
        CancelledError: `is_cancelled` said so between two files.
        OSError: the disk is full.
    """
    kept: list[SourceFile] = []
    places: set[Path] = set()
    for file in source.files:
        if is_cancelled():
            raise CancelledError(f"Reading {source.name!r} was cancelled.")
        place = folder / _safe(file.name)
        if place in places:
            message = f"The source has two files called {file.name!r}. Rename one of them."
            raise SourceError(message, reason=Reason.INGESTION_UNREACHABLE)
        places.add(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        _take(file, place, fetched)
        kept.append(file.model_copy(update={"path": place}))
    return tuple(kept)


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
        message = f"{name!r} is not a name under which a file of a source can be kept."
        raise SourceError(message, reason=Reason.INGESTION_UNREACHABLE)
    return path


def _take(file: SourceFile, place: Path, fetched: Path) -> None:
    try:
        if file.path.is_relative_to(fetched) and not file.path.is_symlink():
            file.path.rename(place)
        else:
            shutil.copyfile(file.path, place)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        message = f"{file.name!r} cannot be read: {error.strerror}. Check disk and permissions."
        raise SourceError(message, reason=Reason.INGESTION_IO_ERROR) from error

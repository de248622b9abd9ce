"""The files of an order, with archives opened."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

from brewslm.stages.ingest.archives import ArchiveLimits, is_archive, unpack
from brewslm.stages.ingest.formats.choice import DOCUMENTS, SUFFIXES
from brewslm.stages.ingest.parser.order import OrderedFile


@dataclass(frozen=True, slots=True)
class ToParse:
    """A file that is no archive."""

    path: Path
    name: str
    split: str | None
    num_bytes: int
    is_from_archive: bool = False


def opened_files(
    ordered: tuple[OrderedFile, ...], scratch: Path, notes: list[str], still_here: Callable[[str], None]
) -> tuple[ToParse, ...]:
    """Unpack what is an archive into `scratch`, and note what is left out of it.

    `still_here` hears again and again that the archive of this name is being unpacked.

    Raises:
        SourceError: an archive is unsafe, damaged, empty or beyond a limit.
    """
    found: list[ToParse] = []
    for number, file in enumerate(ordered):
        path = Path(file.path)
        if not is_archive(path):
            found.append(ToParse(path, file.name, file.split, path.stat().st_size))
            continue
        folder = scratch / f"unpacked-{number}"
        members = unpack(
            path,
            file.name,
            folder,
            ArchiveLimits(),
            is_cancelled=partial(_go_on, still_here, file.name),
            on_skipped=lambda name: notes.append(f"left out: {name!r} is hidden, or made by a system"),
        )
        inside = [
            ToParse(member.path, member.name, file.split, member.path.stat().st_size, is_from_archive=True)
            for member in members
        ]
        found += _without_companions(inside, notes)
    return tuple(found)


def _go_on(still_here: Callable[[str], None], name: str) -> bool:
    """Never stop: this process is killed where the user says so."""
    still_here(name)
    return False


def _without_companions(files: list[ToParse], notes: list[str]) -> list[ToParse]:
    """Leave out documents beside tables, such as a README or a licence: they are about the data, not of it."""
    formats = [SUFFIXES.get(PurePath(file.name).suffix.lower()) for file in files]
    if not any(format_ is not None and format_ not in DOCUMENTS for format_ in formats):
        return files
    kept: list[ToParse] = []
    for file, format_ in zip(files, formats, strict=True):
        if format_ is None or format_ in DOCUMENTS:
            notes.append(f"left out: {file.name!r} is a document beside tables")
        else:
            kept.append(file)
    return kept

"""Bundles as folders: checking one against its own list, and copying one out of the workspace."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from brewslm.core.errors import ArtifactDamagedError, ConflictError, NotFoundError

SUMS_FILE = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class BundleCheck:
    """What a check of a bundle found."""

    num_files: int
    num_bytes: int
    problems: tuple[str, ...]


def check_bundle(folder: Path) -> BundleCheck:
    """Hash every file that the bundle lists, and look for files that it does not list.

    Raises:
        NotFoundError: there is no bundle.
    """
    sums = folder / SUMS_FILE
    if not sums.is_file():
        message = f"{str(folder)!r} holds no {SUMS_FILE}; name the folder of a bundle"
        raise NotFoundError(message)
    listed: set[str] = set()
    problems: list[str] = []
    num_bytes = 0
    for number, line in enumerate(sums.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if not _is_inside(name) or len(digest) != 64:
            problems.append(f"{SUMS_FILE} line {number} is no checksum of a file in the bundle")
            continue
        listed.add(name)
        path = folder / name
        if not path.is_file() or path.is_symlink():
            problems.append(f"{name} is missing")
            continue
        num_bytes += path.stat().st_size
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                problems.append(f"{name} does not match its checksum")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    problems += [f"{name} is not listed in {SUMS_FILE}" for name in sorted(found - listed - {SUMS_FILE})]
    return BundleCheck(num_files=len(listed), num_bytes=num_bytes, problems=tuple(problems))


def refuse_taken(output: Path) -> None:
    """Refuse a place that is taken, before any work is done.

    Raises:
        ConflictError: something is there already.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        message = f"{str(output)!r} exists already; name a new folder"
        raise ConflictError(message)


def copy_bundle(folder: Path, output: Path) -> None:
    """Copy a bundle; the new folder appears only when the copy is whole.

    Raises:
        ConflictError: the place is taken.
        ArtifactDamagedError: the copy does not match its checksums.
    """
    refuse_taken(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    draft = output.with_name(f".{output.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        shutil.copytree(folder, draft, copy_function=shutil.copyfile)
        check = check_bundle(draft)
        if check.problems:
            message = f"the copy of {str(folder)!r} is damaged: {check.problems[0]}; run `brewslm artifacts verify`"
            raise ArtifactDamagedError(message)
        if output.exists():
            output.rmdir()
        draft.replace(output)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts

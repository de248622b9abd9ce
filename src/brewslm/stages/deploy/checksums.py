"""Whether a bundle still holds what was exported."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding


def damage_of(bundle: Bundle, path_of: Callable[[str], Path]) -> Finding | None:
    """Hash every file; None where all of them are whole. `path_of` says where a file of the project lies."""
    for file in bundle.files:
        path, problem = path_of(file.path), "is missing"
        if path.is_file():
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256:
                    continue
            problem = "does not match its checksum"
        return Finding(
            check="checksums",
            level="block",
            seen=f"{file.path!r} {problem}.",
            next_step="Export again, then deploy.",
            reason=Reason.EXPORT_CHECKSUM_MISMATCH,
        )
    return None

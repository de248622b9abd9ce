"""Whether a bundle still holds what was exported."""

import hashlib
from pathlib import Path

from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding


def damage_of(bundle: Bundle, project_folder: Path) -> Finding | None:
    """Hash every file; None where all of them are whole."""
    for file in bundle.files:
        path, problem = project_folder / file.path, "is missing"
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

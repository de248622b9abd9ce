"""Whether the files of a model hold what they must."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from brewslm.core.serving.order import ServedFile
from brewslm.serving.failure import RefusedError


def check_files(files: Sequence[ServedFile]) -> None:
    """Hash every file.

    Raises:
        RefusedError: one is missing or differs.
    """
    for file in files:
        problem = "is missing"
        path = Path(file.path)
        if path.is_file():
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256:
                    continue
            problem = "does not match its checksum"
        raise RefusedError(f"{path.name!r} of the bundle {problem}; export again, then deploy", is_damaged=True)

"""Which weights a candidate had, so that a benchmark can be done again."""

import hashlib
import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}")


def model_hash(folder: Path) -> str:
    """Return the commit under which a hub's cache keeps the model, else a SHA-256 over its files, 64 hex digits."""
    if folder.parent.name == "snapshots" and _COMMIT.fullmatch(folder.name):
        return folder.name
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        with path.open("rb") as stream:
            digest.update(f"{path.name}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()

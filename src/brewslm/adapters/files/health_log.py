"""`agent_health.yaml`: one document a round, the newest at the end, never larger than it may be."""

import errno
from pathlib import Path

import yaml

from brewslm.adapters.files.atomic import write_atomically
from brewslm.core.errors import DiskFullError
from brewslm.core.value import Value

FILE = "agent_health.yaml"
MAX_BYTES = 1 << 20
_MARK = b"---\n"


class YamlHealthLog:
    """Appends documents to one file."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        """Write to `path`."""
        self._path, self._max_bytes = path, max_bytes

    def append(self, document: Value) -> None:
        """Add one; the older half goes when the file becomes too large.

        Raises:
            DiskFullError: there is no space.
        """
        text = yaml.safe_dump(document.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
        added = _MARK + text.encode()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            size = self._path.stat().st_size if self._path.exists() else 0
            if size + len(added) > self._max_bytes:
                self._drop_older_half()
            with self._path.open("ab") as stream:
                stream.write(added)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFullError(f"No space is left for {str(self._path)!r}; free some space.") from error
            raise

    def _drop_older_half(self) -> None:
        kept = self._path.read_bytes()
        cut = kept.find(b"\n" + _MARK, len(kept) // 2)
        write_atomically(self._path, kept[cut + 1 :] if cut >= 0 else b"")

"""Where unpacked files go: numbered, in one folder of their own that is gone if anything goes wrong."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from brewslm.core.ports.source import SourceFile

PIECE_BYTES = 256 << 10


@dataclass
class Output:
    """Files that were unpacked so far."""

    folder: Path
    files: list[SourceFile] = field(default_factory=list)

    def write(self, name: str, read: Callable[[int], bytes]) -> None:
        """Write one file from what `read` gives, up to its end. Its place has nothing of its name."""
        path = self.folder / f"{len(self.files):06d}"
        with path.open("xb") as file:
            while piece := read(PIECE_BYTES):
                file.write(piece)
        self.files.append(SourceFile(path=path, name=name))


@contextmanager
def new_output(folder: Path) -> Iterator[Output]:
    """Make a folder within `folder`; remove it on the way out of an error."""
    folder.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(prefix="unpacked-", dir=folder))
    try:
        yield Output(own)
    except BaseException:
        shutil.rmtree(own, ignore_errors=True)
        raise

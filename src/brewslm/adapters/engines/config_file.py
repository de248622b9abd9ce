"""`config/engines.yaml`: read strictly, and every mistake told at once, each with its line."""

from pathlib import Path
from typing import Any

from brewslm.adapters.files.atomic import make_folders, write_atomically
from brewslm.adapters.files.described import Lines, Mark, line_of, read_described, spelled
from brewslm.core.engines.settings import EngineSettings
from brewslm.core.errors import ConflictError

FILE = Path("config") / "engines.yaml"
"""Within the workspace."""
_BUNDLED = Path(__file__).parents[2] / "bundled" / FILE


class YamlEngineFile:
    """Reads it. What was read is kept until the file changes, because the line before the slots asks often."""

    def __init__(self, home: Path) -> None:
        """Take the workspace."""
        self._home = home
        self._own = home / FILE
        self._kept: tuple[tuple[int, int], EngineSettings] | None = None

    def read(self) -> EngineSettings:
        """Return what the workspace's file says; nothing where there is none.

        Raises:
            InvalidRequestError: it cannot be read, or says what cannot be; all of it at once, each with its line.
        """
        try:
            found = self._own.stat()
        except FileNotFoundError:
            return EngineSettings()
        except OSError:
            return _parse(self._own)  # which says what is wrong
        state = (found.st_mtime_ns, found.st_size)
        if self._kept is None or self._kept[0] != state:
            self._kept = (state, _parse(self._own))
        return self._kept[1]

    def begin(self) -> Path:
        """Write the commented file where there is none yet, and return where it is.

        Raises:
            ConflictError: there is one.
        """
        if self._own.exists():
            message = f"{str(self._own)!r} is there already; edit it, then run `brewslm engines check`"
            raise ConflictError(message)
        make_folders(self._own.parent, under=self._home)
        write_atomically(self._own, _BUNDLED.read_bytes())
        return self._own


def _parse(path: Path) -> EngineSettings:
    return read_described(
        path, EngineSettings, subject="a description of clusters", check="brewslm engines check", said=_said
    )


def _said(error: Any, lines: Lines) -> tuple[int, str]:  # noqa: ANN401 - pydantic keeps its type to itself
    """Return the line of one mistake, and what to tell. Values are not repeated: one may be a token."""
    place: Mark = tuple(error["loc"])
    what = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        what = "there is no such setting"
    elif error["type"] == "string_pattern_mismatch":
        what = "must be one word without spaces"
    return line_of(place, lines), f"{spelled(place) or 'the file'}: {what}"

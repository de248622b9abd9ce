"""Eval packs as files of the workspace: `eval_packs/NAME.yaml`, to be kept under version control."""

import re
from pathlib import Path

from brewslm.core.errors import ConflictError, InvalidRequestError, NotFoundError

FOLDER = "eval_packs"
_SUFFIX = ".yaml"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class FolderEvalPackFiles:
    """Implements `core.evaluation.pack_files.EvalPackFiles`."""

    def __init__(self, home: Path) -> None:
        """Take the workspace."""
        self._folder = home / FOLDER

    def names(self) -> tuple[str, ...]:
        """All there are, in order."""
        return tuple(sorted(path.stem for path in self._folder.glob(f"*{_SUFFIX}") if _NAME.fullmatch(path.stem)))

    def read(self, name: str) -> str:
        """Return the text of one."""
        path = self._path(name)
        try:
            return _text_of(path, "the eval pack")
        except FileNotFoundError as error:
            known = ", ".join(self.names()) or "none yet"
            message = f"there is no eval pack {name!r} (there: {known}); make it with `brewslm eval pack new {name}`"
            raise NotFoundError(message) from error

    def add(self, name: str, text: str) -> str:
        """Write a new one, and return where it is."""
        return _write_new(self._path(name), text)

    def _path(self, name: str) -> Path:
        return self._folder / f"{_checked(name, 'an eval pack')}{_SUFFIX}"


class FolderLabelFiles:
    """Implements `core.evaluation.judge.LabelFiles`: `eval_packs/labels/NAME.jsonl`."""

    def __init__(self, home: Path) -> None:
        """Take the workspace."""
        self._folder = home / FOLDER / "labels"

    def read(self, name: str) -> str:
        """Return the text of one."""
        path = self._path(name)
        try:
            return _text_of(path, "the labelled pairs")
        except FileNotFoundError as error:
            message = f"there are no labelled pairs {str(path)!r}; make them with `brewslm eval pairs {name}`"
            raise NotFoundError(message) from error

    def add(self, name: str, text: str) -> str:
        """Write new ones, and return where they are."""
        return _write_new(self._path(name), text)

    def _path(self, name: str) -> Path:
        return self._folder / f"{_checked(name, 'labelled pairs')}.jsonl"


def _text_of(path: Path, what: str) -> str:
    """Read a file; that it is missing is for the caller to say."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error.reason
        raise InvalidRequestError(f"{what} {str(path)!r} cannot be read: {why}") from error


def _write_new(path: Path, text: str) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConflictError(f"{str(path)!r} is there already; edit it, or choose another name") from error
    except OSError as error:
        raise InvalidRequestError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    return str(path)


def _checked(name: str, what: str) -> str:
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name of {what}; use small letters, digits, - and _, 60 at most"
        raise InvalidRequestError(message)
    return name

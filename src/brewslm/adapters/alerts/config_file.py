"""`config/alerts.yaml`: read strictly, and every mistake told at once, each with its line."""

from pathlib import Path
from typing import Any

from brewslm.adapters.files.atomic import make_folders, write_atomically
from brewslm.adapters.files.described import Lines, Mark, line_of, read_described, spelled
from brewslm.core.alerts.channels import AlertConfig, AlertSetup
from brewslm.core.errors import ConflictError, InvalidRequestError

FILE = Path("config") / "alerts.yaml"
"""Within the workspace."""
DEFAULT = "default"
_BUNDLED = Path(__file__).parents[2] / "bundled" / FILE


class YamlAlertFiles:
    """Implements `AlertFiles`. What was read is kept until the file changes, because a server asks often."""

    def __init__(self, home: Path) -> None:
        """Take the workspace."""
        self._home = home
        self._own = home / FILE
        self._kept: tuple[tuple[int, int], AlertSetup] | None = None

    def read(self) -> AlertSetup:
        """Return what the workspace's file says, or the defaults where there is none.

        Raises:
            InvalidRequestError: it cannot be read, or says what cannot be; all of it at once, each with its line.
        """
        if not self._own.exists():
            return AlertSetup(source=DEFAULT, config=_parse(_BUNDLED))
        try:
            found = self._own.stat()
        except OSError as error:
            raise InvalidRequestError(f"{str(self._own)!r} cannot be read: {error.strerror}.") from error
        state = (found.st_mtime_ns, found.st_size)
        if self._kept is None or self._kept[0] != state:
            self._kept = (state, AlertSetup(source=str(self._own), config=_parse(self._own)))
        return self._kept[1]

    def begin(self) -> Path:
        """Write the commented defaults where there is no file yet, and return where it is.

        Raises:
            ConflictError: there is one.
        """
        if self._own.exists():
            message = f"{str(self._own)!r} is there already; edit it, then run `brewslm alerts validate`"
            raise ConflictError(message)
        make_folders(self._own.parent, under=self._home)
        write_atomically(self._own, _BUNDLED.read_bytes())
        return self._own


def _parse(path: Path) -> AlertConfig:
    return read_described(
        path, AlertConfig, subject="a file of alert channels", check="brewslm alerts validate", said=_said
    )


def _said(error: Any, lines: Lines) -> tuple[int, str]:  # noqa: ANN401 - pydantic keeps its type to itself
    """Return one mistake. Values are not repeated: somebody may have written a secret where its name belongs."""
    # A union adds the chosen kind to the place, which is no key of the file.
    place: Mark = tuple(part for index, part in enumerate(error["loc"]) if index != 2 or error["loc"][0] != "channels")
    if error["type"] == "union_tag_invalid":
        place = (*place, "kind")
    what: Any = error["msg"].removeprefix("Value error, ")
    match error["type"]:
        case "extra_forbidden":
            what = "there is no such setting"
        case "missing":
            what = "is needed"
        case "union_tag_not_found":
            what = "needs a kind: log, desktop, smtp, webhook, slack or discord"
        case "union_tag_invalid":
            what = "must be log, desktop, smtp, webhook, slack or discord"
        case "string_pattern_mismatch" if error["loc"][-1] == "[key]":
            what = "a name is made of small letters, digits, - and _"
        case "string_pattern_mismatch" if str(place[-1]).endswith("_env"):
            what = "must be the name of an environment variable; never write the secret itself here"
        case "string_pattern_mismatch" if place[-1] == "quiet_hours":
            what = "must be two times such as 22:00-07:00"
    return line_of(place, lines), f"{spelled(place) or 'the file'}: {what}"

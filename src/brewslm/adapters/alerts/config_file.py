"""`config/alerts.yaml`: read strictly, and every mistake told at once, each with its line."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from brewslm.adapters.files.atomic import make_folders, write_atomically
from brewslm.core.alerts.channels import AlertConfig, AlertSetup
from brewslm.core.errors import ConflictError, InvalidRequestError

FILE = Path("config") / "alerts.yaml"
"""Within the workspace."""
DEFAULT = "default"
_BUNDLED = Path(__file__).parents[2] / "bundled" / FILE
_MAX_BYTES = 1 << 20
_MAX_SAID = 20

_Mark = tuple[str | int, ...]


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
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InvalidRequestError(f"{str(path)!r} is larger than 1 MiB; a file of alert channels is short.")
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[_Mark, int] = {}
        problems: list[tuple[int, str]] = []
        _walk(root, (), lines, problems)
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidRequestError(f"{str(path)!r} cannot be read: {why}.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidRequestError(f"{str(path)!r} is no YAML: {_place(error)}. Correct it.") from error
    config = AlertConfig()
    try:
        config = AlertConfig.model_validate({} if data is None else data)
    except ValidationError as error:
        problems += [_said(one, lines) for one in error.errors(include_url=False)]
    if problems:
        more = f"; and {len(problems) - _MAX_SAID} more" if len(problems) > _MAX_SAID else ""
        told = "; ".join(f"line {line}: {what}" for line, what in sorted(problems)[:_MAX_SAID])
        message = f"{str(path)!r} has {len(problems)} mistake(s): {told}{more}"
        raise InvalidRequestError(f"{message}. Correct the file, then run `brewslm alerts validate`.")
    return config


def _walk(node: yaml.Node | None, place: _Mark, lines: dict[_Mark, int], problems: list[tuple[int, str]]) -> None:
    """Note the line of every value, and which keys stand there twice."""
    if node is None:
        return
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*place, str(key.value))
            if here in lines:
                problems.append((key.start_mark.line + 1, f"{_spelled(here)} stands there twice"))
            lines[here] = key.start_mark.line + 1
            _walk(value, here, lines, problems)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _walk(value, (*place, number), lines, problems)


def _said(error: Any, lines: dict[_Mark, int]) -> tuple[int, str]:  # noqa: ANN401 - pydantic keeps its type to itself
    """Return one mistake. Values are not repeated: somebody may have written a secret where its name belongs."""
    # A union adds the chosen kind to the place, which is no key of the file.
    place: _Mark = tuple(part for index, part in enumerate(error["loc"]) if index != 2 or error["loc"][0] != "channels")
    if error["type"] == "union_tag_invalid":
        place = (*place, "kind")
    known = place
    while known and known not in lines:
        known = known[:-1]
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
    return lines.get(known, 1), f"{_spelled(place) or 'the file'}: {what}"


def _spelled(place: _Mark) -> str:
    return ".".join(map(str, place))


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "it is nested too deeply"
    return f"line {mark.line + 1}: {what}" if mark is not None else str(what)

"""Files of endpoints: settings, what drift is measured against, and the request log, a file a day."""

import logging
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import yaml
from pydantic import ValidationError

from brewslm.adapters.files.atomic import write_atomically
from brewslm.core.errors import InvalidRequestError
from brewslm.core.ids import ProjectId
from brewslm.core.serving.host import EndpointSettings, LoggedRequest

log = logging.getLogger(__name__)

SETTINGS_FILE = "config/endpoints.yaml"


class FileEndpoints:
    """Implements `core.serving.host.EndpointFiles` in a workspace."""

    def __init__(self, workspace: Path) -> None:
        """Keep them in the workspace."""
        self._settings = workspace / SETTINGS_FILE
        self._folder = workspace / "endpoints"

    def settings(self) -> EndpointSettings:
        """What `config/endpoints.yaml` says; the defaults where there is none.

        Raises:
            InvalidRequestError: it cannot be used.
        """
        try:
            said = yaml.safe_load(self._settings.read_bytes()) or {}
            return EndpointSettings.model_validate(said)
        except FileNotFoundError:
            return EndpointSettings()
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            message = f"{str(self._settings)!r}: {place}: {first['msg']}; correct it"
            raise InvalidRequestError(message) from error
        except (OSError, yaml.YAMLError) as error:
            raise InvalidRequestError(f"{str(self._settings)!r} cannot be read: {error}; correct it") from error

    def read(self, project_id: ProjectId, name: str) -> bytes | None:
        """A small file of an endpoint; None where it was never written."""
        try:
            return (self._folder / str(project_id) / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, project_id: ProjectId, name: str, content: bytes) -> None:
        """Keep it, whole or not at all."""
        path = self._folder / str(project_id) / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, content)


class FileRequestLog:
    """Implements `core.serving.host.RequestLog` in a workspace: one JSON object a line, one file a day."""

    def __init__(self, workspace: Path) -> None:
        """Keep it in the workspace."""
        self._folder = workspace / "endpoints"

    def append(self, entry: LoggedRequest) -> None:
        """Keep one in one write; what cannot be kept is left out, and said in the log."""
        path = self._days(entry.project_id) / f"{entry.at:%Y-%m-%d}.jsonl"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, entry.model_dump_json(exclude_defaults=True).encode() + b"\n")
            finally:
                os.close(file)
        except OSError as error:
            log.warning("a request could not be kept in %s: %s", path, error)

    def since(self, project_id: ProjectId, moment: datetime, *, limit: int = 100_000) -> Sequence[LoggedRequest]:
        """The oldest first, from a moment on; lines that are torn are passed over."""
        found: list[LoggedRequest] = []
        for path in reversed(self._files(project_id)):
            if path.stem < f"{moment:%Y-%m-%d}" or len(found) >= limit:
                break
            lines = path.read_bytes().splitlines()[-limit:]
            found = [one for one in map(_entry, lines) if one is not None and one.at >= moment] + found
        return tuple(found[-limit:])

    def forget(self, project_id: ProjectId, before: datetime) -> int:
        """Remove whole days before a moment; return how many."""
        old = [path for path in self._files(project_id) if path.stem < f"{before:%Y-%m-%d}"]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _days(self, project_id: ProjectId) -> Path:
        return self._folder / str(project_id) / "requests"

    def _files(self, project_id: ProjectId) -> list[Path]:
        return sorted(self._days(project_id).glob("????-??-??.jsonl"))


def _entry(line: bytes) -> LoggedRequest | None:
    try:
        return LoggedRequest.model_validate_json(line)
    except ValidationError:
        return None

"""The Jobs API of a Ray cluster, as its dashboard documents it, over plain HTTP: nothing of Ray is loaded here.

Ray's own client would cost the server two seconds and a hundred megabytes for four requests.
"""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from brewslm.core.engines.settings import RaySettings
from brewslm.core.errors import WorkerError

OLDEST: Final = (2, 52)
"""The first Ray with tokens, and without the hole by which a web page reached the Jobs API (CVE-2025-62593)."""
ASK_SECONDS = 3.0
HAND_IN_SECONDS = 30.0
"""Taking a job in costs the dashboard a second or two; it may have to find an agent first."""
MOST_BYTES = 8 << 20
GONE = "GONE"
"""Beside Ray's own words for the state of a job: the cluster does not know it."""


class ClusterSilentError(WorkerError):
    """The cluster did not answer. It may do so later."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - any JSON value is meant
        """Return the body as JSON; None where it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def line(self) -> str:
        """The last line of a refusal: the dashboard answers with whole stack traces."""
        lines = self.body.decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else f"HTTP status {self.status}"


@dataclass(frozen=True, slots=True)
class JobState:
    """Of one job: PENDING, RUNNING, STOPPED, SUCCEEDED, FAILED in Ray's words, or GONE."""

    status: str
    message: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it will not do anything any more."""
        return self.status not in {"PENDING", "RUNNING"}


class RayJobs:
    """Speaks to the dashboard of one cluster. Holds no connection."""

    def __init__(self, settings: RaySettings, environment: Mapping[str, str]) -> None:
        """Take the address, and the token from the environment.

        Raises:
            WorkerError: the address is not one of http or https.
        """
        parts = urlsplit(settings.address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
            message = (
                f"ray.address {settings.address!r} is not the address of a dashboard, as http://127.0.0.1:8265 is."
            )
            raise WorkerError(message)
        self.address = settings.address.rstrip("/")
        self._settings = settings
        self._parts = parts
        self._token = environment.get(settings.token_env, "").strip()

    def version(self) -> str:
        """Return the cluster's version of Ray, once it has shown that it keeps strangers out and is new enough.

        Raises:
            ClusterSilentError: it did not answer.
            WorkerError: it lets everyone in, does not take our token, or is too old.
        """
        is_open = self._ask("GET", "/api/version", with_token=False).status == http.client.OK
        if is_open and not self._settings.allow_without_token:
            message = (
                f"The Ray cluster at {self.address} lets everyone in, so whoever reaches it runs code there: start it "
                "with RAY_AUTH_MODE=token, or set ray.allow_without_token in config/engines.yaml."
            )
            raise WorkerError(message)
        answer = self._asked("GET", "/api/version")
        found = answer.json() if answer.status == http.client.OK else None
        version = found.get("ray_version") if isinstance(found, dict) else None
        if not isinstance(version, str):
            message = f"{self.address} is not the dashboard of a Ray cluster: it answered {answer.line!r}."
            raise WorkerError(message)
        if _numbers(version) < OLDEST:
            message = (
                f"The Ray cluster at {self.address} is of version {version}, which web pages and strangers can reach "
                f"into: use {'.'.join(map(str, OLDEST))} or later."
            )
            raise WorkerError(message)
        return version

    def submit(self, name: str, command: str, *, runtime: Mapping[str, Any], about: Mapping[str, str]) -> None:
        """Hand in a job under a name of ours; one that the cluster has by that name already is as good.

        Raises:
            ClusterSilentError: it did not answer, so that nobody knows whether it took the job.
            WorkerError: it did not take it.
        """
        asked = {"submission_id": name, "entrypoint": command, "runtime_env": runtime, "metadata": about}
        answer = self._asked("POST", "/api/jobs/", body=json.dumps(asked), seconds=HAND_IN_SECONDS)
        if answer.status == http.client.OK or b"already exists" in answer.body:
            return
        message = f"The Ray cluster at {self.address} did not take the job: {answer.line}."
        raise WorkerError(message)

    def state(self, name: str) -> JobState:
        """Return how a job is.

        Raises:
            ClusterSilentError: no answer, or none that can be understood.
            WorkerError: our token is refused.
        """
        answer = self._asked("GET", f"/api/jobs/{quote(name, safe='')}")
        if answer.status == http.client.NOT_FOUND:
            return JobState(GONE)
        found = answer.json() if answer.status == http.client.OK else None
        if not isinstance(found, dict) or not isinstance(found.get("status"), str):
            raise ClusterSilentError(f"{self.address} answered {answer.line!r} when it was asked for a job.")
        return JobState(found["status"], str(found.get("message") or ""))

    def stop(self, name: str) -> None:
        """Ask for the end of a job; one that is over or unknown is left as it is.

        Raises:
            ClusterSilentError: it did not answer.
            WorkerError: our token is refused.
        """
        self._asked("POST", f"/api/jobs/{quote(name, safe='')}/stop", body="", seconds=HAND_IN_SECONDS)

    def listed(self, path: str) -> list[dict[str, Any]]:
        """Return what the dashboard lists under a path, whichever of its two forms that has; empty where nothing.

        Raises:
            ClusterSilentError: it did not answer.
            WorkerError: our token is refused.
        """
        found = self._asked("GET", path).json()
        if isinstance(found, dict):
            found = ((found.get("data") or {}).get("result") or {}).get("result")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def _asked(self, method: str, path: str, *, body: str | None = None, seconds: float = ASK_SECONDS) -> Answer:
        answer = self._ask(method, path, body=body, seconds=seconds)
        if answer.status not in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            return answer
        name = self._settings.token_env
        what = f"does not take the token in {name}" if self._token else f"asks for a token, and {name} is not set"
        raise WorkerError(f"The Ray cluster at {self.address} {what}: set {name} to the one it was started with.")

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: str | None = None,
        seconds: float = ASK_SECONDS,
        with_token: bool = True,
    ) -> Answer:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if with_token and self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=seconds)
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body=body, headers=headers)
            received = connection.getresponse()
            return Answer(received.status, received.read(MOST_BYTES))
        except (OSError, http.client.HTTPException, ValueError) as error:
            said = (
                error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
            )
            raise ClusterSilentError(
                f"The Ray cluster at {self.address} does not answer ({said}): start it, or correct ray.address in "
                "config/engines.yaml."
            ) from error
        finally:
            connection.close()

    def is_here(self) -> bool:
        """Whether the dashboard is on this machine, by its address."""
        try:
            return socket.gethostbyname(self._parts.hostname or "").startswith("127.")
        except OSError:
            return False


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())

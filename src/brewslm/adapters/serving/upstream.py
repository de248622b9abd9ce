"""Runtimes that others run, such as vLLM, by their OpenAI API."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx2

from brewslm.adapters.serving.asking import HttpAsker, authorization, http
from brewslm.core.drift.golden import GoldenAnswer
from brewslm.core.errors import WorkerError
from brewslm.core.serving.order import Ready, Refused, ServedAdapter
from brewslm.core.serving.upstream import Upstream

PROBE_SECONDS = 1.0
"""Between two looks whether it answers."""
ANSWER_SECONDS = 5.0
"""What the list of its models may take."""


@dataclass(frozen=True, slots=True)
class _Place:
    address: str
    token: str
    model: str


class HttpUpstream:
    """Implements `core.drift.upstream_client.UpstreamClient`."""

    def __init__(self, upstream: Upstream, *, environment: Mapping[str, str]) -> None:
        """Bind it; its key is read now.

        Raises:
            WorkerError: the variable of its key is not set.
        """
        self.upstream, self.token = upstream, ""
        if upstream.key_env is not None:
            self.token = environment.get(upstream.key_env, "").strip()
            if not self.token:
                message = f"the environment variable {upstream.key_env} is not set where this runs"
                raise WorkerError(message)

    def models(self) -> tuple[str, ...]:
        """Return the names of its models.

        Raises:
            WorkerError: it does not answer.
        """
        address, headers = f"{self.upstream.url}/models", authorization(self.token)
        try:
            answer = http().get(address, headers=headers, timeout=ANSWER_SECONDS)
            answer.raise_for_status()
            return tuple(str(one["id"]) for one in answer.json()["data"])
        except httpx2.HTTPStatusError as error:
            message = f"{address} answered with {error.response.status_code} {error.response.reason_phrase}"
            raise WorkerError(message.strip()) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise WorkerError(f"{address} does not answer: {error}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise WorkerError(f"{address} lists no models as the OpenAI API does") from error

    def ask(self, model: str, prompt: str, *, max_tokens: int) -> GoldenAnswer:
        """Return the greedy answer; without log-probabilities where the runtime tells none.

        Raises:
            WorkerError: it gave none.
        """
        return HttpAsker().ask(_Place(self.upstream.url, self.token, model), prompt, max_tokens=max_tokens)


class UpstreamProcess:
    """Implements `core.serving.host.ServingProcess`: looked at again and again by a thread of its own."""

    def __init__(self, client: HttpUpstream) -> None:
        """Begin to look."""
        self.token = client.token
        self._client = client
        self._is_answering = False
        self._over = threading.Event()
        threading.Thread(target=self._look, name="upstream", daemon=True).start()

    def base_url(self, ready: Ready) -> str:
        """The base of its OpenAI API."""
        del ready
        return self._client.upstream.url

    def ready(self) -> Ready | Refused | None:
        """That it answers; None while it does not, or has no such model."""
        if not self._is_answering:
            return None
        return Ready(port=0, pid=0, runtime=self._client.upstream.url, device="elsewhere", context_tokens=0)

    def exit_code(self) -> int | None:
        """None: it may be silent, and does not end."""
        return None

    def hold(self, ready: Ready, adapters: Sequence[ServedAdapter]) -> str | None:
        """Refuse: what it serves is not told from here."""
        del ready, adapters
        return f"{self._client.upstream.url} is not told what it serves"

    def is_answering(self, ready: Ready) -> bool:
        """Whether it did when it was looked at last."""
        del ready
        return self._is_answering

    def end(self) -> None:
        """Look no more."""
        self._over.set()

    def _look(self) -> None:
        while not self._over.is_set():
            try:
                self._is_answering = self._client.upstream.model in self._client.models()
            except WorkerError:
                self._is_answering = False
            self._over.wait(PROBE_SECONDS)

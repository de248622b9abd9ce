"""One question to any endpoint that speaks OpenAI's chat completions: a server on this machine, or a service."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import IO

from brewslm.core.errors import AdvisorError

TIMEOUT_SECONDS = 60.0
MAX_ANSWER_BYTES = 1 << 20
MAX_WAIT_SECONDS = 30.0
BUSY = frozenset({408, 429, 500, 502, 503, 504})
"""Answers after which the same question may be answered a little later."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A key is for the endpoint that was named, and for nobody that it points to."""

    def redirect_request(  # noqa: PLR0917 - as urllib has it
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        """Follow none."""


class Chat:
    """A model behind an endpoint."""

    def __init__(  # noqa: PLR0913 - what an endpoint needs to be asked patiently
        self,
        url: str,
        model: str,
        *,
        key: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        num_tries: int = 1,
        wait: Callable[[float], None] = time.sleep,
        on_try: Callable[[], None] = lambda: None,
    ) -> None:
        """Ask `model` at `url`, the base of the endpoint such as `http://127.0.0.1:8080/v1`.

        Args:
            url: of the endpoint.
            model: as it is called there.
            key: sent to it, and never told.
            timeout_seconds: of one try.
            num_tries: how often a question is asked where the endpoint is busy or cannot be reached.
            wait: how time passes between two tries.
            on_try: told before each.
        """
        self.url, self.model = url.rstrip("/"), model
        self._key, self._timeout_seconds = key, timeout_seconds
        self._num_tries, self._wait, self._on_try = num_tries, wait, on_try
        self._opener = urllib.request.build_opener(_NoRedirects)

    def answer(self, task: str, question: str, *, next_step: str) -> str:
        """Return what the model answers.

        Raises:
            AdvisorError: the endpoint cannot be reached, refuses, or answers with no chat completion.
        """
        body = {
            "model": self.model,
            "temperature": 0,
            "messages": [{"role": "system", "content": task}, {"role": "user", "content": question}],
        }
        headers = {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {self._key}"} if self._key else {}),
        }
        request = urllib.request.Request(  # noqa: S310 - the user's own setting, checked to be http or https
            f"{self.url}/chat/completions", data=json.dumps(body).encode(), headers=headers
        )
        try:
            answer = json.loads(self._send(request))
            return str(answer["choices"][0]["message"]["content"])
        except urllib.error.HTTPError as error:
            message = f"The model at {self.url} answered {error.code} {error.reason}. {next_step}"
            raise AdvisorError(message) from error
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "reason", error)
            raise AdvisorError(f"The model at {self.url} cannot be asked: {why}. {next_step}") from error
        except (ValueError, LookupError, TypeError) as error:
            raise AdvisorError(f"What {self.url} answered is no chat completion. {next_step}") from error

    def _send(self, request: urllib.request.Request) -> bytes:
        for number in range(self._num_tries):
            self._on_try()
            try:
                with self._opener.open(request, timeout=self._timeout_seconds) as response:
                    content: bytes = response.read(MAX_ANSWER_BYTES)
                    return content
            except (OSError, http.client.HTTPException) as error:
                is_lost = isinstance(error, urllib.error.HTTPError) and error.code not in BUSY
                if is_lost or number + 1 == self._num_tries:
                    raise
                self._wait(_pause_after(error, number))
        raise AssertionError("a loop of no tries")


def _pause_after(error: Exception, number: int) -> float:
    """Wait as long as the endpoint asks for, else 1, 2, 4, … seconds."""
    asked = error.headers.get("Retry-After", "") if isinstance(error, urllib.error.HTTPError) else ""
    return min(float(asked) if asked.isdigit() else 2.0**number, MAX_WAIT_SECONDS)

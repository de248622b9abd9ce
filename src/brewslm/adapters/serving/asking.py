"""Asking a serving process directly, as drift checks do."""

import functools
from typing import Any, Protocol

import httpx2

from brewslm.core.drift.golden import GoldenAnswer
from brewslm.core.errors import WorkerError

SECONDS = 120.0


class Place(Protocol):
    """Where a process answers, and under which name."""

    @property
    def address(self) -> str:
        """The base of its OpenAI API."""

    @property
    def token(self) -> str:
        """What it is shown; empty where it wants nothing."""

    @property
    def model(self) -> str:
        """The name that it answers to."""


class HttpAsker:
    """Asks by HTTP, greedily."""

    def ask(self, lease: Place, prompt: str, *, max_tokens: int) -> GoldenAnswer:
        """Return the answer.

        Raises:
            WorkerError: it gave none.
        """
        body = {"model": lease.model, **greedy_request(prompt, max_tokens=max_tokens)}
        try:
            answer = _posted(lease, body)
            if answer.status_code == 400:  # a runtime that tells no log-probabilities may say so by that
                answer = _posted(lease, {**body, "logprobs": False})
            answer.raise_for_status()
            return answer_of(prompt, answer.json())
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            raise WorkerError(f"{lease.model!r} gave no answer to a golden prompt: {error}") from error


@functools.cache
def http() -> httpx2.Client:
    """What asks, in every thread: made once, because reading the certificates takes 20 ms."""
    return httpx2.Client(trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))


def authorization(token: str) -> dict[str, str]:
    """Spell the header that shows a key; none for none."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def _posted(place: Place, body: dict[str, Any]) -> httpx2.Response:
    address, headers = f"{place.address}/chat/completions", authorization(place.token)
    return http().post(address, json=body, headers=headers, timeout=SECONDS)


def greedy_request(prompt: str, *, max_tokens: int) -> dict[str, Any]:
    """Spell a question that has one answer."""
    return {
        "messages": [{"role": "user", "content": prompt}],
        "temperature": 0.0,
        "max_tokens": max_tokens,
        "logprobs": True,
    }


def answer_of(prompt: str, said: dict[str, Any]) -> GoldenAnswer:
    """Read an answer.

    Raises:
        KeyError: it is none.
    """
    (choice,) = said["choices"]
    tokens = (choice.get("logprobs") or {}).get("content") or ()
    return GoldenAnswer(
        prompt=prompt,
        prompt_tokens=said["usage"]["prompt_tokens"],
        text=choice["message"]["content"],
        tokens=tuple(one["token"] for one in tokens),
        logprobs=tuple(one["logprob"] for one in tokens),
    )

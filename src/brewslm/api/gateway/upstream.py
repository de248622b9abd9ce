"""Measuring the answers of a runtime of others: what it is asked for that, and how that is taken out of them again."""

import time
from typing import Any

from brewslm.core.serving.measured import Measured
from brewslm.services.endpoint.routing import Lease


class UpstreamReading:
    """One request to a runtime of others, and its answer."""

    def __init__(self, body: dict[str, Any], lease: Lease) -> None:
        """Say what is asked; the clock begins."""
        self._shown_model = lease.shown_model
        wants_none = body.get("logprobs") is None or body["logprobs"] is False  # 0 asks for those of the answer alone
        self._is_logprobs_ours = lease.unit.tells_logprobs and wants_none
        options = body.get("stream_options")
        options = options if isinstance(options, dict) else {}
        self._is_streamed = body.get("stream") is True
        self._is_usage_ours = self._is_streamed and options.get("include_usage") is not True
        self.body = {**body, "model": lease.model}
        if self._is_logprobs_ours:
            self.body["logprobs"] = True if "messages" in body else 1
        if self._is_usage_ours:
            self.body["stream_options"] = {**options, "include_usage": True}
        self._began_at = time.monotonic()
        self._first_at: float | None = None
        self._usage: dict[str, Any] = {}
        self._finish_reason: str | None = None
        self._sum, self._num = 0.0, 0

    def read(self, said: dict[str, Any]) -> dict[str, Any] | None:
        """Read an answer, or an event of a stream; return what the client gets, None for nothing."""
        choices = said.get("choices") or ()
        if self._is_streamed and self._first_at is None and any(map(_says_something, choices)):
            self._first_at = time.monotonic()
        if isinstance(said.get("usage"), dict):
            self._usage = said["usage"]
        for choice in choices:
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
            for logprob in _logprobs(choice.get("logprobs")):
                self._sum, self._num = self._sum + logprob, self._num + 1
            if self._is_logprobs_ours and "logprobs" in choice:
                choice["logprobs"] = None
        if self._is_usage_ours and "usage" in said and said.pop("usage") is not None and not choices:
            return None
        return {**said, "model": self._shown_model} if "model" in said else said

    def measured(self) -> Measured | None:
        """What the answer took; None where the runtime did not tell its lengths."""
        try:
            prompt_tokens, completion_tokens = self._usage["prompt_tokens"], self._usage["completion_tokens"]
            return Measured(
                prompt_tokens=prompt_tokens,
                completion_tokens=completion_tokens,
                first_token_seconds=None if self._first_at is None else self._first_at - self._began_at,
                seconds=time.monotonic() - self._began_at,
                finish_reason=self._finish_reason or "",
                mean_logprob=self._sum / self._num if self._num else None,
            )
        except (KeyError, ValueError):
            return None


def _says_something(choice: dict[str, Any]) -> bool:
    """Whether a piece of an answer is more than who speaks."""
    return bool(choice.get("text") or (choice.get("delta") or {}).get("content"))


def _logprobs(told: Any) -> list[float]:  # noqa: ANN401 - as another runtime spells it
    """Those of the tokens of an answer, of a chat or of a completion."""
    if not isinstance(told, dict):
        return []
    if isinstance(tokens := told.get("content"), list):
        told = {"token_logprobs": [one.get("logprob") for one in tokens if isinstance(one, dict)]}
    found = told.get("token_logprobs")
    return [one for one in found if isinstance(one, int | float)] if isinstance(found, list) else []

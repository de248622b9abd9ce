"""What is kept of a request: lengths, times and likelihoods always, text only where that was asked for."""

import hashlib
import logging
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from brewslm.core.errors import BrewError
from brewslm.core.ids import ProjectId
from brewslm.core.serving.host import EndpointFiles, EndpointSettings, LoggedRequest, RequestLog
from brewslm.core.serving.measured import Measured
from brewslm.services.ports import Ports
from brewslm.stages.clean.pii import find
from brewslm.stages.clean.pii.redaction import Placeholders

log = logging.getLogger(__name__)

MAX_WORDS = 64
NUM_BUCKETS = 64
_WORD = re.compile(r"\w+")
_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry|unable|not able)|i (?:cannot|can't|can not|won't)|as an ai\b|i do(?:n't| not) have)",
    re.IGNORECASE,
)
_REFUSAL_REACH = 200
"""Characters from the beginning in which an answer declines, if it does."""


@dataclass(slots=True)
class Exchange:
    """One request on its way."""

    project_id: ProjectId
    key_id: int | None
    route: str
    began_at: float
    version: int | None = None
    queue_seconds: float = 0.0
    is_streamed: bool = False
    prompt: str = ""
    word_buckets: tuple[int, ...] = field(default=())
    is_kept: bool = False

    def understand(self, body: dict[str, Any]) -> None:
        """Take from the body what is kept of it."""
        self.is_streamed = body.get("stream") is True
        self.prompt = prompt_of(body)
        self.word_buckets = buckets_of(self.prompt)

    def entry(
        self, *, status: int, measured: Measured | None, error: str | None, answer: str, seconds: float
    ) -> dict[str, Any]:
        """Return the fields of the log's line; when it was, and whether text is kept, is the log's to say."""
        kept = {"prompt_tokens", "completion_tokens", "first_token_seconds", "finish_reason", "mean_logprob"}
        told = measured.model_dump(include=kept) if measured else {}
        return {
            **told,
            "project_id": self.project_id,
            "version": self.version,
            "key_id": self.key_id,
            "route": self.route,
            "status": status,
            "is_streamed": self.is_streamed,
            "seconds": seconds,
            "queue_seconds": self.queue_seconds,
            "error": error,
            "is_refusal": is_refusal(answer) if status == 200 else None,
            "num_prompt_words": len(_WORD.findall(self.prompt)),
            "word_buckets": self.word_buckets,
            "prompt": self.prompt,
            "answer": answer,
        }


class Requests:
    """The request log of the endpoints."""

    def __init__(self, ports: Ports, files: EndpointFiles, kept: RequestLog) -> None:
        """Bind it."""
        self._ports = ports
        self._files = files
        self._kept = kept
        self._forgot_at: date | None = None

    def keep(self, fields: dict[str, Any]) -> None:
        """Keep one request; personal data is taken out of its text, and text is kept only where that was asked for."""
        now, settings = self._ports.clock.now(), self._settings()
        if self._forgot_at != now.date():
            self._forgot_at = now.date()
            self.forget_old()
        prompt, answer = fields.pop("prompt"), fields.pop("answer")
        texts = {"prompt": redacted(prompt), "answer": redacted(answer)} if settings.is_text_logged else {}
        # What an error says may hold what was asked.
        error = redacted(fields["error"])[:500] if fields["error"] else None
        self._kept.append(LoggedRequest(at=now, **{**fields, **texts, "error": error}))

    def since(self, project_id: ProjectId, span: timedelta, *, limit: int = 100_000) -> tuple[LoggedRequest, ...]:
        """The requests of the time up to now, the oldest first."""
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
        return tuple(self._kept.since(project_id, self._ports.clock.now() - span, limit=limit))

    def forget_old(self) -> int:
        """Remove the days that are older than they may be; return how many."""
        before = self._ports.clock.now() - timedelta(days=self._settings().keep_days)
        with self._ports.storage.read() as transaction:
            projects = transaction.projects.list()
        return sum(self._kept.forget(project.id, before) for project in projects)

    def _settings(self) -> EndpointSettings:
        """How endpoints behave; where the file cannot be used, no text is kept. No answer may fail by it."""
        try:
            return self._files.settings()
        except BrewError:
            log.exception("config/endpoints.yaml cannot be used; no text is kept")
            return EndpointSettings()


def prompt_of(body: dict[str, Any]) -> str:
    """The text of what was asked: the prompt, or the last turn of the user."""
    prompt = body.get("prompt")
    if isinstance(prompt, str):
        return prompt
    messages = body.get("messages")
    turns = [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    for turn in reversed(turns):
        if turn.get("role") == "user":
            content = turn.get("content")
            if isinstance(content, str):
                return content
            parts = content if isinstance(content, list) else []
            return "".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))
    return ""


def buckets_of(text: str) -> tuple[int, ...]:
    """The buckets of the first different words: vocabularies can be compared, and nothing be read from them."""
    found = dict.fromkeys(word.lower() for word in _WORD.findall(text))
    return tuple(hashlib.sha256(word.encode()).digest()[0] % NUM_BUCKETS for word in list(found)[:MAX_WORDS])


def is_refusal(answer: str) -> bool:
    """Whether an answer declines, by its first words."""
    return _REFUSAL.search(answer[:_REFUSAL_REACH]) is not None


def redacted(text: str) -> str:
    """Take personal data and secrets out."""
    return Placeholders().redacted(text, find(text))

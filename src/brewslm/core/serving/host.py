"""What brings serving processes to life, keeps what was asked, and says how endpoints behave."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pydantic import Field

from brewslm.core.ids import ProjectId
from brewslm.core.serving.order import Ready, Refused, ServedAdapter, ServeOrder
from brewslm.core.serving.upstream import Upstream
from brewslm.core.value import Value


class ServingProcess(Protocol):
    """One process that serves one order."""

    @property
    def token(self) -> str:
        """What its server shows it; empty where it wants nothing."""

    def base_url(self, ready: Ready) -> str:
        """The base of its OpenAI API."""

    def ready(self) -> Ready | Refused | None:
        """Where it listens, or why it does not; None while that is not known."""

    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""

    def hold(self, ready: Ready, adapters: Sequence[ServedAdapter]) -> str | None:
        """Have it hold these adapters and no others; blocks. Return why it does not; None where it does.

        Raises:
            WorkerError: it does not answer.
        """

    def is_answering(self, ready: Ready) -> bool:
        """Ask it for a sign of life; blocks for a moment at most."""


class ServingHost(Protocol):
    """Starts serving processes; they end with this process."""

    def start(self, order: ServeOrder, *, name: str) -> ServingProcess:
        """Start one.

        Raises:
            WorkerError: it could not be started.
        """

    def attach(self, upstream: Upstream) -> ServingProcess:
        """Look after a runtime that others run; it is a process that never ends, and may be silent.

        Raises:
            WorkerError: its key is not there.
        """

    def stop(self, process: ServingProcess) -> None:
        """End it, and wait for its end."""


class EndpointSettings(Value):
    """How endpoints of a workspace behave: `config/endpoints.yaml`. Every field has a default."""

    max_streams: int = Field(16, ge=1, le=256)
    """Answers that are made at the same time."""
    max_queued: int = Field(64, ge=0, le=10_000)
    """Requests that wait for one of them to end; more are refused with 429."""
    queue_seconds: float = Field(30.0, gt=0.0, le=600.0)
    """How long a request waits for its turn, or for a process that is being started."""
    requests_per_minute: int = Field(600, ge=1)
    """Of each key."""
    max_body_bytes: int = Field(1 << 20, ge=1024, le=8 << 20)
    """The largest request."""
    max_context_tokens: int = Field(4096, ge=16)
    """Of prompt and answer together."""
    is_text_logged: bool = False
    """Whether prompts and answers are kept, too, with personal data taken out."""
    keep_replaced_seconds: float = Field(300.0, ge=0.0, le=86_400.0)
    """How long the process of a release that was replaced stays, so that a rollback takes no time; 0 frees its memory
    at once."""
    keep_days: int = Field(30, ge=1, le=3650)
    """How long the request log is kept."""
    drift_cron: str = "0 * * * *"
    """When the endpoint is checked for drift, as a cron expression."""
    is_rollback_automatic: bool = False
    """Whether a release whose golden replay fails is taken back by itself."""


class LoggedRequest(Value):
    """One request to an endpoint, as it is kept. Text only where that was asked for."""

    at: datetime
    project_id: ProjectId
    version: int | None
    """None where it was refused before a release was chosen."""
    key_id: int | None
    route: str
    status: int
    is_streamed: bool = False
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token_seconds: float | None = None
    seconds: float
    """From the arrival at the gateway to the last byte."""
    queue_seconds: float = 0.0
    finish_reason: str | None = None
    mean_logprob: float | None = None
    error: str | None = None
    is_refusal: bool | None = None
    """Whether the answer declined; None where nothing was answered."""
    num_prompt_words: int | None = None
    word_buckets: tuple[int, ...] = ()
    """Of the words of the prompt the first, each as one of 64 buckets: enough to see that the vocabulary changes, and
    too little to tell what was said."""
    prompt: str | None = None
    answer: str | None = None


class RequestLog(Protocol):
    """What endpoints were asked."""

    def append(self, entry: LoggedRequest) -> None:
        """Keep one; never raises, as no answer may fail by it."""

    def since(self, project_id: ProjectId, moment: datetime, *, limit: int = 100_000) -> Sequence[LoggedRequest]:
        """The oldest first, from a moment on; of more than `limit` the newest."""

    def forget(self, project_id: ProjectId, before: datetime) -> int:
        """Remove whole days before a moment; return how many."""


class EndpointFiles(Protocol):
    """Settings of endpoints, and what drift is measured against."""

    def settings(self) -> EndpointSettings:
        """What `config/endpoints.yaml` says.

        Raises:
            InvalidRequestError: it cannot be used.
        """

    def read(self, project_id: ProjectId, name: str) -> bytes | None:
        """A small file of an endpoint."""

    def write(self, project_id: ProjectId, name: str, content: bytes) -> None:
        """Keep it."""

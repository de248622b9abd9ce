"""Asking a runtime that others run."""

from collections.abc import Callable
from typing import Protocol

from brewslm.core.drift.golden import GoldenAnswer
from brewslm.core.errors import WorkerError
from brewslm.core.serving.upstream import Upstream


class UpstreamClient(Protocol):
    """Talks to one of them."""

    def models(self) -> tuple[str, ...]:
        """Return the names of its models.

        Raises:
            WorkerError: it does not answer.
        """

    def ask(self, model: str, prompt: str, *, max_tokens: int) -> GoldenAnswer:
        """Return the greedy answer; without log-probabilities where the runtime tells none.

        Raises:
            WorkerError: it gave none.
        """


OpenUpstream = Callable[[Upstream], UpstreamClient]
"""Raises WorkerError where its key is not there."""


def no_upstream(upstream: Upstream) -> UpstreamClient:
    """Refuse: there is no way out."""
    raise WorkerError(f"{upstream.url} cannot be asked from here; deploy by `brewslm deploy`")

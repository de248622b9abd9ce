"""What callbacks are given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

Infer = Callable[[Path, tuple[str, ...], int], tuple[str, ...]]
"""Answers prompts with the model as it is at a checkpoint."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One logged span of steps. After a recovery steps may come once more."""

    step: int
    total_steps: int
    loss: float | None
    """Mean over the trained tokens since the last event, nats; None where it was not finite."""
    learning_rate: float
    metrics: Mapping[str, Any]
    """Everything that the journal has of it: `epoch`, `delta`, `grad_norm`, `tokens_per_second`, …"""


@dataclass(frozen=True, slots=True)
class CheckpointEvent:
    """A checkpoint is whole. It is kept until the callback returns."""

    step: int
    eval_loss: float | None
    """On the eval split, nats; None where this step was not evaluated."""
    is_best: bool
    folder: Path
    """Its files: `adapter/`, which PEFT loads, or `model/` after full fine-tuning."""
    metrics: Mapping[str, Any]
    """The evaluation of this step, where there was one: `eval_loss`, `baseline_loss`, `delta`, `delta_low`, …"""
    _infer: Infer = field(repr=False, compare=False)

    @overload
    def infer(self, prompt: str, *, max_new_tokens: int = 96) -> str: ...
    @overload
    def infer(self, prompt: list[str] | tuple[str, ...], *, max_new_tokens: int = 96) -> list[str]: ...

    def infer(self, prompt: str | list[str] | tuple[str, ...], *, max_new_tokens: int = 96) -> str | list[str]:
        """Answer as the model does at this step: greedily, in a process of its own, beside the training, on the CPU.

        Args:
            prompt: one prompt, or several, which is faster than one after the other.
            max_new_tokens: of each answer.

        Raises:
            BrewError: the model could not answer; the message says why.
        """
        prompts = (prompt,) if isinstance(prompt, str) else tuple(prompt)
        answers = self._infer(self.folder, prompts, max_new_tokens)
        return answers[0] if isinstance(prompt, str) else list(answers)


@dataclass(frozen=True, slots=True)
class CompletedEvent:
    """The training is done and its result was compared with the base."""

    step: int
    """Of the checkpoint that is the result."""
    verdict: str
    """`better`, `worse` or `cannot tell`."""
    metrics: Mapping[str, Any]
    """On the test split: `base_loss`, `tuned_loss`, `delta`, `delta_low`, `delta_high`."""
    artifacts: Mapping[str, str]
    """Kind to id of what was made: `manifest`, `readiness`, `adapter`, `eval_report`, …"""
    folder: Path
    """What was tuned: an adapter, or a model after full fine-tuning."""
    job_id: int
    project_id: int


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """The training failed, or was cancelled."""

    reason: str
    """From the taxonomy, docs/reasons.md; `training_cancelled` where it was cancelled."""
    error: str
    """One line: what happened, where, and what to do next."""
    step: int
    """The last step that was logged."""
    job_id: int
    project_id: int

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked for it."""
        return self.reason == "training_cancelled"

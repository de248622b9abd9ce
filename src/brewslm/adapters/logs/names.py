"""What other trainers call what they log, and the observations that a row of theirs is."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from brewslm.core.health.observation import Observation

# In order of preference, spelled small and with underscores: `Train/Loss` is `train_loss`.
_NAMES: dict[str, tuple[str, ...]] = {
    "step": ("step", "global_step", "trainer_global_step", "steps", "iteration", "iter", "_step", "num_steps"),
    "time": ("time", "timestamp", "wall_time", "_timestamp", "created_at", "datetime", "ts"),
    "loss": ("loss", "train_loss", "training_loss", "loss_train", "train_loss_step", "lm_loss", "train_total_loss"),
    "eval_loss": (
        *("eval_loss", "val_loss", "valid_loss", "validation_loss", "loss_eval", "loss_val", "loss_valid"),
        *("loss_validation", "test_loss", "dev_loss"),
    ),
    "grad_norm": ("grad_norm", "train_grad_norm", "gradient_norm", "gnorm", "total_norm", "grad_norm_total"),
    "learning_rate": ("learning_rate", "lr", "train_learning_rate", "train_lr", "lr_adamw"),
    "tokens_per_second": (
        *("tokens_per_second", "tokens_per_sec", "tokens_per_second_per_gpu", "train_tokens_per_second", "tok_per_sec"),
        *("tps", "tgs", "throughput_tokens"),
    ),
    "samples_per_second": ("samples_per_second", "samples_per_sec", "train_samples_per_second", "examples_per_second"),
    "step_seconds": ("step_seconds", "step_time", "sec_per_step", "seconds_per_step", "iter_time", "time_per_step"),
    "data_wait": ("data_wait", "data_wait_share"),
    "memory_bytes": ("memory_bytes", "gpu_memory_bytes"),
    "memory_limit_bytes": ("memory_limit_bytes", "gpu_memory_total_bytes"),
    "utilisation": ("utilisation", "utilization", "gpu_util", "gpu_utilization", "gpu_utilisation"),
    "temperature": ("gpu_temperature", "gpu_temp"),
    "memory_temperature": ("gpu_memory_temperature", "gpu_memory_temp"),
    "disk_free_bytes": ("disk_free_bytes",),
    "total_steps": ("total_steps", "max_steps", "num_training_steps"),
}
_END = "train_runtime"
"""Only in the summary that the Hugging Face trainer writes last."""
_WHOLE = frozenset({"step", "memory_bytes", "memory_limit_bytes", "disk_free_bytes", "total_steps"})
_SPELLING = str.maketrans("/.- ", "____")


@dataclass(slots=True)
class RowReader:
    """Turns rows into observations, and remembers which of their names were understood."""

    step: int = 0
    """The last one; where rows tell none, every row with a training loss is one."""
    spellings: dict[str, str] = field(default_factory=dict)

    def observations(self, row: Mapping[str, Any]) -> Iterator[Observation]:
        """Yield what one row holds; nothing where it holds no number that is known.

        An evaluation in the same row comes first: it was made in the pause before the row was written.
        """
        plain = {self._plain(name): value for name, value in row.items()}
        if _END in plain:
            yield Observation("end", step=_whole(plain.get("step")))
            return
        found: dict[str, Any] = {name: _first(plain, names, name) for name, names in _NAMES.items()}
        found = {name: value for name, value in found.items() if value is not None}
        if not found.keys() & {"loss", "eval_loss", "grad_norm"}:
            return
        self.step = found.setdefault("step", self.step + ("loss" in found))
        eval_loss = found.pop("eval_loss", None)
        if eval_loss is not None:
            yield Observation("eval", step=self.step, time=found.get("time"), eval_loss=eval_loss)
        if "loss" in found or "grad_norm" in found:
            yield Observation("step", **found)

    def _plain(self, name: str) -> str:
        plain = self.spellings.get(name)
        if plain is None:
            plain = self.spellings[name] = name.strip().lower().translate(_SPELLING)
        return plain


def _first(row: Mapping[str, Any], names: tuple[str, ...], field_name: str) -> Any:  # noqa: ANN401 - a number
    for name in names:
        if name in row and (value := _value(row[name], field_name)) is not None:
            return value
    return None


def _value(value: object, field_name: str) -> float | int | None:
    if field_name == "time":
        return _seconds(value)
    if field_name in _WHOLE:
        return _whole(value)
    number = _number(value)
    if field_name == "utilisation" and number is not None and number > 1:
        return number / 100
    return number


def _number(value: object) -> float | None:
    """Return a number, also one that is spelled as text, NaN and infinities among them."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and math.isfinite(number) and number >= 0 else None


_MILLISECONDS_FROM = 1e11


def _seconds(value: object) -> float | None:
    number = _number(value)
    if number is not None:
        return number / 1000 if number > _MILLISECONDS_FROM else number if math.isfinite(number) else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

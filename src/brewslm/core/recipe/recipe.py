"""The whole recipe, and where each of its values came from."""

from typing import Literal

from pydantic import Field, model_validator

from brewslm.core.recipe.data import DataSettings
from brewslm.core.recipe.lora import LoraSettings
from brewslm.core.recipe.monitor import MonitorSettings
from brewslm.core.recipe.optim import OptimSettings
from brewslm.core.recipe.preference import PreferenceSettings, idle_settings
from brewslm.core.recipe.schedule import ScheduleSettings
from brewslm.core.value import Value


class Recipe(Value):
    """A full typed description of a training. Unknown keys are refused."""

    base_model: str
    """A bundled model's name, a local folder, or a Hugging Face id."""
    mode: Literal["sft", "dpo", "orpo", "kto"] = "sft"
    """What is learnt: the assistant's turns (`sft`), the better of two answers (`dpo`, `orpo`), what was judged good
    and not what was judged bad (`kto`)."""
    method: Literal["lora"] = "lora"
    """What is trained: a low-rank adapter on a frozen base."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Type of the frozen base and of the matrix products; the adapter stays in float32."""
    seed: int = Field(42, ge=0)
    """Fixes data order and the adapter's first weights."""
    data: DataSettings = DataSettings()
    lora: LoraSettings = LoraSettings()
    optim: OptimSettings = OptimSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    monitor: MonitorSettings = MonitorSettings()
    preference: PreferenceSettings = PreferenceSettings()

    @model_validator(mode="after")
    def _settings_agree(self) -> "Recipe":
        problems = []
        total = self.data.total_steps
        if total is not None and self.schedule.warmup_steps >= total:
            problems.append(
                f"schedule.warmup_steps={self.schedule.warmup_steps} must be below data.total_steps={total}"
            )
        problems += idle_settings(self.preference, self.mode)
        if problems:
            raise ValueError("; ".join(problems))
        return self


class ValueSource(Value):
    """Where a value of the resolved recipe came from."""

    value: float | int | str | bool | None
    source: Literal["default", "profile", "autopilot", "file", "flag"]
    reason: str = ""

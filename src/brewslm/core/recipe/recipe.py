"""The whole recipe, and where each of its values came from."""

from typing import Literal

from pydantic import Field, model_validator

from brewslm.core.recipe.data import DataSettings
from brewslm.core.recipe.ending import Budget, EarlyStopping
from brewslm.core.recipe.lora import LoraSettings
from brewslm.core.recipe.monitor import MonitorSettings
from brewslm.core.recipe.optim import OptimSettings
from brewslm.core.recipe.placement import PlacementSettings
from brewslm.core.recipe.preference import PreferenceSettings, idle_settings
from brewslm.core.recipe.retry import RetrySettings
from brewslm.core.recipe.schedule import ScheduleSettings
from brewslm.core.value import Described, Value


class Recipe(Described):
    """A full typed description of a training. Unknown keys are refused."""

    base_model: str
    """A bundled model's name, a local folder, or a Hugging Face id."""
    mode: Literal["sft", "continued_pretraining", "dpo", "orpo", "kto"] = "sft"
    """What is learnt: the assistant's turns (`sft`), every token of plain texts (`continued_pretraining`), the better
    of two answers (`dpo`, `orpo`), or what was judged good and not what was judged bad (`kto`)."""
    method: Literal["lora", "dora", "qlora", "full"] = "lora"
    """What is trained: a low-rank adapter on a frozen base, with its directions and magnitudes apart in `dora` (Liu et
    al. 2024, arXiv:2402.09353), on a base of 4 bits in `qlora` (Dettmers et al. 2023, arXiv:2305.14314); or every
    weight of the model (`full`)."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Type of the frozen base and of the matrix products; what is trained stays in float32."""
    activation_checkpointing: bool = False
    """Keep only the input of each block for the backward pass and compute the rest again: less memory, more time."""
    step_path: Literal["auto", "general", "fast"] = "auto"
    """How gradients are made: by autograd, for any model (`general`); or as derived by hand, for models shaped like
    Llama on the CPU (`fast`). Both give the same within rounding; `auto` tries both on the first rows and takes the
    better one. Name one where two runs must be the same to the bit."""
    data_parallel: Literal["ddp", "fsdp"] = "ddp"
    """Where several processes train as one: each holds everything that is trained (`ddp`), or only its part of every
    weight, gradient and moment (`fsdp`, Zhao et al. 2023, arXiv:2304.11277), which takes less memory and more
    exchange. A single process trains alike with both."""
    seed: int = Field(42, ge=0)
    """Fixes data order and the adapter's first weights."""
    data: DataSettings = DataSettings()
    lora: LoraSettings = LoraSettings()
    optim: OptimSettings = OptimSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    monitor: MonitorSettings = MonitorSettings()
    preference: PreferenceSettings = PreferenceSettings()
    placement: PlacementSettings = PlacementSettings()
    early_stopping: EarlyStopping | None = None
    budget: Budget | None = None
    recovery: Literal["off", "ask", "auto"] = "auto"
    """Whether a training that was lost, hangs, ran out of memory or disk, or met a number that is not finite goes on
    by itself, changed where it must be (`auto`), waits until a person has agreed to that (`ask`), or ends there
    (`off`)."""
    retry: RetrySettings = RetrySettings()

    @property
    def has_adapter(self) -> bool:
        """Whether an adapter is trained on a frozen base, and not the model itself."""
        return self.method != "full"

    @model_validator(mode="after")
    def _settings_agree(self) -> "Recipe":
        problems = []
        total = self.data.total_steps
        if total is not None and self.schedule.warmup_steps >= total:
            problems.append(
                f"schedule.warmup_steps={self.schedule.warmup_steps} must be below data.total_steps={total}"
            )
        problems += idle_settings(self.preference, self.mode)
        if self.schedule.decay_share is not None and self.schedule.lr_schedule != "wsd":
            problems.append(f"schedule.decay_share is of lr_schedule='wsd', not of {self.schedule.lr_schedule!r}")
        if not self.has_adapter and self.lora != LoraSettings():
            problems.append(f"method={self.method!r} trains no adapter: leave the settings of lora out")
        if self.step_path == "fast" and self.activation_checkpointing:
            problems.append("step_path='fast' has no activation_checkpointing: leave one of them out")
        if self.step_path == "fast" and self.mode not in {"sft", "continued_pretraining"}:
            problems.append(f"step_path='fast' has no mode={self.mode!r}: leave it at 'auto'")
        if self.data_parallel == "fsdp":
            problems += self._not_sharded()
        if self.placement.engine == "local" and self.placement.num_nodes > 1:
            asked = f"placement.num_nodes={self.placement.num_nodes}"
            problems.append(f"{asked} needs an engine of several machines: set placement.engine to 'slurm' or 'ray'")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _not_sharded(self) -> list[str]:
        """Return a line for each setting that `data_parallel='fsdp'` does not go with."""
        problems = []
        if self.method == "qlora":
            problems.append("data_parallel='fsdp' cannot cut weights of 4 bits: choose method='lora', or leave it out")
        if self.step_path == "fast":
            problems.append("step_path='fast' needs whole weights: leave it at 'auto', or data_parallel at 'ddp'")
        if self.mode == "kto":
            problems.append("data_parallel='fsdp' has no mode='kto': leave it at 'ddp'")
        return problems


SourceName = Literal["default", "project", "profile", "autopilot", "file", "flag"]


class ValueSource(Value):
    """Where a value of the resolved recipe came from."""

    value: float | int | str | bool | None
    source: SourceName
    """`autopilot`: chosen from data, model, machine and budget. `flag`: said by whoever asked, over HTTP, too."""
    reason: str = ""

"""Low-rank adaptation (Hu et al. 2021, arXiv:2106.09685)."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from brewslm.core.value import Described


class LoraSettings(Described):
    """Which matrices get an adapter, and how large it is."""

    lora_rank: int = Field(16, ge=1, le=512)
    """Rank of the update; 16 is enough for most instruction data."""
    lora_alpha: int = Field(32, ge=1, le=2048)
    """Scale: the update is multiplied by lora_alpha / lora_rank."""
    lora_dropout: float = Field(0.0, ge=0.0, lt=1.0)
    """Dropout on the adapter's input; 0 keeps runs exactly repeatable and fast."""
    target_modules: Literal["all-linear"] | tuple[str, ...] = "all-linear"
    """Names of the linear layers that get an adapter, as a list or with commas between; all of them but the output head
    by default."""

    @field_validator("target_modules", mode="before")
    @classmethod
    def _reads_commas(cls, value: object) -> object:
        """Read `q_proj, v_proj` as two names, which is how plans and `--set` spell a list."""
        if not isinstance(value, str) or value == "all-linear":
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())

    @model_validator(mode="after")
    def _targets_something(self) -> "LoraSettings":
        if not self.target_modules:
            raise ValueError("lora.target_modules names nothing: name linear layers, or write all-linear")
        return self

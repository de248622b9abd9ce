"""What a `brew.py` or a `brewslm.yaml` asks for, without the user's own code."""

from datetime import datetime
from typing import Literal

from pydantic import Field, field_validator

from brewslm.core.project import BUNDLED_BASE_MODEL
from brewslm.core.value import Value

Scalar = int | float | str | bool
Profile = Literal["safe", "balanced", "max_quality"]
CallbackName = Literal["on_log", "on_checkpoint", "on_completed", "on_failed"]

CODE_FILE = "brew.py"
TEXT_FILE = "brewslm.yaml"
MAX_NAME_LENGTH = 100


class Trainer(Value):
    """One training, from a dataset to an evaluated model."""

    name: str = Field(min_length=1, max_length=MAX_NAME_LENGTH)
    """What it is called; also the name of its project, where none is given."""
    dataset: str = Field(min_length=1)
    """A path (from the file's folder), `sample:NAME`, `hf:…`, `https:…`, or the id of a dataset of the project."""
    base_model: str = BUNDLED_BASE_MODEL
    """A bundled model's name, a local folder, or a Hugging Face id."""
    project: str | None = Field(None, min_length=1, max_length=MAX_NAME_LENGTH)
    """The project that it belongs to; None takes the trainer's name. Made where there is none."""
    profile: Profile = "balanced"
    """How much work the plan may be."""
    max_seq_len: int | None = Field(None, ge=16)
    """Longest example in tokens; None takes the base model's context, at most 1,024."""
    recipe: dict[str, Scalar] = Field(default_factory=dict)
    """Dotted fields of the recipe to values; the plan fills in the others."""
    prompts: tuple[str, ...] = ()
    """Prompts to answer side by side, base and tuned, at the end."""
    callbacks: tuple[CallbackName, ...] = ()
    """Which of them the user's code has."""

    @property
    def project_name(self) -> str:
        """The project that it belongs to."""
        return self.project or self.name

    @field_validator("name", "project")
    @classmethod
    def _is_a_name(cls, name: str | None) -> str | None:
        if name is not None and (not name.strip() or not name.isprintable()):
            message = f"must be 1 to {MAX_NAME_LENGTH} printable characters"
            raise ValueError(message)
        return name


class BrewManifest(Value):
    """What `brewslm build` writes: what the file resolves to, and which files that came from."""

    api_version: Literal["brewslm/v1"] = "brewslm/v1"
    kind: Literal["Brew"] = "Brew"
    file: str
    """`brew.py` or `brewslm.yaml`."""
    trainer: Trainer
    sources: dict[str, str]
    """Each file of the folder that was loaded for it, to its SHA-256."""


class BrewState(Value):
    """What the served folder holds now."""

    folder: str
    """Where it is looked for."""
    file: str | None = None
    """The file that counts: `brew.py`, else `brewslm.yaml`; None where there is neither."""
    trainer: Trainer | None = None
    """None where there is no file, or it does not load."""
    error: str | None = None
    """Why it does not load, in one line with file and line."""
    changed_at: datetime | None = None
    """When one of its files was last changed."""
    run: "BrewRun | None" = None
    """The run of it that is in flight."""


class BrewRun(Value):
    """A `brewslm start` that is in flight, or was last."""

    id: str
    trainer: str
    """Its name."""
    file: str
    """The path of the file that it runs."""
    pid: int
    started_at: datetime
    phase: Literal["starting", "importing", "training"] = "starting"
    project_id: int | None = None
    job_id: int | None = None
    """The job that it waits for now."""

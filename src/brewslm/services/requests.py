"""What users ask of a flow. These models are the HTTP bodies and the payloads of the jobs."""

from typing import Literal

from pydantic import Field, model_validator

from brewslm.core.artifacts.golden import GoldenPurpose
from brewslm.core.artifacts.mapping import MappingChoices
from brewslm.core.artifacts.optimization import DeviceName
from brewslm.core.checkpoints.fork import AtStep, Fork
from brewslm.core.data.example import Shape
from brewslm.core.evaluation.pack import EvalPack
from brewslm.core.ids import ArtifactId
from brewslm.core.value import Value

Scalar = int | float | str | bool


class ImportRequest(MappingChoices):
    """Stages 01 to 04 in one go. Without any choice the reading is taken that introspection is certain of."""

    locator: str = Field(min_length=1)
    """A path or pattern, `https:`, `hf:`, `kaggle:`, `s3:`, `gs:`, `abfs:`, `upload:<id>`, `file:`, `sample:<name>`."""
    reading: dict[str, Scalar] = Field(default_factory=dict)
    """What ingest is told besides: `format`, `encoding`, `delimiter`, `has_header`, `max_malformed_share`, …"""
    min_coverage: float = Field(0.95, ge=0.0, le=1.0)
    """Gate A: the share of rows that must become examples."""
    sample_size: int = Field(200, ge=1, le=100_000)
    """Rows that introspection looks at."""


class SweepPlace(Value):
    """To which sweep a training belongs."""

    name: str
    fields: tuple[str, ...]
    """Those in which the trainings of the sweep differ."""


class AutopilotRequest(Value):
    """Everything that is still missing, up to the evaluation."""

    autopilot: Literal[True] = True
    one_click: bool = True
    """Launch at once. Without it the flow stops after the plan."""
    profile: Literal["safe", "balanced", "max_quality"] = "balanced"
    base_model: str | None = None
    """None takes the project's."""
    max_seq_len: int | None = Field(None, ge=16)
    """None takes the base model's context, at most 1,024."""
    overrides: dict[str, Scalar] = Field(default_factory=dict)
    """Dotted recipe fields to values, for example `{"optim.learning_rate": 0.001}`."""
    prompts: tuple[str, ...] = ()
    """Prompts to answer side by side in the evaluation."""
    fork: Fork | None = None
    """Begin with the weights of this checkpoint, and with its method and adapter where nothing else is said."""
    dataset_id: ArtifactId | None = None
    """Train on this dataset; None takes the project's newest one."""
    manifest_id: ArtifactId | None = None
    """Train on this preparation; None takes the activated one where it fits, or prepares."""

    guard: str | None = Field(None, pattern="^[0-9a-f]{16}$")
    """Launch the plan that has this guard, as it is; where the project has changed since, plan again and say why."""

    sweep: SweepPlace | None = None
    """Where it is one of several that are compared."""

    @model_validator(mode="after")
    def _data_is_named_once(self) -> "AutopilotRequest":
        for name in ("base_model", "max_seq_len", "dataset_id"):
            if self.manifest_id is not None and getattr(self, name) is not None:
                message = f"{name} is that of the preparation {self.manifest_id!r}: leave one of them out"
                raise ValueError(message)
        if self.guard is not None and (self.overrides or self.fork is not None):
            raise ValueError("guard names a plan that is launched as it is: leave overrides and fork out")
        return self


class ForkRequest(Value):
    """The same data and recipe once more, from a checkpoint on, with changes."""

    step: AtStep = "best"
    overrides: dict[str, Scalar] = Field(default_factory=dict)
    """Dotted recipe fields that are to differ, for example `{"optim.learning_rate": 0.0001}`."""


class EvaluationRequest(Value):
    """Evaluate the newest adapter, on its splits and, for classification, on a file besides."""

    locator: str | None = None
    """A file with the columns of the training data."""
    prompts: tuple[str, ...] = ()
    pack: str | EvalPack | None = None
    """An eval pack: the name of one of the workspace, or one itself; None measures what is usual."""


class OptimizeRequest(Value):
    """Measure the newest bundle for a device."""

    target: DeviceName


class BenchmarkRequest(Value):
    """Measure base models on the project's own rows."""

    models: tuple[str, ...] = Field(min_length=1, max_length=16)
    """Bundled models' names, folders, or Hugging Face ids."""
    sample: int = Field(200, ge=20, le=10_000)
    """Eval rows that each is scored on, at most."""
    probe_steps: int = Field(50, ge=0, le=2_000)
    """Optimiser steps of the short training after which each is scored again; 0 leaves it out."""
    manifest_id: ArtifactId | None = None
    """The preparation whose rows are taken; None takes the activated one, or the newest."""

    @model_validator(mode="after")
    def _names_differ(self) -> "BenchmarkRequest":
        twice = sorted({name for name in self.models if self.models.count(name) > 1})
        if twice:
            message = f"{twice[0]!r} is named twice: name each candidate once"
            raise ValueError(message)
        return self


class ForecastRequest(Value):
    """Say what a plan will probably come to."""

    readiness_id: ArtifactId | None = None
    """The plan; None takes that of the newest preflight."""
    sample: int = Field(200, ge=20, le=10_000)
    """Eval rows that are looked at, at most."""
    probe_steps: int = Field(50, ge=0, le=2_000)
    """Steps that may be trained to see how the loss falls, at most a quarter of the plan's; 0 for none."""


class ReviewRequest(Value):
    """Put rows that a model fails on a review list."""

    eval_report_id: ArtifactId | None = None
    """The evaluation; None takes the newest."""
    task: str | None = None
    """None takes the first."""
    slice: str | None = None
    """Only those of one slice, for example `label=refund`."""
    row_ids: tuple[str, ...] = Field((), max_length=10_000)
    """Only these; none takes all that fail."""
    limit: int = Field(200, ge=1, le=10_000)
    """The worst so many."""
    note: str = Field("", max_length=4_000)
    """Why they are to be looked at."""


class GoldenRequest(Value):
    """Lock examples as a golden set: those of a file, or those of a split."""

    name: str = Field("golden", min_length=1, max_length=60, pattern=r"^[\w][\w .-]*$")
    """Another set of the same name is its next version."""
    purpose: GoldenPurpose = "test"
    locator: str | None = Field(None, min_length=1)
    """A path, `file:…`, or `sample:<name>`."""
    from_split: Literal["eval", "test"] | None = None
    """A split of the current manifest."""
    as_shape: Shape | None = None
    """How to read the file, where it is not certain."""

    @model_validator(mode="after")
    def _has_one_source(self) -> "GoldenRequest":
        if (self.locator is None) == (self.from_split is None):
            message = "name a file or a split, and only one of them"
            raise ValueError(message)
        return self

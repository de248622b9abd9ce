"""A `brewslm.yaml`: a project as text, from its data to the plan of its training."""

from typing import Literal

from pydantic import Field

from brewslm.core.artifacts.cleaning import CleaningPlan
from brewslm.core.artifacts.manifest import LeakCheck, LeakPolicy, SplitShares, Truncation
from brewslm.core.artifacts.mapping import MappingChoices
from brewslm.core.brew.trainer import Scalar, Trainer
from brewslm.core.outcome.approval import GateMode
from brewslm.core.project import Template
from brewslm.core.stage_name import StageName
from brewslm.core.value import Described, Value


class DataChoices(MappingChoices, Described):
    """How the dataset is read and mapped, where it is not certain."""

    reading: dict[str, Scalar] = Field(default_factory=dict)
    """What ingest is told besides: `format`, `encoding`, `delimiter`, `has_header`, `max_malformed_share`, …"""
    min_coverage: float = Field(0.95, ge=0.0, le=1.0)
    """Gate A: the share of rows that must become examples."""


class Preparation(Described):
    """How the dataset is split."""

    shares: SplitShares = SplitShares()
    """Of train, eval and test; they sum to 1."""
    truncation: Truncation = "drop"
    """What happens to examples that are too long."""
    group_by: str | None = Field(None, min_length=1, max_length=200)
    """A key of the metadata whose values are never parted."""
    time_by: str | None = Field(None, min_length=1, max_length=200)
    """A key of the metadata that holds a time: the newest examples are test."""
    use_source_splits: bool = False
    """Whether the splits that the source came with are kept."""
    leak_policy: LeakPolicy = "move"
    """What happens to examples that are in two splits."""
    leak_check: LeakCheck = "near"
    """Whether near duplicates count as the same."""


class ProjectFile(Described):
    """The whole file. Unknown keys are errors."""

    api_version: Literal["brewslm/v1"]
    """The version of this format."""
    kind: Literal["Project"]
    """What the file describes."""
    template: Template = "general"
    """The starting point of the project."""
    seed: int = Field(42, ge=0)
    """Of splits and training."""
    gates: dict[StageName, GateMode] = Field(default_factory=dict)
    """Stage to who decides at its end: `auto` (as usual), `auto-judge` or `human`."""
    data: DataChoices = DataChoices()
    """How the dataset is read, where that is not certain."""
    cleaning: CleaningPlan | None = CleaningPlan()
    """The rules of cleaning; by default only exact duplicates are taken out, null leaves all."""
    preparation: Preparation = Preparation()
    """How the dataset is split."""
    trainer: Trainer
    """What is trained on what, and how."""

    @property
    def declared(self) -> tuple[str, ...]:
        """The parts that only `brewslm manifest apply` carries out, where they differ from what is usual."""
        usual = type(self)(api_version=self.api_version, kind=self.kind, trainer=self.trainer)
        names = (name for name in type(self).model_fields if name not in {"api_version", "kind", "trainer"})
        return tuple(name for name in names if getattr(self, name) != getattr(usual, name))


class Difference(Value):
    """One value that the project and the file do not agree on."""

    field: str
    """Dotted, as in the file."""
    project: Scalar | None
    """As it is; null where it is not set, or there is no such project."""
    file: Scalar | None
    """As the file wants it."""


class Step(Value):
    """One thing that `apply` does, or need not do."""

    name: Literal["project", "gates", "import", "clean", "prepare", "preflight"]
    is_due: bool
    told: str
    """What will be done, or why nothing is."""


class ProjectPlan(Value):
    """What `apply` will do, and every value that changes."""

    project: str
    project_id: int | None
    """None where there is none yet."""
    differences: tuple[Difference, ...]
    steps: tuple[Step, ...]
    problems: tuple[str, ...] = ()
    """What cannot be done: a project keeps its seed and its template."""

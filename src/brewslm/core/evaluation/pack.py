"""An eval pack: which rows, which metrics, which gates. A file of YAML that is versioned with the project."""

from collections.abc import Iterator
from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from brewslm.core.evaluation.judge import JudgeSettings
from brewslm.core.evaluation.metrics import METRICS, MetricName
from brewslm.core.value import Value

SliceBy = Literal["label", "length", "source", "cluster"]
Reference = Literal["base", "last_release"]

REFUSALS = (
    "i don't know",
    "i do not know",
    "cannot answer",
    "can't answer",
    "cannot be answered",
    "not enough information",
    "no information",
    "unanswerable",
)


class EvalTask(Value):
    """Rows and what is measured on them."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str = Field(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """How gates and reports call it."""
    rows: Literal["eval", "test"] = "test"
    """The split. `eval` chose the checkpoint, so its figures are a little too good."""
    metrics: tuple[MetricName, ...] = Field(min_length=1)
    """The first one decides about the worst slice and orders the failing rows."""
    sample: int = Field(200, ge=1, le=100_000)
    """Rows that are answered where a metric needs answers, at most, evenly spread; losses and labels are of all."""
    max_new_tokens: int = Field(96, ge=1, le=8_192)
    """Of each answer."""
    slices: tuple[SliceBy, ...] = ("label", "length", "source")
    """Groups that are looked at by themselves; what the rows do not have is left out."""
    cluster_key: str = Field("cluster", min_length=1, max_length=200)
    """The key of the metadata that names a row's cluster."""
    unanswerable_key: str = Field("unanswerable", min_length=1, max_length=200)
    """The key of the metadata that is true where the only right answer is to refuse."""
    refusals: tuple[str, ...] = Field(REFUSALS, min_length=1)
    """An answer that holds one of these, in any case, is a refusal."""


class EvalGate(Value):
    """One condition on one metric of the tuned model."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str = Field(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """How the report calls it."""
    metric: MetricName
    """What is looked at; one that was not measured is not met."""
    operator: Literal["gte", "lte"] | None = None
    """With `threshold`: at least, or at most. With `no_worse_than` it follows from the metric."""
    threshold: float | None = Field(None, allow_inf_nan=False)
    """The number itself is compared, not its interval."""
    no_worse_than: Reference | None = None
    """Not met where the metric is worse beyond noise: adjusted over all gates, at most 5 % of false alarms."""
    margin: float = Field(0.0, ge=0.0, allow_inf_nan=False)
    """So much worse is allowed, in the metric's unit."""
    required: bool = True
    """Whether it blocks promotion; else it is shown."""
    task: str | None = None
    """Of which task; None takes the first that has the metric."""
    slice: str | None = Field(None, pattern=r"^(label|length|source|cluster)=.+$")
    """Only on one slice, for example `label=refund`."""


class EvalPack(Value):
    """The whole file. Unknown keys are errors."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    api_version: Literal["brewslm/v1"]
    """The version of this format."""
    kind: Literal["EvalPack"]
    """What the file describes."""
    name: str = Field(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """How it is called, the same as its file."""
    version: int = Field(1, ge=1)
    """Counted up by whoever changes it; reports name it, with a hash of the content."""
    tasks: tuple[EvalTask, ...] = Field(min_length=1, max_length=16)
    """What is measured."""
    gates: tuple[EvalGate, ...] = ()
    """What must hold; without any, the built-in ones of an evaluation."""
    judge: JudgeSettings | None = None
    """Who judges the answers of tasks with the metric `judge_score`."""
    general_probe: bool = False
    """Whether the bundled probe of general ability is asked, too: what was forgotten."""

    @model_validator(mode="after")
    def _fits_together(self) -> "EvalPack":
        if problems := list(self._problems()):
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        for kind, ids in (("task", [task.id for task in self.tasks]), ("gate", [gate.id for gate in self.gates])):
            twice = sorted({one for one in ids if ids.count(one) > 1})
            yield from (f"two {kind}s are called {name!r}" for name in twice)
        yield from self._problems_of_judge()
        for gate in self.gates:
            yield from (f"gate {gate.id!r} {problem}" for problem in self._problems_of(gate))

    def _problems_of_judge(self) -> Iterator[str]:
        wanted = [task for task in self.tasks if "judge_score" in task.metrics]
        if wanted and self.judge is None:
            yield f"task {wanted[0].id!r} measures judge_score, but no judge is named"
        if self.judge is not None and not wanted:
            yield "a judge is named, but no task measures judge_score"
        for task in wanted:
            if task.metrics[0] == "judge_score":
                yield f"task {task.id!r} begins with judge_score; begin with a metric that needs no judge"
        for gate in self.gates:
            if gate.metric == "judge_score" and gate.no_worse_than == "last_release":
                yield f"gate {gate.id!r} compares judge_score with the last release; it is a comparison with the base"
            if gate.metric == "judge_score" and self.judge is not None and self.judge.labels is None:
                yield f"gate {gate.id!r} looks at judge_score, but the judge has no labels: it may gate nothing"

    def _problems_of(self, gate: EvalGate) -> Iterator[str]:
        if (gate.threshold is None) == (gate.no_worse_than is None):
            yield "needs either threshold or no_worse_than"
        if gate.threshold is not None and gate.operator is None:
            yield "has a threshold but no operator (gte or lte)"
        if gate.threshold is not None and gate.margin:
            yield "has a margin, which only goes with no_worse_than"
        right = "lte" if METRICS[gate.metric].is_lower_better else "gte"
        if gate.no_worse_than is not None and gate.operator not in {None, right}:
            yield f"says {gate.operator}, but of {gate.metric} no worse means {right}"
        known = {task.id: task for task in self.tasks}
        if gate.task is not None and gate.task not in known:
            yield f"is of task {gate.task!r}; there is {', '.join(known)}"
            return
        task = self.task_of(gate)
        if task is None or gate.metric not in task.metrics:
            where = f"task {gate.task!r}" if gate.task else "any task"
            yield f"looks at {gate.metric}, which is not among the metrics of {where}"
        elif gate.slice is not None and (by := gate.slice.partition("=")[0]) not in task.slices:
            yield f"looks at a slice by {by}, which task {task.id!r} does not make"

    def task_of(self, gate: EvalGate) -> EvalTask | None:
        """Return the task that a gate looks at; None where none has its metric."""
        named = (task for task in self.tasks if (task.id == gate.task if gate.task else gate.metric in task.metrics))
        return next(named, None)

"""From a schema and the user's word to a plan."""

from collections.abc import Callable, Iterable
from typing import Any

from brewslm.core.artifacts.mapping import MappingPlan, MappingSpec
from brewslm.core.artifacts.schema import ColumnMap, Hypothesis, Schema
from brewslm.core.artifacts.transforms import Template, Transform
from brewslm.core.data.example import Shape
from brewslm.core.errors import InvalidRequestError, MappingAmbiguousError
from brewslm.core.mapping.convert import COLUMN_ROLES, REQUIRED_ROLES, label_of
from brewslm.core.mapping.outcome import SourceRow
from brewslm.core.mapping.roles import ROLE_NAMES
from brewslm.core.mapping.transform import check_template, column_made, columns_read, transformed
from brewslm.stages.mapping.contract import MapDryRunInputs

MAX_LABELS = 10_000
TALKS: tuple[Shape, ...] = ("chat", "preference")

Rows = Callable[[], Iterable[SourceRow]]


def plan_of(inputs: MapDryRunInputs, schema: Schema, rows: Rows) -> MappingPlan:
    """Settle shape and columns. The label vocabulary, where it is not given, is that of the whole snapshot.

    Raises:
        MappingAmbiguousError: no shape is chosen, or no columns are known for it.
        InvalidRequestError: the user's columns lack one that the shape needs, or name one that is not there.
    """
    spec = inputs.mapping or _proposed(inputs, schema)
    columns = _with_words(spec.columns, inputs)
    transforms = spec.transforms if inputs.transforms is None else inputs.transforms
    is_own = bool(inputs.columns or inputs.mapping or inputs.roles or inputs.transforms is not None)
    if is_own:
        _check(columns, transforms, spec.shape, schema, is_plugin=spec.mapper is not None)
    if spec.shape == "classification" and not columns.labels:
        columns = columns.model_copy(update={"labels": _labels(rows(), columns, transforms)})
    if spec.shape in TALKS and not columns.role_names:
        columns = columns.model_copy(update={"role_names": dict(ROLE_NAMES)})
    return MappingPlan(
        snapshot_id=inputs.snapshot_id,
        shape=spec.shape,
        columns=columns,
        transforms=transforms,
        mapper=spec.mapper,
        max_characters=inputs.max_characters or spec.max_characters,
    )


def _proposed(inputs: MapDryRunInputs, schema: Schema) -> MappingSpec:
    shape = inputs.shape or schema.chosen
    if shape is None:
        raise MappingAmbiguousError(schema.problem)
    if inputs.columns is not None:
        return MappingSpec(shape=shape, columns=inputs.columns)
    fitting = [found for found in schema.hypotheses if found.shape == shape]
    found = next((one for one in fitting if _agrees(one, inputs.roles)), fitting[0] if fitting else None)
    if found is not None:
        return MappingSpec(shape=shape, columns=found.columns, transforms=found.transforms, mapper=found.mapper)
    if inputs.roles:
        return MappingSpec(shape=shape, columns=ColumnMap())
    names = ", ".join(repr(profile.name) for profile in schema.columns)
    message = f"No columns for a {shape} mapping are recognised among {names}. Name them, or choose another shape."
    raise MappingAmbiguousError(message)


def _agrees(hypothesis: Hypothesis, roles: dict[str, str]) -> bool:
    return all(getattr(hypothesis.columns, role, None) == column for role, column in roles.items())


def _with_words(columns: ColumnMap, inputs: MapDryRunInputs) -> ColumnMap:
    """Put what the user names over what is proposed."""
    unknown = [role for role in inputs.roles if role not in COLUMN_ROLES]
    if unknown:
        message = f"{unknown[0]!r} is no role of a column; the roles are {', '.join(COLUMN_ROLES)}."
        raise InvalidRequestError(message)
    changes: dict[str, Any] = {role: column or None for role, column in inputs.roles.items()}
    if "label" in changes:
        changes["labels"] = ()
    for name in ("labels", "tag_names", "instruction"):
        if getattr(inputs, name):
            changes[name] = getattr(inputs, name)
    if "labels" in changes:
        changes["labels"] = tuple(sorted(set(changes["labels"])))
    return columns.model_copy(update=changes) if changes else columns


def _check(
    columns: ColumnMap, transforms: tuple[Transform, ...], shape: Shape, schema: Schema, *, is_plugin: bool
) -> None:
    for step in transforms:
        if isinstance(step, Template):
            check_template(step.template)
    known = {profile.name for profile in schema.columns}
    problems = [] if is_plugin else _absent_roles(columns, shape)
    made: set[str] = set()
    named: list[str] = []
    for step in transforms:
        named += [name for name in columns_read(step) if name.split(".")[0] not in made]
        made.add(column_made(step).split(".")[0])
    if not is_plugin:
        own = [name for role in COLUMN_ROLES if (name := getattr(columns, role)) is not None]
        named += [name for name in own if name.split(".")[0] not in made]
    problems += [f"there is no column {name!r}" for name in dict.fromkeys(named) if not _is_known(name, known)]
    if problems:
        message = f"{'; '.join(problems)}. The columns are {', '.join(map(repr, sorted(known)))}."
        raise InvalidRequestError(message)


def _absent_roles(columns: ColumnMap, shape: Shape) -> list[str]:
    """What lacks of the set of roles that is nearest to whole."""
    lacking = [[role for role in roles if getattr(columns, role) is None] for roles in REQUIRED_ROLES[shape]]
    return [f"a {shape} mapping needs a column for {role!r}" for role in min(lacking, key=len)]


def _is_known(name: str, known: set[str]) -> bool:
    """A path is known where it, or what it goes through, was seen: below that only rows can tell."""
    steps = name.split(".")
    return name in known or (len(steps) > 1 and any(".".join(steps[:end]) in known for end in range(1, len(steps))))


def _labels(rows: Iterable[SourceRow], columns: ColumnMap, transforms: tuple[Transform, ...]) -> tuple[str, ...]:
    column = str(columns.label)
    labels: set[str] = set()
    for row in rows:
        record = None if row.record is None else transformed(row.record, transforms)
        label = label_of(record, column) if isinstance(record, dict) else None
        if label is not None:
            labels.add(label)
        if len(labels) > MAX_LABELS:
            message = f"The column {column!r} has more than {MAX_LABELS:,} values, so it is no label. Choose another."
            raise InvalidRequestError(message)
    return tuple(sorted(labels))

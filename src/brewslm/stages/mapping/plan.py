"""From a schema and the user's word to a plan."""

from collections.abc import Callable, Iterable

from brewslm.core.artifacts.mapping import MappingPlan
from brewslm.core.artifacts.schema import ColumnMap, Schema
from brewslm.core.data.example import Shape
from brewslm.core.errors import InvalidRequestError, MappingAmbiguousError
from brewslm.core.mapping.convert import REQUIRED_ROLES, label_of
from brewslm.core.mapping.outcome import SourceRow
from brewslm.core.mapping.roles import ROLE_NAMES
from brewslm.stages.mapping.contract import MapDryRunInputs

MAX_LABELS = 10_000


def plan_of(inputs: MapDryRunInputs, schema: Schema, rows: Callable[[], Iterable[SourceRow]]) -> MappingPlan:
    """Settle shape and columns. The label vocabulary, where it is not given, is that of the whole snapshot.

    Raises:
        MappingAmbiguousError: no shape is chosen, or no columns are known for it.
        InvalidRequestError: the user's columns lack one that the shape needs, or name one that is not there.
    """
    shape = inputs.as_shape or schema.chosen
    if shape is None:
        raise MappingAmbiguousError(schema.problem)
    proposed = next((found.columns for found in schema.hypotheses if found.shape == shape), None)
    columns = inputs.columns or proposed
    if columns is None:
        names = ", ".join(repr(profile.name) for profile in schema.columns)
        message = f"No columns for a {shape} mapping are recognised among {names}. Name them, or choose another shape."
        raise MappingAmbiguousError(message)
    if inputs.columns is not None:
        columns = _checked(inputs.columns, shape, schema)
    if shape == "classification" and not columns.labels:
        columns = columns.model_copy(update={"labels": _labels(rows(), str(columns.label))})
    if shape == "chat" and not columns.role_names:
        columns = columns.model_copy(update={"role_names": dict(ROLE_NAMES)})
    return MappingPlan(snapshot_id=inputs.snapshot_id, shape=shape, columns=columns)


def _checked(columns: ColumnMap, shape: Shape, schema: Schema) -> ColumnMap:
    named = {
        role: getattr(columns, role)
        for role in ("messages", "system", "prompt", "context", "completion", "text", "label")
    }
    known = {profile.name for profile in schema.columns}
    problems = [
        f"a {shape} mapping needs a column for {role!r}" for role in REQUIRED_ROLES[shape] if named[role] is None
    ]
    problems += [f"there is no column {name!r}" for name in named.values() if name is not None and name not in known]
    if problems:
        message = f"{'; '.join(problems)}. The columns are {', '.join(map(repr, sorted(known)))}."
        raise InvalidRequestError(message)
    return columns


def _labels(rows: Iterable[SourceRow], column: str) -> tuple[str, ...]:
    labels: set[str] = set()
    for row in rows:
        label = None if row.record is None else label_of(row.record, column)
        if label is not None:
            labels.add(label)
        if len(labels) > MAX_LABELS:
            message = f"The column {column!r} has more than {MAX_LABELS:,} values, so it is no label. Choose another."
            raise InvalidRequestError(message)
    return tuple(sorted(labels))

"""Tables as Parquet, zstd. Columns are built and taken apart whole; no row becomes a dictionary on the way."""

import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from itertools import accumulate, pairwise, repeat
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from brewslm.core.errors import ArtifactDamagedError, NotFoundError
from brewslm.core.ports.tables import Columns, Nested, Outline

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_ROWS = 4096

ValueT = TypeVar("ValueT")


class ParquetTables:
    """Implements `core.ports.tables.Tables`."""

    def read(self, path: Path, row: type[ValueT], *, start: int = 0) -> Iterator[list[ValueT]]:
        """Yield batches of rows from row number `start` on.

        Raises:
            ArtifactDamagedError: the file is no table of such rows.
        """
        with _damage_named(path), _opened(path) as file:
            columns = _columns(file, row, path)
            groups, skipped = _groups(file, start)
            for batch in file.iter_batches(batch_size=BATCH_ROWS, row_groups=groups, columns=columns):
                kept = batch.slice(skipped)
                skipped = max(0, skipped - batch.num_rows)
                if kept.num_rows:
                    yield list(_rows(kept, row, columns, path))

    def each(self, path: Path, row: type[ValueT]) -> Iterator[ValueT]:
        """Yield the rows one by one.

        Raises:
            ArtifactDamagedError: the file is no table of such rows.
        """
        with _damage_named(path), _opened(path) as file:
            columns = _columns(file, row, path)
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
                yield from _rows(batch, row, columns, path)

    def pick(self, path: Path, row: type[ValueT], numbers: Collection[int]) -> list[ValueT]:
        """Return the rows with these numbers, in the order of the table; one after its end is left out.

        Raises:
            ArtifactDamagedError: the file is no table of such rows.
        """
        found: list[ValueT] = []
        wanted = sorted(set(numbers))
        first = 0
        with _damage_named(path), _opened(path) as file:
            columns = _columns(file, row, path)
            for group in range(file.num_row_groups):
                last = first + file.metadata.row_group(group).num_rows
                places = [number - first for number in wanted if first <= number < last]
                first = last
                if places:
                    batches = file.iter_batches(BATCH_ROWS, row_groups=[group], columns=columns)
                    found += [one for kept in _picked(batches, places) for one in _rows(kept, row, columns, path)]
        return found

    @contextmanager
    def write(self, path: Path, row: type[ValueT]) -> "Iterator[_Writer[ValueT]]":
        """Open a new table; it is whole when the context ends."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([pa.field(name, _type(hint)) for name, hint in _hints(row).items()])
        with pq.ParquetWriter(path, schema, compression="zstd") as file:
            writer = _Writer(file, row, schema)
            yield writer
            writer.flush()

    def outline(self, path: Path) -> Outline:
        """Say how large a table is, without reading it.

        Raises:
            ArtifactDamagedError: the file is no table.
        """
        import pyarrow.parquet as pq

        with _damage_named(path):
            metadata = pq.read_metadata(path)
            return Outline(int(metadata.num_rows), tuple(metadata.schema.to_arrow_schema().names))

    def page(
        self, path: Path, *, start: int, limit: int, where: Mapping[str, str | int] | None = None
    ) -> list[dict[str, Any]]:
        """Return rows of any table as JSON-ready objects; with `where` only those whose columns have these values.

        Raises:
            ArtifactDamagedError: the file is no table.
            NotFoundError: it has no such column, or one of texts is compared with a number.
        """
        found: list[dict[str, Any]] = []
        with _damage_named(path), _opened(path) as file:
            wanted = where or {}
            _check_columns(file, wanted, path)
            groups, skipped = _fitting_groups(file, wanted, start) if wanted else _groups(file, start)
            for batch in file.iter_batches(batch_size=BATCH_ROWS, row_groups=groups):
                fitting = _fitting(batch, wanted)
                found += fitting.slice(skipped, limit - len(found)).to_pylist()
                skipped = max(0, skipped - fitting.num_rows)
                if len(found) >= limit:
                    break
        return found


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowTypeError, FileNotFoundError) as error:
        raise ArtifactDamagedError(f"{path.name!r} cannot be read: {error}. Make it again.") from error


def _opened(path: Path) -> "pq.ParquetFile":
    """Open a table without the buffer that keeps every compressed byte it has read until the table is closed."""
    import pyarrow.parquet as pq

    return pq.ParquetFile(path, pre_buffer=False)


class _Writer(Generic[ValueT]):
    def __init__(self, file: "pq.ParquetWriter", row: type[ValueT], schema: "pa.Schema") -> None:
        self._file, self._row, self._schema = file, row, schema
        self._hints = _hints(row)
        self._waiting: list[ValueT] = []

    def add(self, rows: Sequence[ValueT]) -> None:
        self._waiting += rows
        if len(self._waiting) >= BATCH_ROWS:
            self.flush()

    def add_columns(self, columns: Columns) -> None:
        self.flush()
        self._write(_arrays_of(columns, self._row))

    def flush(self) -> None:
        if self._waiting:
            self._write(_arrays(self._waiting, self._hints))
            self._waiting = []

    def _write(self, arrays: "list[pa.Array]") -> None:
        import pyarrow as pa

        self._file.write_batch(pa.record_batch(arrays, schema=self._schema))


def _hints(row: type) -> dict[str, Any]:
    hints = get_type_hints(row)
    return {name: hints[name] for name in _fields(row)}


def _fields(row: type) -> dict[str, bool]:
    """The names of the fields, in order, and whether a value must be given for them."""
    return {name: default is MISSING for name, default in _defaults(row).items()}


def _defaults(row: type) -> dict[str, Any]:
    """The fields, in order, with their defaults."""
    if is_dataclass(row):
        return {field.name: field.default for field in fields(row)}
    defaults: dict[str, Any] = getattr(row, "_field_defaults", {})
    return {name: defaults.get(name, MISSING) for name in getattr(row, "_fields", ())}


def _bare(hint: Any) -> Any:  # noqa: ANN401 - a type hint
    """The hint without `| None`."""
    if get_origin(hint) in {Union, types.UnionType}:
        return next(part for part in get_args(hint) if part is not type(None))
    return hint


def _type(hint: Any) -> "pa.DataType":  # noqa: ANN401 - a type hint
    import pyarrow as pa

    bare = _bare(hint)
    if get_origin(bare) is tuple:
        return pa.list_(_type(get_args(bare)[0]))
    if is_dataclass(bare):
        return pa.struct([pa.field(name, _type(inner)) for name, inner in _hints(bare).items()])  # type: ignore[arg-type]  # a class, not an instance
    scalars = {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    if bare is str or get_origin(bare) is Literal or (isinstance(bare, type) and issubclass(bare, StrEnum)):
        return pa.large_string()
    return scalars[bare]


def _arrays(values: Sequence[Any], hints: Mapping[str, Any]) -> "list[pa.Array]":
    """A column for each field of these values."""
    if len(hints) == 1 or not values:
        return [_array([getattr(value, name) for value in values], hint) for name, hint in hints.items()]
    columns = zip(*map(attrgetter(*hints), values), strict=True)
    return [_array(column, hint) for column, hint in zip(columns, hints.values(), strict=True)]


def _arrays_of(columns: Columns, row: type) -> "list[pa.Array]":
    """As `_arrays`, of values that stand in columns already."""
    defaults = _defaults(row)
    first = next(iter(columns.values()))
    num = len(first.lengths if isinstance(first, Nested) else first)
    given = {name: columns[name] if name in columns else [default] * num for name, default in defaults.items()}
    return [_nested(given[name], hint) for name, hint in _hints(row).items()]


def _nested(column: Sequence[Any] | Nested, hint: Any) -> "pa.Array":  # noqa: ANN401 - a type hint
    import pyarrow as pa

    if not isinstance(column, Nested):
        return _array(column, hint)
    offsets = pa.array(list(accumulate(column.lengths, initial=0)), type=pa.int32())
    inner = get_args(_bare(hint))[0]
    return pa.ListArray.from_arrays(
        offsets, pa.StructArray.from_arrays(_arrays_of(column.columns, inner), fields=list(_type(inner)))
    )


def _array(values: Sequence[Any], hint: Any) -> "pa.Array":  # noqa: ANN401 - a type hint
    import pyarrow as pa

    bare = _bare(hint)
    if get_origin(bare) is tuple:
        inner = get_args(bare)[0]
        offsets = list(accumulate(map(len, values), initial=0))
        flat = [item for value in values for item in value]
        return pa.ListArray.from_arrays(pa.array(offsets, type=pa.int32()), _array(flat, inner))
    if is_dataclass(bare):
        columns = _arrays(values, _hints(bare))  # type: ignore[arg-type]  # a class, not an instance
        return pa.StructArray.from_arrays(columns, fields=list(_type(bare)))
    return pa.array(values, type=_type(bare))


def _rows(batch: "pa.RecordBatch", row: type[ValueT], columns: list[str], path: Path) -> Iterator[ValueT]:
    hints = _hints(row)
    values = []
    for name in columns:
        try:
            values.append(_values(batch.column(name), hints[name]))
        except (AttributeError, TypeError, ValueError) as error:
            held = batch.schema.field(name).type
            message = f"{path.name!r} holds {held} in column {name!r}, which is no {hints[name]}. Make it again."
            raise ArtifactDamagedError(message) from error
    if list(hints) == columns:
        if issubclass(row, tuple):
            return map(tuple.__new__, repeat(row), zip(*values, strict=True))
        return map(row, *values)
    return (row(**dict(zip(columns, parts, strict=True))) for parts in zip(*values, strict=True))


def _picked(batches: "Iterator[pa.RecordBatch]", places: Sequence[int]) -> "Iterator[pa.RecordBatch]":
    first = 0
    for batch in batches:
        inside = [place - first for place in places if first <= place < first + batch.num_rows]
        first += batch.num_rows
        if inside:
            yield batch.take(inside)


def _values(array: "pa.Array", hint: Any) -> list[Any]:  # noqa: ANN401 - a type hint
    bare = _bare(hint)
    if get_origin(bare) is tuple:
        offsets = array.offsets.to_pylist()
        flat = _values(array.values.slice(offsets[0], offsets[-1] - offsets[0]), get_args(bare)[0])
        first = offsets[0]
        return [tuple(flat[begin - first : end - first]) for begin, end in pairwise(offsets)]
    if is_dataclass(bare):
        return _structs(array, bare)
    if hasattr(array, "dictionary_decode"):
        # Its values are taken out one by one otherwise, at fifty times the cost.
        array = array.dictionary_decode()
    found: list[Any] = array.to_pylist()
    if isinstance(bare, type) and issubclass(bare, StrEnum):
        return [None if value is None else bare(value) for value in found]
    return found


def _structs(array: "pa.Array", value: Any) -> list[Any]:  # noqa: ANN401 - a data class
    present = {field.name: part for field, part in zip(array.type, array.flatten(), strict=True)}
    absent = [field.name for field in fields(value) if field.name not in present]
    if any(field.name in absent and field.default is MISSING for field in fields(value)):
        raise ValueError(absent)
    if len(absent) == len(fields(value)):
        return [value() for _ in range(len(array))]
    hints = _hints(value)
    columns = {name: _values(present[name], inner) for name, inner in hints.items() if name in present}
    if not absent:
        return [value(*parts) for parts in zip(*columns.values(), strict=True)]
    return [value(**dict(zip(columns, parts, strict=True))) for parts in zip(*columns.values(), strict=True)]


def _columns(file: Any, row: type, path: Path) -> list[str]:  # noqa: ANN401 - a pyarrow Parquet file
    present = set(file.schema_arrow.names)
    wanted = _fields(row)
    absent = [name for name, is_due in wanted.items() if name not in present and is_due]
    if absent:
        raise ArtifactDamagedError(f"{path.name!r} lacks the column {absent[0]!r}. Make it again.")
    return [name for name in wanted if name in present]


def _check_columns(file: Any, where: Mapping[str, str | int], path: Path) -> None:  # noqa: ANN401 - a pyarrow file
    import pyarrow as pa

    schema = file.schema_arrow
    for name, value in where.items():
        kind = schema.field(name).type if name in schema.names else None
        is_text = kind is not None and (pa.types.is_string(kind) or pa.types.is_large_string(kind))
        is_number = kind is not None and pa.types.is_integer(kind)
        if not (is_text if isinstance(value, str) else is_number):
            message = f"{path.name!r} has no column {name[:80]!r} that could be {value!r}"
            raise NotFoundError(f"{message}; its columns are {', '.join(map(repr, schema.names))}")


def _fitting(batch: "pa.RecordBatch", where: Mapping[str, str | int]) -> "pa.RecordBatch":
    import pyarrow.compute as pc

    for name, value in where.items():
        batch = batch.filter(pc.equal(batch.column(name), value))
    return batch


def _fitting_groups(file: Any, where: Mapping[str, str | int], start: int) -> tuple[list[int], int]:  # noqa: ANN401
    """The row groups whose least and greatest values leave room for what is wanted; `start` counts fitting rows."""
    indices = {file.metadata.schema.column(at).path: at for at in range(file.metadata.num_columns)}
    kept = []
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        ranges = [(group.column(indices[name]).statistics, value) for name, value in where.items()]
        if all(seen is None or not seen.has_min_max or seen.min <= value <= seen.max for seen, value in ranges):
            kept.append(number)
    return kept, start


def _groups(file: Any, start: int) -> tuple[list[int], int]:  # noqa: ANN401 - a pyarrow Parquet file
    """The row groups from `start` on, and the rows to skip in the first of them."""
    skipped, first = start, 0
    while first < file.num_row_groups and skipped >= file.metadata.row_group(first).num_rows:
        skipped -= file.metadata.row_group(first).num_rows
        first += 1
    return list(range(first, file.num_row_groups)), skipped

"""Looking into the tables of artifacts: any page of any table, without reading the rest."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from brewslm.core.artifacts.base import ArtifactRecord, FileRef
from brewslm.core.errors import ArtifactDamagedError, InvalidRequestError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value
from brewslm.services.ports import Ports

SUFFIX = ".parquet"
MAX_CELL_CHARACTERS = 4000
"""Longer texts are cut in a page, and counted; the file holds them whole."""

_NUMBER = re.compile(r"-?[0-9]{1,18}")


class TableSummary(Value):
    """A table of an artifact."""

    name: str
    """Such as `rows`, `rejections` or `train/examples`."""
    num_rows: int
    size_bytes: int


class TablePage(Value):
    """Some rows of a table."""

    name: str
    num_rows: int
    """Of the whole table."""
    start: int
    """How many rows were skipped."""
    rows: tuple[dict[str, Any], ...]
    num_cut_cells: int
    """Texts of more than 4,000 characters, of which the beginning is here."""


class Browsing:
    """The service."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ports."""
        self._ports = ports

    def tables(self, project_id: ProjectId, artifact_id: ArtifactId) -> tuple[TableSummary, ...]:
        """List the tables of an artifact.

        Raises:
            NotFoundError: there is no such artifact.
            ArtifactDamagedError: a table is missing or no table.
        """
        files = tables_of(self._record(project_id, artifact_id))
        return tuple(
            TableSummary(name=name, num_rows=self._num_rows(project_id, file), size_bytes=file.size_bytes)
            for name, file in files.items()
        )

    def page(
        self,
        project_id: ProjectId,
        artifact_id: ArtifactId,
        table: str,
        *,
        start: int = 0,
        limit: int = 50,
        where: Mapping[str, str | int] | None = None,
    ) -> TablePage:
        """Return `limit` rows from row number `start` on; with `where`, of those whose columns have these values.

        Raises:
            NotFoundError: there is no such artifact, table or column.
            ArtifactDamagedError: the table is missing or no table.
        """
        files = tables_of(self._record(project_id, artifact_id))
        file = files.get(table)
        if file is None:
            known = ", ".join(map(repr, files)) or "none"
            message = f"{artifact_id!r} has no table {table[:80]!r}; its tables are: {known}"
            raise NotFoundError(message)
        path = self._ports.store.project_folder(project_id) / file.path
        num_rows = self._num_rows(project_id, file)
        rows = self._ports.tables.page(path, start=start, limit=limit, where=where) if start < num_rows else []
        cut = _Cut()
        return TablePage(
            name=table,
            num_rows=num_rows,
            start=start,
            rows=tuple({name: cut(value) for name, value in row.items()} for row in rows),
            num_cut_cells=cut.num_cut,
        )

    def _record(self, project_id: ProjectId, artifact_id: ArtifactId) -> ArtifactRecord:
        with self._ports.storage.read() as transaction:
            return transaction.artifacts.get(project_id, artifact_id)

    def _num_rows(self, project_id: ProjectId, file: FileRef) -> int:
        path = self._ports.store.project_folder(project_id) / file.path
        if not path.is_file():
            message = f"{file.path!r} is missing; run `brewslm artifacts verify`"
            raise ArtifactDamagedError(message)
        return self._ports.tables.outline(path).num_rows


def conditions(pairs: Iterable[str]) -> dict[str, str | int]:
    """Read `column=value` pairs; a value of digits is a number, one in double quotes a text.

    Raises:
        InvalidRequestError: a pair has no `=` or no column, or a column is named twice.
    """
    found: dict[str, str | int] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not (name and sign) or name in found:
            message = f"{pair[:80]!r} is no condition; write column=value, each column once"
            raise InvalidRequestError(message)
        is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
        found[name] = int(value) if _NUMBER.fullmatch(value) else value[1:-1] if is_quoted else value
    return found


def tables_of(record: ArtifactRecord) -> dict[str, FileRef]:
    """Name to file. A file lies in `<room>/<hash>/`, and so does its name not begin with them."""
    files = [FileRef.model_validate(file) for file in record.body.get("files", ())]
    found = {file.path.split("/", 2)[-1].removesuffix(SUFFIX): file for file in files if file.path.endswith(SUFFIX)}
    return {name: file for name, file in found.items() if not name.startswith("original/")}


class _Cut:
    """Cuts long texts wherever they are in a value."""

    def __init__(self) -> None:
        self.num_cut = 0

    def __call__(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value is meant
        if isinstance(value, str) and len(value) > MAX_CELL_CHARACTERS:
            self.num_cut += 1
            return value[:MAX_CELL_CHARACTERS] + "…"
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items()}
        return value

"""Stage 01: a source becomes an immutable snapshot, byte for byte and row by row."""

import errno
import shutil

from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.context import StageContext
from brewslm.core.errors import CancelledError, SourceError
from brewslm.core.events.base import Draft
from brewslm.core.events.data import Ingestion
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.source import Fetch
from brewslm.core.stage import Stage
from brewslm.stages.ingest.contract import CONTRACT, IngestInputs
from brewslm.stages.ingest.encoding import detect_encoding
from brewslm.stages.ingest.formats import reading_of, refuse_binary
from brewslm.stages.ingest.table import Written, write_rows


def run(inputs: IngestInputs, context: StageContext) -> Snapshot:
    """Copy the source, settle encoding and format, and write one line of `rows.parquet` per record.

    Raises:
        SourceError: the source is missing, empty, in a format that is not read, or not text.
    """
    draft = context.shelf.draft()
    fetch = Fetch(context.shelf.draft(), progress=lambda _done, _total: None, is_cancelled=context.is_cancelled)
    source = context.sources.open(inputs.locator, fetch)
    file = source.files[0]
    original = draft / "original" / source.name
    original.parent.mkdir()
    try:
        shutil.copyfile(file.path, original)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        message = f"{source.name!r} cannot be read: {error.strerror}. Check disk and permissions."
        raise SourceError(message, reason=Reason.INGESTION_IO_ERROR) from error
    size = original.stat().st_size
    if size == 0:
        raise _empty(source.name, "the file is empty")
    refuse_binary(original, source.name)
    encoding = detect_encoding(original, inputs.encoding)
    reading = reading_of(
        original,
        source.name,
        encoding,
        chosen=inputs.format,
        delimiter=inputs.delimiter,
        has_header=inputs.has_header,
    )

    def at_batch(written: Written, position: int) -> None:
        if context.is_cancelled():
            raise CancelledError(f"Reading {source.name!r} was cancelled after {written.num_rows:,} rows.")
        context.progress(min(1.0, position / size), f"{written.num_rows:,} rows")

    written = write_rows(draft / "rows.parquet", reading.read(), at_batch=at_batch)
    if written.num_rows == 0:
        raise _empty(source.name, "it holds no record")
    return Snapshot(
        files=context.shelf.publish(draft, room="snapshots"),
        locator=source.name,
        format=reading.format,
        encoding=encoding.name,
        reading={**reading.details, "encoding": encoding.note},
        num_rows=written.num_rows,
        num_malformed=written.num_malformed,
        columns=tuple(written.columns),
        first_problems=tuple(written.problems),
        max_malformed_share=inputs.max_malformed_share,
    )


def report(snapshot: Snapshot) -> Draft:
    """The event of success."""
    summary = f"{snapshot.num_rows:,} rows read from {snapshot.locator!r}, {snapshot.num_malformed:,} malformed."
    payload = Ingestion(
        snapshot_id=snapshot.id,
        locator=snapshot.locator,
        format=snapshot.format,
        num_rows=snapshot.num_rows,
        num_malformed=snapshot.num_malformed,
    )
    return Draft(Reason.INGESTION, summary, payload)


def _empty(name: str, why: str) -> SourceError:
    message = f"{name!r} has no rows: {why}. Check that it is the right file."
    return SourceError(message, reason=Reason.INGESTION_EMPTY)


INGEST: Stage[IngestInputs, Snapshot] = Stage(
    name="ingest",
    title="Ingest",
    inputs=IngestInputs,
    output=Snapshot,
    consumes=(),
    contract=CONTRACT,
    run=run,
    report=report,
)

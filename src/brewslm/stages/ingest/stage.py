"""Stage 01: a source becomes an immutable snapshot, byte for byte and row by row."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.context import StageContext
from brewslm.core.events.base import Draft
from brewslm.core.events.data import Ingestion
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.source import Fetch, SourceFile
from brewslm.core.stage import Stage
from brewslm.stages.ingest.contract import CONTRACT, IngestInputs
from brewslm.stages.ingest.originals import keep_originals
from brewslm.stages.ingest.parser.order import Limits, Order, OrderedFile
from brewslm.stages.ingest.parser.supervisor import parse_apart

FETCH_SHARE = 0.5
"""Of the progress, where a source has to be fetched."""


def run(inputs: IngestInputs, context: StageContext) -> Snapshot:
    """Bring the source here, keep its bytes, and have one row written per record by the limited process.

    Raises:
        SourceError: the source is missing, empty, in a format that is not read, damaged, or takes too much to read.
    """
    reached = 0.0

    def fetching(done: int, total: int | None) -> None:
        nonlocal reached
        reached = FETCH_SHARE * min(1.0, done / total) if total else reached
        context.progress(reached, f"{done:,} bytes fetched")

    def parsing(fraction: float, phrase: str) -> None:
        context.progress(reached + (1.0 - reached) * fraction, phrase)

    with _drafts(context) as (draft, fetched, scratch):
        source = context.sources.open(inputs.locator, Fetch(fetched, fetching, context.is_cancelled))
        files = source.files
        if source.revision is None:
            folder = draft / "original"
            files = keep_originals(source, folder, fetched=fetched, is_cancelled=context.is_cancelled)
        order = _order(inputs, files, draft, scratch)
        parsed = parse_apart(order, progress=parsing, is_cancelled=context.is_cancelled)
        return Snapshot(
            files=context.shelf.publish(draft, room="snapshots"),
            locator=source.name,
            revision=source.revision,
            licence=source.licence,
            max_malformed_share=inputs.max_malformed_share,
            **{name: getattr(parsed, name) for name in type(parsed).model_fields if name != "kind"},
        )


def _order(inputs: IngestInputs, files: tuple[SourceFile, ...], draft: Path, scratch: Path) -> Order:
    return Order(
        files=tuple(OrderedFile(path=str(file.path), name=file.name, split=file.split) for file in files),
        draft=str(draft),
        scratch=str(scratch),
        format=inputs.format,
        encoding=inputs.encoding,
        delimiter=inputs.delimiter,
        has_header=inputs.has_header,
        limits=Limits(memory_bytes=inputs.max_memory_mb << 20, seconds=inputs.max_seconds),
    )


@contextmanager
def _drafts(context: StageContext) -> Iterator[tuple[Path, Path, Path]]:
    """A folder that will be the snapshot, and two that are gone at the end."""
    draft, aside = context.shelf.draft(), context.shelf.draft()
    fetched, scratch = aside / "fetched", aside / "scratch"
    try:
        fetched.mkdir()
        scratch.mkdir()
        yield draft, fetched, scratch
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(aside, ignore_errors=True)


def report(snapshot: Snapshot) -> Draft:
    """The event of success."""
    files = f" ({snapshot.num_parts:,} files)" if snapshot.num_parts > 1 else ""
    summary = f"{snapshot.num_rows:,} rows read from {snapshot.locator!r}{files}, {snapshot.num_malformed:,} malformed."
    payload = Ingestion(
        snapshot_id=snapshot.id,
        locator=snapshot.locator,
        format=snapshot.format,
        num_rows=snapshot.num_rows,
        num_malformed=snapshot.num_malformed,
    )
    return Draft(Reason.INGESTION, summary, payload)


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

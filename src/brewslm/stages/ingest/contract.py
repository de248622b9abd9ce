"""What ingest needs, and what must hold of its snapshot."""

from pydantic import Field

from brewslm.core.artifacts.snapshot import EncodingName, Snapshot, SourceFormat
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Contract
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value

WARN_SHARE = 0.01
"""Above this share of malformed records the user is told."""


class IngestInputs(Value):
    """A source, and what the user says about it; None means: find out."""

    locator: str = Field(min_length=1)
    """A path or glob, `file:`, `sample:<name>`, or what lies on the network."""
    format: SourceFormat | None = None
    encoding: EncodingName | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    """The character between the cells of a CSV file."""
    has_header: bool | None = None
    """Whether the first record of a CSV file names the columns."""
    max_malformed_share: float = Field(0.25, ge=0.0, le=1.0)
    """Above this share of malformed records the snapshot is refused."""
    max_memory_mb: int = Field(2048, ge=64)
    """MiB that the process which parses the files may use; a sound file of any size needs a few hundred."""
    max_seconds: int = Field(6 * 3600, ge=1)
    """How long parsing may take."""


def _malformed(snapshot: Snapshot, context: StageContext) -> Finding | None:
    del context
    share = snapshot.num_malformed / max(1, snapshot.num_rows)
    if share == 0.0 or (share <= WARN_SHARE and share <= snapshot.max_malformed_share):
        return None
    is_refused = share > snapshot.max_malformed_share
    seen = (
        f"{snapshot.num_malformed:,} of {snapshot.num_rows:,} records ({share:.1%}) of {snapshot.locator!r} "
        f"cannot be read; {'; '.join(snapshot.first_problems)}."
    )
    return Finding(
        check="malformed_share",
        level="block" if is_refused else "warn",
        seen=seen,
        next_step="Repair these lines, then import again; or allow more with --max-malformed." if is_refused else "",
        reason=Reason.INGESTION_MALFORMED if is_refused else None,
    )


CONTRACT: Contract[IngestInputs, Snapshot] = Contract(
    after=(
        After(
            "malformed_share",
            "No more records are malformed than allowed: a quarter, unless the user says otherwise.",
            _malformed,
        ),
    )
)

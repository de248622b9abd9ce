"""A commit writes what its preview showed, or nothing."""

import hashlib

from brewslm.core.artifacts.mapping import MappingPreview
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.errors import MappingSourceChangedError
from brewslm.core.mapping.convert import plan_hash_of
from brewslm.core.ports.artifact_store import Shelf
from brewslm.stages.mapping.accounting import Accounts
from brewslm.stages.mapping.contract import MapCommitInputs
from brewslm.stages.mapping.rows import rows_file


def refuse_if_changed(inputs: MapCommitInputs, preview: MappingPreview, snapshot: Snapshot, shelf: Shelf) -> None:
    """Compare snapshot, plan and the bytes of the rows with those of the preview.

    Raises:
        MappingSourceChangedError: one of them differs.
    """
    if inputs.snapshot_id != preview.plan.snapshot_id:
        raise _changed(f"the preview {inputs.mapping_id} is of {preview.plan.snapshot_id}, not of {inputs.snapshot_id}")
    current = plan_hash_of(preview.plan)
    if current != preview.plan_hash:
        raise _changed(f"the plan hashes to {current[:12]}, the preview shows {preview.plan_hash[:12]}")
    if inputs.plan_hash is not None and inputs.plan_hash != preview.plan_hash:
        raise _changed(f"the plan {inputs.plan_hash[:12]} was asked for, the preview shows {preview.plan_hash[:12]}")
    file = rows_file(snapshot)
    with shelf.path(file.path).open("rb") as rows:
        found = hashlib.file_digest(rows, "sha256").hexdigest()
    if found != file.sha256:
        raise _changed(f"{file.path!r} hashes to {found[:12]}, the snapshot says {file.sha256[:12]}")


def refuse_other_counts(preview: MappingPreview, accounts: Accounts) -> None:
    """Compare the counts of the commit with those of the preview.

    Raises:
        MappingSourceChangedError: they differ.
    """
    shown = Accounts(preview.tally, preview.rejections, preview.repairs)
    if accounts != shown:
        raise _changed(f"the commit counts {accounts.tally}, the preview shows {shown.tally}")


def _changed(what: str) -> MappingSourceChangedError:
    return MappingSourceChangedError(f"The mapping is not the one that was previewed: {what}. Run the dry run again.")

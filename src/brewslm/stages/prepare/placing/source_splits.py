"""The splits that the source itself came with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import SplitShares
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.context import StageContext
from brewslm.core.errors import InvalidRequestError
from brewslm.core.events.reasons import Reason
from brewslm.stages.prepare.placing.facts import Facts
from brewslm.stages.prepare.placing.splits import EVAL, OUT, TEST, TRAIN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAMES = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": EVAL,
    "valid": EVAL,
    "val": EVAL,
    "dev": EVAL,
    "eval": EVAL,
    "test": TEST,
    "testing": TEST,
}


@dataclass(frozen=True, slots=True)
class _Origin:
    row: int
    split: str | None = None


def plan_by_source(dataset: Dataset, facts: Facts, shares: SplitShares, context: StageContext) -> "NDArray[np.uint8]":
    """Give each example the split that its row came in; what the source lacks of eval or test is cut from its train.

    Raises:
        InvalidRequestError: rows have no split, or one of a name that is not known; the source has no train split.
    """
    import numpy as np

    snapshot = context.shelf.read(Snapshot, dataset.snapshot_id)
    path = context.shelf.path(next(file.path for file in snapshot.files if file.path.endswith("/rows.parquet")))
    codes = bytearray()
    unknown: dict[str, int] = {}
    for batch in context.tables.read(path, _Origin):
        for origin in batch:
            code = _NAMES.get((origin.split or "").strip().lower(), OUT)
            codes.append(code)
            if code == OUT:
                told = "none" if origin.split is None else repr(origin.split)
                unknown[told] = unknown.get(told, 0) + 1
    planned = np.frombuffer(bytes(codes), dtype=np.uint8)[facts.source_rows].copy()
    if (planned == OUT).any():
        told = ", ".join(f"{name} for {count:,} rows" for name, count in list(unknown.items())[:5])
        message = (
            f"The source does not say for every row whether it is train, validation or test: it says {told}. "
            "Leave its splits out of account, and choose shares."
        )
        raise InvalidRequestError(message)
    if not (planned == TRAIN).any():
        message = "The source has no train split. Leave its splits out of account, and choose shares."
        raise InvalidRequestError(message, reason=Reason.PREPARATION_EMPTY_SPLIT)
    lacks = {code: share for code, share in ((TEST, shares.test), (EVAL, shares.eval)) if not (planned == code).any()}
    start = 0.0
    for code, share in lacks.items():
        is_here = (planned == TRAIN) & (facts.positions >= start) & (facts.positions < start + share)
        planned[is_here] = code
        start += share
    return planned

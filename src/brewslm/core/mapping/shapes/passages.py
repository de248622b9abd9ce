"""Shapes without questions: plain texts and documents."""

from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.mapping.build import Frame, build
from brewslm.core.mapping.outcome import Outcome, Refused, needs
from brewslm.core.mapping.text import required


def convert_passage(record: dict[str, Any], columns: ColumnMap, frame: Frame) -> Outcome:
    """Convert a record of one text, which becomes `text`; there are no messages."""
    if columns.text is None:
        raise needs(frame.shape, "text")
    found = required(record, columns.text, when_blank=RejectionReason.EMPTY_TEXT)
    return found if isinstance(found, Refused) else build(frame, (), found.repairs, text=found.text)

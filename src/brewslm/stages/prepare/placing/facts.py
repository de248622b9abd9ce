"""What the splitting has to know of the examples: arrays with one number an example, read in one pass."""

import hashlib
import json
import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from brewslm.core.data.asked import asked_text, text_key
from brewslm.core.data.example import Message
from brewslm.core.errors import InvalidRequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MILLISECONDS = 1e11
"""A number of seconds beyond the year 5138 is one of milliseconds."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The columns of an example that decide its split."""

    id: str
    messages: tuple[Message, ...] = ()
    text: str | None = None
    label: str | None = None
    metadata: str | None = None
    source_row: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """One number an example each: 28 bytes, 8 more with a group and 8 more with a time."""

    positions: "NDArray[np.float64]"
    """Between 0 and 1: a hash of the id, or of the group."""
    texts: "NDArray[np.uint64]"
    """Equal where the same is asked."""
    labels: "NDArray[np.int32]"
    """A number for each label; -1 where there is none."""
    source_rows: "NDArray[np.int64]"
    groups: "NDArray[np.uint64] | None" = None
    """Equal where the value of `group_by` is."""
    times: "NDArray[np.float64] | None" = None
    """Seconds since 1970."""

    def __len__(self) -> int:
        return len(self.positions)


def read_facts(
    batches: Iterable[list[Placed]], *, seed: int, group_by: str | None = None, time_by: str | None = None
) -> Facts:
    """Read the facts of all examples.

    Raises:
        InvalidRequestError: an example has no value to group by, or no time; says how many, and the first of them.
    """
    import numpy as np

    positions, texts, labels, rows = array("d"), array("Q"), array("i"), array("q")
    groups, times = array("Q"), array("d")
    known: dict[str, int] = {}
    missing = _Missing(group_by, time_by)
    for batch in batches:
        for example in batch:
            texts.append(text_key(asked_text(example.messages, example.text)))
            labels.append(-1 if example.label is None else known.setdefault(example.label, len(known)))
            rows.append(example.source_row)
            place = example.id
            if group_by is not None or time_by is not None:
                kept = json.loads(example.metadata) if example.metadata else {}
                if group_by is not None:
                    place = missing.group(kept, example.source_row)
                    groups.append(text_key(place))
                if time_by is not None:
                    times.append(missing.time(kept, example.source_row))
            positions.append(position_of(place, seed))
    missing.refuse(len(positions))
    return Facts(
        np.frombuffer(positions, dtype=np.float64),
        np.frombuffer(texts, dtype=np.uint64),
        np.frombuffer(labels, dtype=np.int32),
        np.frombuffer(rows, dtype=np.int64),
        np.frombuffer(groups, dtype=np.uint64) if group_by is not None else None,
        np.frombuffer(times, dtype=np.float64) if time_by is not None else None,
    )


def position_of(name: str, seed: int) -> float:
    """A number from 0 up to 1 that depends on the name (an example's id, a group's value) and the seed only."""
    digest = hashlib.sha256(f"{seed}:{name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


class _Missing:
    """Takes values out of the metadata and remembers what was not there."""

    def __init__(self, group_by: str | None, time_by: str | None) -> None:
        self._group_by, self._time_by = group_by, time_by
        self._groupless = self._timeless = 0
        self._first: dict[str, str] = {}

    def group(self, kept: dict[str, Any], row: int) -> str:
        value = kept.get(self._group_by or "")
        if value is None:
            self._groupless += 1
            keys = ", ".join(sorted(kept)[:8]) or "nothing"
            self._first.setdefault("group", f"the first is row {row}, whose metadata holds {keys}")
            return ""
        return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)

    def time(self, kept: dict[str, Any], row: int) -> float:
        value = kept.get(self._time_by or "")
        moment = seconds_of(value)
        if moment is None:
            self._timeless += 1
            keys = ", ".join(sorted(kept)[:8]) or "nothing"
            told = f"holds {keys}" if value is None else f"says {value!r}"
            self._first.setdefault("time", f"the first is row {row}, whose metadata {told}")
            return 0.0
        return moment

    def refuse(self, total: int) -> None:
        problems = []
        if self._groupless:
            problems.append(
                f"{self._groupless:,} of {total:,} examples have no {self._group_by!r} to group by; "
                f"{self._first['group']}. Keep that column in the mapping's metadata, or name another group_by."
            )
        if self._timeless:
            problems.append(
                f"{self._timeless:,} of {total:,} examples have no time in {self._time_by!r} that can be read "
                f"(an ISO 8601 date or seconds since 1970); {self._first['time']}. Mend it, or name another time_by."
            )
        if problems:
            raise InvalidRequestError(" ".join(problems))


def seconds_of(value: object) -> float | None:
    """Read a time: ISO 8601 (UTC where no zone is named), or seconds or milliseconds since 1970; None if it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            pass
        else:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, int | float | str):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None
        if not math.isfinite(number):
            return None
        return number / 1000 if abs(number) > _MILLISECONDS else number
    return None

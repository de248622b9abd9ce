"""How much an archive may hold, and the account that is kept while it is unpacked."""

from collections.abc import Callable
from dataclasses import dataclass, field

from brewslm.core.errors import CancelledError, SourceError
from brewslm.core.events.reasons import Reason
from brewslm.core.value import Value


class ArchiveLimits(Value):
    """Limits of one archive, with all that is packed within it."""

    max_bytes: int = 200 << 30
    """Of everything that is unpacked; four times what can be fetched."""
    max_ratio: int = 250
    """How many times larger than the archive its content may be; text packs to a tenth, logs to a hundredth."""
    ratio_counts_from_bytes: int = 256 << 20
    """Less than this is never too much."""
    max_members: int = 100_000
    """Files, folders and what is left out."""
    max_name_bytes: int = 1024
    max_folders: int = 32
    """How deep a file may lie."""
    max_nesting: int = 1
    """How many archives may lie within each other below the first: a zip of `.csv.gz` files is common, more is not."""


def refused(message: str) -> SourceError:
    """The archive is unsafe, or beyond a limit; nothing of it is kept."""
    return SourceError(message, reason=Reason.INGESTION_REFUSED)


def damaged(name: str, why: object) -> SourceError:
    """The archive cannot be read to its end."""
    words = " ".join(str(why).split())[:200] or type(why).__name__
    message = f"The archive {name!r} is damaged: {words}. Get it again, or pack it again."
    return SourceError(message, reason=Reason.INGESTION_IO_ERROR)


@dataclass
class Account:
    """Counts what an archive gives, across archives within it."""

    name: str
    limits: ArchiveLimits
    packed_bytes: int
    is_cancelled: Callable[[], bool]
    on_skipped: Callable[[str], None]
    num_members: int = 0
    num_bytes: int = 0
    taken: dict[str, str] = field(default_factory=dict)
    """Names as file systems that ignore case see them, to the names that users see."""

    def add_member(self) -> None:
        """One more entry was seen.

        Raises:
            SourceError: there are too many.
        """
        self.num_members += 1
        if self.num_members > self.limits.max_members:
            most = f"{self.limits.max_members:,}"
            raise refused(f"The archive {self.name!r} holds more than {most} entries. Pack fewer, larger files.")

    def add_bytes(self, number: int) -> None:
        """So many bytes were unpacked.

        Raises:
            SourceError: it is too much, or too much for an archive of this size.
            CancelledError: the user said stop.
        """
        if self.is_cancelled():
            raise CancelledError(f"Unpacking {self.name!r} was cancelled; nothing was kept.")
        self.num_bytes += number
        if self.num_bytes > self.limits.max_bytes:
            raise refused(f"The archive {self.name!r} unpacks to more than {self.limits.max_bytes:,} bytes. Split it.")
        is_much = self.num_bytes > self.limits.ratio_counts_from_bytes
        if is_much and self.num_bytes > self.limits.max_ratio * self.packed_bytes:
            raise refused(
                f"The archive {self.name!r} unpacks to more than {self.limits.max_ratio} times its size, as bombs do. "
                "If it is meant, unpack it yourself and give the files."
            )

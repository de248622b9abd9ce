"""What an example asks: the text by which two examples are told to be the same, or nearly."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from brewslm.core.data.example import Message
from brewslm.core.similarity import normalised


@dataclass(frozen=True, slots=True)
class Asked:
    """The columns of an example that say what it asks."""

    id: str
    messages: tuple[Message, ...] = ()
    text: str | None = None
    source_row: int = 0


def asked_text(messages: Sequence[Message], text: str | None) -> str:
    """Return all that the user says; the whole text where there is no user."""
    if text is not None and not messages:
        return text
    said = [message.content for message in messages if message.role == "user"]
    return "\n".join(said or [message.content for message in messages])


def text_key(text: str) -> int:
    """Return 64 bits that are equal for texts that are equal after normalising."""
    digest = blake2b(normalised(text).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")

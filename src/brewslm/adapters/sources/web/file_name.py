"""What a downloaded file is called: a name to show, never a path."""

import re
import unicodedata
from email.message import Message
from urllib.parse import unquote

MAX_BYTES = 150
FALLBACK = "download"

_EXTENDED = re.compile(r"filename\*\s*=\s*\"?([\w-]*)'[^']*'([^;\s\"]+)", re.IGNORECASE)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')


def name_of(disposition: str | None, target: str) -> str:
    """Choose a name: from the `Content-Disposition` header (RFC 6266), else from the path of the address."""
    return plain_name(_from_header(disposition)) or plain_name(_last_part(target)) or FALLBACK


def plain_name(text: str) -> str:
    """Keep the last part of a path without what is special to any file system; may be empty."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", text))[-1]
    visible = "".join(character for character in last if unicodedata.category(character) not in {"Cc", "Cf", "Cs"})
    name = _UNSAFE.sub("_", visible).strip().lstrip(".").rstrip(". ")
    if len(name.encode()) <= MAX_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    kept = f"{dot}{suffix}" if dot and len(suffix.encode()) <= 12 else ""
    return (stem or name).encode()[: MAX_BYTES - len(kept.encode())].decode(errors="ignore") + kept


def _from_header(disposition: str | None) -> str:
    if not disposition:
        return ""
    extended = _EXTENDED.search(disposition)
    if extended is not None:
        try:
            return unquote(extended[2], encoding=extended[1] or "utf-8", errors="replace")
        except LookupError:  # an unknown character set
            disposition = _EXTENDED.sub("", disposition)
    message = Message()
    message["Content-Disposition"] = re.sub(r"[\r\n]", " ", disposition)
    try:
        return message.get_filename() or ""
    except (LookupError, ValueError):  # continued parameters of an unknown character set
        return ""


def _last_part(target: str) -> str:
    return unquote(target.partition("?")[0].rstrip("/").rsplit("/", 1)[-1], errors="replace")

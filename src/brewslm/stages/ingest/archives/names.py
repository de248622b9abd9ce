"""Names in archives: what may stand there, and what users see of it. No name ever becomes a path on this machine."""

import re
import unicodedata

from brewslm.stages.ingest.archives.limits import Account, refused

_DRIVE = re.compile(r"[A-Za-z]:")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LEFT_OUT = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


def checked_name(raw: str, account: Account, *, is_folder: bool = False) -> str | None:
    """Return the name of a member as users see it, or None where the member is left out.

    Raises:
        SourceError: the name could lead out of a folder, or is one that no careful program writes.
    """
    spelled = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    problem = _problem_of(spelled, account)
    if problem is not None:
        shown = spelled if len(spelled) <= 80 else spelled[:77] + "..."
        raise refused(
            f"The archive {account.name!r} holds the name {shown!r}, {problem}. Nothing was taken; unpack it yourself, "
            "look at it, and give the files."
        )
    parts = [
        part for part in unicodedata.normalize("NFC", spelled.replace("\\", "/")).split("/") if part not in {"", "."}
    ]
    if not parts:
        return None
    name = "/".join(parts)
    if any(part.startswith(".") or part.casefold() in _LEFT_OUT for part in parts):
        if not is_folder:
            account.on_skipped(name)
        return None
    if not is_folder:
        _take(name, account)
    return name


def _problem_of(name: str, account: Account) -> str | None:
    plain = name.replace("\\", "/")
    if not name or any(unicodedata.category(one) in {"Cc", "Cs"} for one in name) or _BIDI & set(name):
        return "which is empty or holds characters that do not show"
    if plain.startswith("/") or _DRIVE.match(plain):
        return "which is a path from the root of a disk"
    parts = plain.split("/")
    if ".." in (part.strip(" ") for part in parts):
        return "which leads out of its folder"
    if len(name.encode()) > account.limits.max_name_bytes or any(len(part.encode()) > 255 for part in parts):
        return "which is too long"
    if len(parts) > account.limits.max_folders + 1:
        return f"which lies more than {account.limits.max_folders} folders deep"
    return None


def _take(name: str, account: Account) -> None:
    """Keep a file's name, and those of its folders.

    Raises:
        SourceError: it is taken, also by a name that differs in case only.
    """
    key = unicodedata.normalize("NFC", name.casefold())
    folders = [key[:place] for place, one in enumerate(key) if one == "/"]
    clash = account.taken.get(key)
    if clash is None:
        clash = next((account.taken[folder] for folder in folders if account.taken.get(folder, "/") != "/"), None)
    if clash is not None:
        other = "a folder" if clash == "/" else repr(clash)
        raise refused(
            f"The archive {account.name!r} holds {name!r} beside {other}, which is the same name on many machines. "
            "Pack it again with names that differ."
        )
    account.taken[key] = name
    for folder in folders:
        account.taken.setdefault(folder, "/")

"""Which files of a data set repository are its data, and to which configuration and split they belong.

The rules are those of the hub (its pages "File names and splits" and "Manual configuration" of data sets): what the
card configures counts; without that, names of folders and files say to which split a file belongs.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

TRAIN = "train"
_FORMATS: dict[str, str] = {
    ".parquet": "parquet", ".jsonl": "json", ".ndjson": "json", ".json": "json", ".csv": "csv", ".tsv": "csv",
    ".arrow": "arrow", ".txt": "text", ".xlsx": "xlsx", ".zip": "archive", ".tar": "archive", ".tgz": "archive",
}  # fmt: skip
_PREFERENCE = ("parquet", "json", "csv", "arrow", "text", "xlsx", "archive")
_COMPRESSIONS = frozenset({".gz", ".bz2", ".xz", ".zst"})
_NO_DATA = re.compile(
    r"(readme|license|licence|notice|citation|requirements|dataset_infos?|dataset_dict|state|config|croissant)\b.*",
    re.IGNORECASE,
)
_KEYWORDS: dict[str, tuple[str, ...]] = {
    TRAIN: ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SHARD = re.compile(r"(?:^|.*/)data/([^/]+?)-\d{5}-of-\d{5}[^/]*")
_WORD = r"(?:^|[-._ 0-9/]){word}(?:[-._ 0-9/]|$)"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a repository."""

    path: str
    split: str


def configurations(card: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The configurations that a card lists, by name, in its order."""
    listed = card.get("configs")
    entries = listed if isinstance(listed, list) else []
    return {
        str(entry["config_name"]): entry for entry in entries if isinstance(entry, dict) and entry.get("config_name")
    }


def default_configuration(configs: dict[str, dict[str, Any]]) -> str | None:
    """The one that is meant where none is named; None where that is not certain."""
    marked = [name for name, entry in configs.items() if entry.get("default") is True]
    if len(marked) == 1:
        return marked[0]
    if len(configs) == 1:
        return next(iter(configs))
    return "default" if "default" in configs else None


def configured_files(paths: Sequence[str], entry: dict[str, Any]) -> list[DataFile]:
    """The files of one configuration of the card."""
    folder = str(entry.get("data_dir") or "").strip("/").removeprefix("./")
    prefix = f"{folder}/" if folder else ""
    data_files = entry.get("data_files")
    if data_files is None:
        return named_files([path for path in paths if path.startswith(prefix)], prefix=prefix)
    found: dict[str, DataFile] = {}
    for split, patterns in _splits_of(data_files):
        for pattern in patterns:
            matcher = _matcher(prefix + pattern.removeprefix("./"))
            for path in sorted(path for path in paths if matcher.fullmatch(path) and not _is_hidden(path)):
                found.setdefault(path, DataFile(path, split))
    return list(found.values())


def named_files(paths: Iterable[str], *, prefix: str = "") -> list[DataFile]:
    """The data files as their names tell: those of the most common format, each in the split that it is named for."""
    formats = {path: _format_of(path) for path in paths if not _is_hidden(path)}
    counts = Counter(name for name in formats.values() if name is not None)
    if not counts:
        return []
    usual = max(counts, key=lambda name: (name != "archive", counts[name], -_PREFERENCE.index(name)))
    chosen = sorted(path for path, name in formats.items() if name == usual)
    for rule in (_by_shard, _by_folder, _by_file):
        splits = {path: rule(path.removeprefix(prefix)) for path in chosen}
        if any(splits.values()):
            return [DataFile(path, split) for path, split in splits.items() if split is not None]
    return [DataFile(path, TRAIN) for path in chosen]


def converted_files(paths: Iterable[str]) -> dict[str, list[DataFile]]:
    """The files of the branch that the hub converts to: `<configuration>/<split>/<number>.parquet`."""
    found: dict[str, list[DataFile]] = {}
    for path in sorted(paths):
        parts = path.split("/")
        if len(parts) == 3 and path.endswith(".parquet"):
            found.setdefault(parts[0], []).append(DataFile(path, parts[1].removeprefix("partial-")))
    return found


def scripts(paths: Iterable[str]) -> list[str]:
    """Programs at the top of a repository, which earlier libraries would have run."""
    return sorted(path for path in paths if "/" not in path and path.endswith(".py"))


def _splits_of(data_files: Any) -> list[tuple[str, list[str]]]:  # noqa: ANN401 - YAML of a stranger
    """Read `data_files`: a pattern, a list of patterns, a mapping, or a list of `{split, path}`."""
    if isinstance(data_files, dict):
        return [(str(split), _texts(patterns)) for split, patterns in data_files.items()]
    entries = data_files if isinstance(data_files, list) else [data_files]
    if any(isinstance(entry, dict) for entry in entries):
        return [
            (str(entry.get("split", TRAIN)), _texts(entry.get("path"))) for entry in entries if isinstance(entry, dict)
        ]
    return [(TRAIN, _texts(entries))]


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - YAML of a stranger
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]


def _matcher(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression: `*` stays within a folder, `**` does not."""
    pieces = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]/]+\])", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    spelled = (
        known.get(piece) or (_set_of(piece) if piece.startswith("[") and len(piece) > 2 else re.escape(piece))
        for piece in pieces
    )
    return re.compile("".join(spelled))


def _set_of(piece: str) -> str:
    inner = piece[1:-1]
    negated = inner.startswith("!")
    escaped = re.sub(r"[\\\[\]^&~|]", r"\\\g<0>", inner[1:] if negated else inner)
    return f"[{'^' if negated else ''}{escaped}]"


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "__")) for part in path.split("/"))


def _format_of(path: str) -> str | None:
    pure = PurePosixPath(path)
    if _NO_DATA.fullmatch(pure.name):
        return None
    suffixes = [suffix.lower() for suffix in pure.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSIONS:
        suffixes.pop()
    return _FORMATS.get(suffixes[-1]) if suffixes else None


def _by_shard(path: str) -> str | None:
    found = _SHARD.fullmatch(path)
    return found[1] if found else None


def _by_folder(path: str) -> str | None:
    return _keyword(path.rpartition("/")[0])


def _by_file(path: str) -> str | None:
    return _keyword(path.rpartition("/")[2])


def _keyword(text: str) -> str | None:
    for split, words in _KEYWORDS.items():
        if any(re.search(_WORD.format(word=word), text, re.IGNORECASE) for word in words):
            return split
    return None

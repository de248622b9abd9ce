"""Sources on this machine: paths, globs, `file:` locators, and the bundled samples."""

import glob
import json
import re
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from brewslm.adapters.sources.bundled import SAMPLES_FOLDER
from brewslm.adapters.sources.refusals import unreachable
from brewslm.core.ports.source import Fetch, OpenedSource, SourceFile

MAX_FILES = 100_000
"""How many files a glob may name; a few hundred bytes are kept for each."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_SAMPLE_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


class LocalSources:
    """Implements `core.ports.source.Sources`."""

    def __init__(self, samples_folder: Path = SAMPLES_FOLDER) -> None:
        """Look for samples in `samples_folder/<name>/` with `sample.json` and `data.jsonl`."""
        self._samples_folder = samples_folder

    def open(self, locator: str, fetch: Fetch) -> OpenedSource:
        """Find the source.

        Raises:
            SourceError: it does not exist, is a folder, cannot be read, or is of a kind that is not read;
                `ingestion_unreachable`.
        """
        del fetch
        locator = locator.strip()
        if locator.startswith("sample:"):
            return self._sample(locator.removeprefix("sample:"))
        path = _path_of(locator)
        try:
            if glob.has_magic(str(path)) and not path.exists():
                return _open_glob(path)
            return _open_file(path)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise unreachable(
                f"{locator[:200]!r} cannot be read: {why}. Check the path and its permissions."
            ) from error

    def samples(self) -> tuple[str, ...]:
        """Names of the bundled samples."""
        return tuple(sorted(file.parent.name for file in self._samples_folder.glob("*/sample.json")))

    def sample_prompts(self, name: str) -> tuple[str, ...]:
        """Prompts that show a model tuned on the sample beside its base; empty for an unknown name."""
        if name not in self.samples():
            return ()
        prompts = self._card(name).get("prompts", [])
        return tuple(prompt for prompt in prompts if isinstance(prompt, str))

    def _sample(self, name: str) -> OpenedSource:
        if not _SAMPLE_NAME.fullmatch(name) or name not in self.samples():
            known = ", ".join(self.samples()) or "none"
            raise unreachable(f"There is no sample {name!r}. The bundled samples are: {known}.")
        path = self._samples_folder / name / "data.jsonl"
        licence = self._card(name).get("licence")
        file = SourceFile(path=path.absolute(), name=f"{name}.jsonl")
        return OpenedSource(files=(file,), name=file.name, licence=licence if isinstance(licence, str) else None)

    def _card(self, name: str) -> dict[str, Any]:
        path = self._samples_folder / name / "sample.json"
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise unreachable(f"The sample {name!r} is damaged: {error}. Install BrewSLM again.") from error
        return card if isinstance(card, dict) else {}


def scheme_of(locator: str) -> str | None:
    """The word before the colon, in lower case; None for a path, and for whatever exists under that very name."""
    scheme = _SCHEME.match(locator)
    return None if scheme is None or _exists(locator) else scheme.group(1).lower()


def _exists(locator: str) -> bool:
    try:
        return Path(locator).exists()
    except (OSError, ValueError):
        return False


def _open_file(path: Path) -> OpenedSource:
    if not path.exists():
        raise unreachable(f"There is no file {str(path)!r}. Check the path.")
    if path.is_dir():
        pattern = str(path / f"*{_usual_suffix(path)}")
        raise unreachable(
            f"{str(path)!r} is a folder. Name one file in it, or several by a pattern such as {pattern!r}."
        )
    if not path.is_file():
        raise unreachable(f"{str(path)!r} is no regular file. Copy what it gives into a file first.")
    with path.open("rb"):
        pass
    return OpenedSource(files=(SourceFile(path=path.absolute(), name=path.name),), name=path.name)


def _open_glob(pattern: Path) -> OpenedSource:
    """Open all regular files that the pattern names, as a shell would: hidden ones only where it says so."""
    folder, rest = _fixed_part(pattern)
    if not folder.is_dir():
        raise unreachable(f"There is no folder {str(folder)!r} for the pattern {str(pattern)!r}. Check the path.")
    next(folder.iterdir(), None)  # a folder that may not be read says so, where a pattern would only find nothing
    matches = glob.iglob(rest, root_dir=folder, recursive=True)  # noqa: PTH207 - leaves out hidden files, as a shell does
    names = set(islice((name for name in matches if (folder / name).is_file()), MAX_FILES + 1))
    if not names:
        raise unreachable(f"No file matches {str(pattern)!r}. Check the pattern; `**` stands for folders at any depth.")
    if len(names) > MAX_FILES:
        raise unreachable(f"More than {MAX_FILES:,} files match {str(pattern)!r}. Name fewer by a narrower pattern.")
    files = []
    for name in sorted(names):
        with (folder / name).open("rb"):
            pass
        files.append(SourceFile(path=(folder / name).absolute(), name=name))
    return OpenedSource(files=tuple(files), name=rest)


def _fixed_part(pattern: Path) -> tuple[Path, str]:
    """Split a pattern before its first part with a wildcard."""
    first = next(place for place, part in enumerate(pattern.parts) if glob.has_magic(part))
    return Path(*pattern.parts[:first]), "/".join(pattern.parts[first:])


def _usual_suffix(folder: Path) -> str:
    """The suffix that most files of a folder have."""
    files = [entry for entry in islice(folder.iterdir(), 1000) if entry.is_file() and not entry.name.startswith(".")]
    suffixes = Counter(entry.suffix for entry in sorted(files))
    return suffixes.most_common(1)[0][0] if suffixes else ".jsonl"


def _path_of(locator: str) -> Path:
    scheme = scheme_of(locator)
    if scheme is None:
        return _expanded(locator)
    if scheme != "file":
        raise unreachable(f"Sources of the kind {scheme + ':'!r} are not on this machine. Give the path of a file.")
    parts = urlsplit(locator)
    if parts.netloc not in {"", "localhost"}:
        message = f"A `file:` locator names the machine {parts.hostname!r}; only files of this one can be read."
        raise unreachable(f"{message} Give a path.")
    return _expanded(unquote(parts.path))


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise unreachable(f"The home folder in {text!r} is unknown. Give the whole path.") from error

"""Sources on this machine: paths, `file:` locators, and the bundled samples."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from brewslm.adapters.sources.bundled import SAMPLES_FOLDER
from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.source import Fetch, OpenedSource, SourceFile

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
            if not path.exists():
                raise _unreachable(f"There is no file {str(path)!r}. Check the path.")
            if path.is_dir():
                raise _unreachable(f"{str(path)!r} is a folder. Name one file in it.")
            if not path.is_file():
                raise _unreachable(f"{str(path)!r} is no regular file. Copy what it gives into a file first.")
            with path.open("rb"):
                pass
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise _unreachable(
                f"{locator[:200]!r} cannot be read: {why}. Check the path and its permissions."
            ) from error
        return OpenedSource(files=(SourceFile(path=path.absolute(), name=path.name),), name=path.name)

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
            raise _unreachable(f"There is no sample {name!r}. The bundled samples are: {known}.")
        path = self._samples_folder / name / "data.jsonl"
        licence = self._card(name).get("licence")
        file = SourceFile(path=path.absolute(), name=f"{name}.jsonl")
        return OpenedSource(files=(file,), name=file.name, licence=licence if isinstance(licence, str) else None)

    def _card(self, name: str) -> dict[str, Any]:
        path = self._samples_folder / name / "sample.json"
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise _unreachable(f"The sample {name!r} is damaged: {error}. Install BrewSLM again.") from error
        return card if isinstance(card, dict) else {}


def _path_of(locator: str) -> Path:
    scheme = _SCHEME.match(locator)
    if scheme is None or Path(locator).exists():
        return _expanded(locator)
    if scheme.group(1).lower() != "file":
        kind = scheme.group(1)
        message = f"Sources of the kind {kind + ':'!r} cannot be opened yet. Download the file and give its path."
        raise _unreachable(message)
    parts = urlsplit(locator)
    if parts.netloc not in {"", "localhost"}:
        raise _unreachable(f"{locator!r} names the machine {parts.netloc!r}; only files of this one can be read.")
    return _expanded(unquote(parts.path))


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise _unreachable(f"The home folder in {text!r} is unknown. Give the whole path.") from error


def _unreachable(message: str) -> SourceError:
    return SourceError(message, reason=Reason.INGESTION_UNREACHABLE)

"""Sources that a test names."""

from collections.abc import Mapping
from pathlib import Path

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.source import Fetch, OpenedSource, SourceFile


class FakeSources:
    """Implements `Sources`: plain paths and `file:`, and samples that the test lists."""

    def __init__(
        self, samples: Mapping[str, Path] | None = None, *, prompts: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self._samples = dict(samples or {})
        self._prompts = dict(prompts or {})

    def open(self, locator: str, fetch: Fetch) -> OpenedSource:
        del fetch
        kind, _, name = locator.partition(":")
        if kind == "sample" and name in self._samples:
            path = self._samples[name]
            file = SourceFile(path=path, name=f"{name}{path.suffix}")
            return OpenedSource(files=(file,), name=file.name, licence="Apache-2.0")
        path = Path(name if kind == "file" else locator)
        if "*" in path.name and (found := sorted(path.parent.glob(path.name))):
            files = tuple(SourceFile(path=one.absolute(), name=one.name) for one in found)
            return OpenedSource(files=files, name=path.name)
        if kind == "sample" or not path.is_file():
            raise SourceError(f"There is no source {locator!r}.", reason=Reason.INGESTION_UNREACHABLE)
        return OpenedSource(files=(SourceFile(path=path.absolute(), name=path.name),), name=path.name)

    def samples(self) -> tuple[str, ...]:
        return tuple(sorted(self._samples))

    def sample_prompts(self, name: str) -> tuple[str, ...]:
        return self._prompts.get(name, ())

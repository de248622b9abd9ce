"""One door to all sources: the scheme of a locator says who opens it."""

from collections.abc import Callable, Mapping

from brewslm.adapters.sources.locators import LocalSources, scheme_of
from brewslm.adapters.sources.refusals import unreachable
from brewslm.core.ports.secrets import SCHEME as SECRET_SCHEME
from brewslm.core.ports.source import Fetch, OpenedSource

Opener = Callable[[str, Fetch], OpenedSource]
"""Opens locators of one scheme; see `core.ports.source.Sources.open`."""

LOCAL_SCHEMES = ("file", "sample")


class DispatchedSources:
    """Implements `core.ports.source.Sources`: this machine's own, and one opener for each further scheme."""

    def __init__(self, local: LocalSources, openers: Mapping[str, Opener], *, reveal: Callable[[str], str]) -> None:
        """Bind the openers; `reveal` is that of `core.ports.secrets.LocatorSecrets`."""
        self._local = local
        self._openers = dict(openers)
        self._reveal = reveal

    def open(self, locator: str, fetch: Fetch) -> OpenedSource:
        """Find the source, and bring it here where it is not.

        Raises:
            SourceError: it does not exist, cannot be reached or read, or is refused.
            CancelledError: `fetch.is_cancelled` said so.
        """
        locator = locator.strip()
        scheme = scheme_of(locator)
        if scheme == SECRET_SCHEME:
            locator = self._reveal(locator)
            scheme = scheme_of(locator)
        if scheme is None or scheme in LOCAL_SCHEMES:
            return self._local.open(locator, fetch)
        opener = self._openers.get(scheme)
        if opener is None:
            known = ", ".join(f"{kind}:" for kind in sorted((*LOCAL_SCHEMES, *self._openers)))
            raise unreachable(
                f"Sources of the kind {scheme[:40] + ':'!r} cannot be opened. Give a path, or one of {known}"
            )
        return opener(locator, fetch)

    def samples(self) -> tuple[str, ...]:
        """Names of the bundled samples."""
        return self._local.samples()

    def sample_prompts(self, name: str) -> tuple[str, ...]:
        """Prompts that show a model tuned on the sample beside its base; empty for an unknown name."""
        return self._local.sample_prompts(name)

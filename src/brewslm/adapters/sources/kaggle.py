"""`kaggle:dataset:<owner/slug>[/file]` and `kaggle:competition:<slug>[/file]`, by Kaggle's own client."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brewslm.adapters.sources.refusals import cancelled, refused, unreachable
from brewslm.adapters.sources.web.file_name import name_of, plain_name
from brewslm.core.errors import BrewError, DiskFullError
from brewslm.core.ports.source import Fetch, OpenedSource, SourceFile

PIECE_BYTES = 1 << 20
MAX_ATTEMPTS = 3
_TIMEOUTS = (5.0, 30.0)
"""Seconds to connect, and to wait for bytes."""
_LOGIN = "make a token in the settings of kaggle.com, and put it into KAGGLE_API_TOKEN or ~/.kaggle/access_token"
_DATASET = re.compile(r"(?P<owner>[\w-]+)/(?P<slug>[\w-]+)(?:/(?P<file>.+))?")
_COMPETITION = re.compile(r"(?P<slug>[\w-]+)(?:/(?P<file>.+))?")


@dataclass(frozen=True, slots=True)
class _Wanted:
    slug: str
    owner: str | None = None
    """None for a competition."""
    file: str | None = None

    @property
    def shown(self) -> str:
        kind, name = ("dataset", f"{self.owner}/{self.slug}") if self.owner else ("competition", self.slug)
        return f"kaggle:{kind}:{name}" + (f"/{self.file}" if self.file else "")


class KaggleFiles:
    """Opens data sets and competitions by downloading one file, or the archive of all."""

    def __init__(
        self, *, max_bytes: int = 50 << 30, is_offline: bool = False, login: tuple[str, str] | None = None
    ) -> None:
        """Bind the settings.

        Args:
            max_bytes: the download may be so large.
            is_offline: whether the network is not to be used.
            login: user and key; None means what Kaggle's client finds itself.
        """
        self._max_bytes = max_bytes
        self._is_offline = is_offline
        self._login = login

    def open(self, locator: str, fetch: Fetch) -> OpenedSource:
        """Download the file or the archive.

        Raises:
            SourceError: it does not exist, may not be had, or is too large; or the extra is not installed.
            DiskFullError: there is no space for it.
            CancelledError: `fetch.is_cancelled` said so.
        """
        wanted = _parse(locator)
        if self._is_offline:
            raise unreachable(f"{wanted.shown!r} is not fetched: BREWSLM_OFFLINE is set. Unset it, or give a path.")
        with _client_of(self._login) as client:
            with _told(wanted):
                version, licence = _version_of(client, wanted)
            path = fetch.folder / "download"
            name = self._download(client, wanted, version, path, fetch)
        return OpenedSource(
            files=(SourceFile(path=path.absolute(), name=name),),
            name=wanted.shown,
            revision=None if version is None else str(version),
            licence=licence,
        )

    def _download(self, client: Any, wanted: _Wanted, version: int | None, path: Path, fetch: Fetch) -> str:  # noqa: ANN401 - no types
        attempt = 0
        while True:
            attempt += 1
            with _told(wanted):
                try:
                    return self._attempt(client, wanted, version, path, fetch)
                except _broken():
                    if attempt == MAX_ATTEMPTS:
                        raise

    def _attempt(self, client: Any, wanted: _Wanted, version: int | None, path: Path, fetch: Fetch) -> str:  # noqa: ANN401 - no types
        with _ask(client, wanted, version) as response:
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            free = shutil.disk_usage(fetch.folder).free
            self._refuse_too_large(wanted, total or 0, free)
            done = 0
            with path.open("wb") as file:
                for piece in response.iter_content(PIECE_BYTES):
                    if fetch.is_cancelled():
                        raise cancelled(wanted.shown)
                    done += len(piece)
                    self._refuse_too_large(wanted, done, free)
                    file.write(piece)
                    fetch.progress(done, total)
            if total is not None and done != total:
                raise _broken()[0](f"{done:,} of {total:,} bytes came")
            target = response.url.partition("://")[2].partition("/")[2] if response.history else ""
            usual = plain_name(wanted.file or f"{wanted.slug}.zip")
            given = name_of(response.headers.get("Content-Disposition"), f"/{target}")
            return given if "." in given else usual

    def _refuse_too_large(self, wanted: _Wanted, num_bytes: int, free: int) -> None:
        if num_bytes > self._max_bytes:
            message = f"{wanted.shown!r} is larger than {self._max_bytes:,} bytes. Name one of its files, or raise"
            raise refused(f"{message} BREWSLM_MAX_SOURCE_BYTES.")
        if num_bytes > free:
            raise DiskFullError(f"No space for {wanted.shown!r}: {free:,} bytes are free. Free space, then try again.")


def _parse(locator: str) -> _Wanted:
    kind, _, rest = locator.partition(":")[2].partition(":")
    pattern = {"dataset": _DATASET, "competition": _COMPETITION}.get(kind)
    found = pattern.fullmatch(rest) if pattern is not None else None
    if found is None or ".." in rest or not rest.isprintable():
        raise unreachable(
            f"{locator[:200]!r} names nothing on Kaggle. Write kaggle:dataset:OWNER/NAME[/FILE] or "
            "kaggle:competition:NAME[/FILE]."
        )
    parts = found.groupdict()
    return _Wanted(slug=parts["slug"], owner=parts.get("owner"), file=parts["file"])


@contextmanager
def _client_of(login: tuple[str, str] | None) -> Iterator[Any]:
    """Kaggle's client, told to give up in time."""
    try:
        from kagglesdk import KaggleClient
        from requests.adapters import HTTPAdapter
    except ImportError as error:
        message = "Sources of the kind 'kaggle:' need an extra: pip install 'brewslm[kaggle]'"
        raise unreachable(message) from error

    class Impatient(HTTPAdapter):
        def send(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - its interface
            return super().send(*args, **{**options, "timeout": options.get("timeout") or _TIMEOUTS})

    user, key = login or (None, None)
    with KaggleClient(username=user, password=key, user_agent="brewslm") as client:
        session = client.http_client()._session  # noqa: SLF001 - there is no other way to give it a time limit
        for scheme in ("https://", "http://"):
            session.mount(scheme, Impatient())
        yield client


def _version_of(client: Any, wanted: _Wanted) -> tuple[int | None, str | None]:  # noqa: ANN401 - no types
    """The present version of a data set, and its licence; competitions have neither."""
    if wanted.owner is None:
        return None, None
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

    request = ApiGetDatasetRequest()
    request.owner_slug, request.dataset_slug = wanted.owner, wanted.slug
    found = client.datasets.dataset_api_client.get_dataset(request)
    return found.current_version_number or None, found.license_name or None


def _ask(client: Any, wanted: _Wanted, version: int | None) -> Any:  # noqa: ANN401 - no types
    """The answer that holds the file or the archive."""
    from kagglesdk.competitions.types import competition_api_service as competitions
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

    if wanted.owner is not None:
        request = ApiDownloadDatasetRequest()
        request.owner_slug, request.dataset_slug = wanted.owner, wanted.slug
        if wanted.file is not None:
            request.file_name = wanted.file
        if version is not None:
            request.dataset_version_number = version
        return client.datasets.dataset_api_client.download_dataset(request)
    if wanted.file is None:
        all_files = competitions.ApiDownloadDataFilesRequest()
        all_files.competition_name = wanted.slug
        return client.competitions.competition_api_client.download_data_files(all_files)
    one_file = competitions.ApiDownloadDataFileRequest()
    one_file.competition_name, one_file.file_name = wanted.slug, wanted.file
    return client.competitions.competition_api_client.download_data_file(one_file)


def _broken() -> tuple[type[Exception], ...]:
    """What the client raises where a connection broke."""
    from requests import exceptions

    return (exceptions.ChunkedEncodingError, exceptions.ConnectionError)


@contextmanager
def _told(wanted: _Wanted) -> Iterator[None]:
    """Turn the client's errors into ours.

    Raises:
        SourceError: it cannot be had.
    """
    from requests.exceptions import HTTPError, RequestException

    try:
        yield
    except HTTPError as error:
        raise _answered(wanted, error.response.status_code if error.response is not None else 0) from error
    except RequestException as error:
        why = type(error).__name__
        raise unreachable(f"Kaggle cannot be reached for {wanted.shown!r} ({why}). Check the network.") from error


def _answered(wanted: _Wanted, status: int) -> BrewError:
    if status == 401:
        return unreachable(f"Kaggle wants a login for {wanted.shown!r}: {_LOGIN}.")
    if status == 403:
        rules = "" if wanted.owner else " Or you have not accepted the rules of the competition on its page."
        return unreachable(f"Your login, if any, may not read {wanted.shown!r}. To log in, {_LOGIN}.{rules}")
    if status == 404:
        return unreachable(f"There is no {wanted.shown!r} on Kaggle. Check its spelling.")
    if status == 429:
        return unreachable(f"Kaggle is asked too often (429) for {wanted.shown!r}. Wait some minutes.")
    return unreachable(f"Kaggle answers {status} for {wanted.shown!r}. Try again later.")

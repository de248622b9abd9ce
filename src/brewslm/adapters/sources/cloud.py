"""`s3:`, `gs:`, `abfs:` sources and their relatives: object stores, through fsspec and the extra for each of them."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import Any

from brewslm.adapters.sources.refusals import cancelled, refused, unreachable
from brewslm.core.errors import BrewError, DiskFullError
from brewslm.core.ports.source import Fetch, OpenedSource, SourceFile

PIECE_BYTES = 4 << 20
MAX_FILES = 100_000
_SECRET_PART = re.compile(r"(https?://[^\s?]+)\?\S+|(AccountKey|Signature|sig)=[^;&\s]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Store:
    """One kind of object store."""

    protocol: str
    """As fsspec calls it."""
    extra: str
    """What has to be installed for it."""
    login: str
    """How its client is told who asks."""
    options: Mapping[str, Any]
    """For its client."""


_QUICK_S3 = {"config_kwargs": {"connect_timeout": 5, "read_timeout": 30, "retries": {"max_attempts": 2}}}
_S3 = Store("s3", "s3", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `aws configure`", _QUICK_S3)
_GCS = Store("gs", "gcs", "GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`", {})
_AZURE = Store("abfs", "azure", "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and its key", {})
STORES: dict[str, Store] = {
    "s3": _S3, "s3a": _S3, "gs": _GCS, "gcs": _GCS, "abfs": _AZURE, "abfss": _AZURE, "az": _AZURE,
}  # fmt: skip


class CloudFiles:
    """Opens objects by downloading them."""

    def __init__(
        self, *, max_bytes: int = 50 << 30, is_offline: bool = False, stores: Mapping[str, Store] | None = None
    ) -> None:
        """Bind the settings.

        Args:
            max_bytes: all objects together may be so large.
            is_offline: whether the network is not to be used.
            stores: scheme to store; None means those that have an extra.
        """
        self._max_bytes = max_bytes
        self._is_offline = is_offline
        self._stores = dict(STORES if stores is None else stores)

    @property
    def schemes(self) -> tuple[str, ...]:
        """The schemes that it opens."""
        return tuple(self._stores)

    def open(self, locator: str, fetch: Fetch) -> OpenedSource:
        """Download one object, or all that a pattern names.

        Raises:
            SourceError: they do not exist, may not be had, or are too large; or the extra is not installed.
            DiskFullError: there is no space for them.
            CancelledError: `fetch.is_cancelled` said so.
        """
        scheme, _, rest = locator.partition("://")
        store = self._stores[scheme.partition(":")[0].lower()]
        _refuse_odd(locator, rest, store)
        if self._is_offline:
            raise unreachable(f"{locator!r} is not fetched: BREWSLM_OFFLINE is set. Unset it, or give a path.")
        with _told(locator, store):
            system, found = _look(rest, locator, store)
        self._refuse_too_large(locator, sum(size for _, size in found), shutil.disk_usage(fetch.folder).free)
        files, done = [], 0
        total = sum(size for _, size in found)
        for number, (path, size) in enumerate(found):
            local = fetch.folder / f"{number:06d}"
            with _told(locator, store):
                for num_bytes in _copy(system, path, local):
                    done += num_bytes
                    fetch.progress(done, total)
                    if fetch.is_cancelled():
                        raise cancelled(locator)
            if local.stat().st_size != size:
                raise unreachable(f"{locator!r} changed while it was fetched. Try again.")
            files.append(SourceFile(path=local.absolute(), name=_shown(path, rest)))
        return OpenedSource(files=tuple(files), name=locator)

    def _refuse_too_large(self, locator: str, total: int, free: int) -> None:
        if total > self._max_bytes:
            message = f"{locator!r} has {total:,} bytes; {self._max_bytes:,} are allowed. Name fewer objects, or raise"
            raise refused(f"{message} BREWSLM_MAX_SOURCE_BYTES.")
        if total > free:
            raise DiskFullError(
                f"No space for {locator!r}: it needs {total:,} bytes, {free:,} are free. Free space first."
            )


def _refuse_odd(locator: str, rest: str, store: Store) -> None:
    if not rest.strip("/"):
        raise unreachable(f"{locator!r} names no object. Write {store.protocol}://BUCKET/PATH.")
    if "@" in rest.partition("/")[0] and store.extra != "azure":
        raise refused(
            f"A login does not belong into the locator. Set {store.login}, and write {store.protocol}://BUCKET/PATH."
        )


def _system_of(store: Store, **more: bool) -> Any:  # noqa: ANN401 - fsspec has no types
    import fsspec

    try:
        kind = fsspec.get_filesystem_class(store.protocol)
    except ImportError as error:
        message = f"Sources of the kind '{store.protocol}:' need an extra: pip install 'brewslm[{store.extra}]'"
        raise unreachable(message) from error
    return kind(**store.options, **more, skip_instance_cache=True)


def _look(rest: str, locator: str, store: Store) -> tuple[Any, list[tuple[str, int]]]:
    """The client, and the objects that are meant, by name, with their sizes in bytes."""
    system = _system_of(store)
    try:
        entries = _entries(system, rest)
    except Exception as error:
        if type(error).__name__ != "NoCredentialsError":
            raise
        system = _system_of(store, anon=True)  # as a public bucket is asked
        entries = _entries(system, rest)
    files = sorted((str(one["name"]), int(one["size"] or 0)) for one in entries if one["type"] == "file")
    if not files and entries:
        pattern = f"{locator.rstrip('/')}/*.jsonl"
        raise unreachable(f"{locator!r} is a folder. Name one object, or several by a pattern such as {pattern!r}.")
    if not files:
        raise unreachable(f"Nothing matches {locator!r}. Check the pattern.")
    if len(files) > MAX_FILES:
        raise refused(f"More than {MAX_FILES:,} objects match {locator!r}. Name fewer by a narrower pattern.")
    return system, files


def _entries(system: Any, rest: str) -> list[dict[str, Any]]:  # noqa: ANN401 - fsspec has no types
    return list(system.glob(rest, detail=True).values()) if has_magic(rest) else [system.info(rest)]


def _copy(system: Any, path: str, local: Path) -> Iterator[int]:  # noqa: ANN401 - fsspec has no types
    """Copy one object; yield how many bytes came with each step."""
    with system.open(path, "rb") as remote, local.open("xb") as file:
        while piece := remote.read(PIECE_BYTES):
            file.write(piece)
            yield len(piece)


def _shown(path: str, rest: str) -> str:
    """The name of an object below the fixed part of a pattern."""
    parts = rest.strip("/").split("/")
    fixed = next((place for place, part in enumerate(parts) if has_magic(part)), len(parts) - 1)
    return "/".join(path.strip("/").split("/")[fixed:]) or path


@contextmanager
def _told(locator: str, store: Store) -> Iterator[None]:
    """Turn what the clients of clouds raise, which has no common kind, into one clear line.

    Raises:
        BrewError: always one of ours.
    """
    try:
        yield
    except BrewError:
        raise
    except FileNotFoundError as error:
        raise unreachable(f"There is no object {locator!r}. Check bucket and path.") from error
    except PermissionError as error:
        raise unreachable(f"You may not read {locator!r}. Set {store.login}.") from error
    except Exception as error:
        words = _SECRET_PART.sub(r"\1", " ".join(str(error).split()))[:200] or type(error).__name__
        raise unreachable(f"{locator!r} cannot be fetched: {words}. Check the network, and {store.login}.") from error

"""One file over http or https: redirects, retries, and going on where a connection broke."""

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

import httpcore2

from brewslm.adapters.sources.refusals import refused, unreachable
from brewslm.adapters.sources.web.address import WebAddress
from brewslm.adapters.sources.web.file_name import name_of
from brewslm.adapters.sources.web.limits import WebLimits
from brewslm.adapters.sources.web.transport import StalledError, Watch
from brewslm.core.errors import DiskFullError

_BROKEN = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, httpcore2.ProxyError)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
_MEANINGS = {
    401: "it wants a login. Give it as https://USER:PASSWORD@…, or download the file and give its path.",
    403: "access is denied. Check whether the address needs a login or has run out.",
    404: "there is nothing. Check the address.",
    410: "it was removed. Look for its new place.",
}
_PROGRESS_BYTES = 1 << 20
"""So much has to come for a broken connection to count as progress."""


class TemporaryError(Exception):
    """Another attempt may succeed."""

    def __init__(self, why: str, *, after_seconds: float | None = None) -> None:
        """Keep why, and how long the server asks to wait."""
        super().__init__(why)
        self.after_seconds = after_seconds


@dataclass
class Answer:
    """The head of an answer, and its body as it comes."""

    status: int
    headers: dict[str, str]
    body: Iterator[bytes]
    address: WebAddress
    """Where it came from, after redirects."""


@dataclass
class Download:
    """Fetches one file; knows how far it is."""

    pool: httpcore2.ConnectionPool
    watch: Watch
    limits: WebLimits
    progress: Callable[[int, int | None], None]
    pause: Callable[[float], None] = time.sleep
    chance: random.Random = field(default_factory=random.Random)
    num_bytes: int = 0
    """How many bytes of the file are here."""
    total_bytes: int | None = None
    validator: str | None = None
    """A strong ETag, or the time of the last change: what says that the rest still belongs to the beginning."""
    name: str = ""

    def fetch(self, address: WebAddress, path: Path) -> None:
        """Write the file to `path`.

        Raises:
            SourceError: it cannot be had, or is beyond a limit.
            DiskFullError: it is larger than the space that was left at the beginning.
            CancelledError: the user said stop.
        """
        attempt = 0
        with path.open("wb") as file:
            while True:
                before = self.num_bytes
                try:
                    self._attempt(address, file)
                    return
                except (TemporaryError, StalledError, *_BROKEN) as error:
                    attempt = 1 if self.num_bytes - before >= _PROGRESS_BYTES else attempt + 1
                    self._wait_or_give_up(address, error, attempt)

    def _attempt(self, address: WebAddress, file: BinaryIO) -> None:
        with self._ask(address, self._resume_headers()) as answer:
            self._settle(answer, file)
            for chunk in answer.body:
                self._refuse_too_large(self.num_bytes + len(chunk), answer.address)
                file.write(chunk)
                self.num_bytes += len(chunk)
                self.progress(self.num_bytes, self.total_bytes)
        file.flush()
        if self.total_bytes is not None and self.num_bytes != self.total_bytes:
            message = f"{self.num_bytes:,} of {self.total_bytes:,} bytes came"
            raise TemporaryError(message)

    @contextmanager
    def _ask(self, address: WebAddress, more: dict[str, str]) -> Iterator[Answer]:
        """Follow redirects by hand: every hop is a new address that is checked like the first."""
        for _ in range(self.limits.max_redirects + 1):
            self.watch.expect_answer()
            headers = {"Host": address.authority, "Accept": "*/*", "Accept-Encoding": "identity", **more}
            headers["User-Agent"] = "brewslm"
            if address.authorization is not None:
                headers["Authorization"] = address.authorization
            timeouts = dict.fromkeys(("connect", "write", "pool"), self.limits.connect_seconds)
            url = httpcore2.URL(
                scheme=address.scheme.encode(),
                host=address.host.encode(),
                port=address.port,
                target=address.target.encode(),
            )
            request = httpcore2.Request(
                "GET",
                url,
                headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
                extensions={"timeout": timeouts},
            )
            response = self.pool.handle_request(request)
            try:
                self.watch.has_answer()
                found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                if response.status not in _REDIRECTS or "location" not in found:
                    yield Answer(response.status, found, iter(response.iter_stream()), address)
                    return
                address = address.joined(found["location"])
            finally:
                response.close()
        raise refused(f"{address.shown} is the end of {self.limits.max_redirects} redirects. Check the address.")

    def _resume_headers(self) -> dict[str, str]:
        if self.num_bytes == 0 or self.validator is None:
            return {}
        return {"Range": f"bytes={self.num_bytes}-", "If-Range": self.validator}

    def _settle(self, answer: Answer, file: BinaryIO) -> None:
        """Look at the head of an answer, and put the file where its body goes on."""
        is_rest = answer.status == 206 and _begins_at(answer.headers, self.num_bytes, self.total_bytes)
        if answer.status != 200 and not is_rest:
            if answer.status in {206, 416}:
                self._begin_again(file)
            _refuse_status(answer)
        if not is_rest:
            self._begin_again(file)
            length = answer.headers.get("content-length", "")
            self.total_bytes = int(length) if length.isdecimal() else None
            self.validator = _validator(answer.headers)
        self._refuse_too_large(self.total_bytes or 0, answer.address)
        self.name = name_of(answer.headers.get("content-disposition"), answer.address.target)

    def _begin_again(self, file: BinaryIO) -> None:
        file.seek(0)
        file.truncate()
        self.num_bytes = 0
        self.validator = None

    def _refuse_too_large(self, num_bytes: int, address: WebAddress) -> None:
        if num_bytes > self.limits.max_bytes:
            message = (
                f"{address.shown} is larger than {self.limits.max_bytes:,} bytes. Fetch a part of it, or raise "
                "BREWSLM_MAX_SOURCE_BYTES."
            )
            raise refused(message)
        if self.limits.free_bytes is not None and num_bytes > self.limits.free_bytes:
            message = (
                f"No space for {address.shown}: it needs {num_bytes:,} bytes, {self.limits.free_bytes:,} are free."
            )
            raise DiskFullError(f"{message} Free space, then try again.")

    def _wait_or_give_up(self, address: WebAddress, error: Exception, attempt: int) -> None:
        why = _why(error)
        asked = error.after_seconds if isinstance(error, TemporaryError) else None
        if asked is not None and asked > self.limits.max_pause_seconds:
            raise unreachable(f"{address.shown} asks to wait {asked:,.0f} s ({why}). Try again then.") from error
        if attempt >= self.limits.max_attempts or (attempt >= 3 and isinstance(error, httpcore2.ConnectError)):
            raise unreachable(f"{address.shown} cannot be fetched: {why}. Try again later.") from error
        if isinstance(error, httpcore2.ConnectError) and "certificate" in why.lower():
            message = f"{address.shown} cannot be trusted: {why}. Check the address; SSL_CERT_FILE names own CAs."
            raise refused(message) from error
        pause = min(self.limits.max_pause_seconds, 0.25 * 2**attempt) * self.chance.uniform(0.5, 1.0)
        end = self.watch.clock() + max(pause, asked or 0.0)
        self.watch.expect_answer()
        while (left := end - self.watch.clock()) > 0:
            self.watch.raise_if_cancelled()
            self.pause(min(left, 0.2))


def _refuse_status(answer: Answer) -> None:
    shown, status = answer.address.shown, answer.status
    if status in _TEMPORARY or status in {206, 416}:
        why = f"the server answers {status}"
        raise TemporaryError(why, after_seconds=_retry_after(answer.headers.get("retry-after")))
    meaning = _MEANINGS.get(status, "that is no file. Check the address.")
    raise unreachable(f"{shown} answers {status}: {meaning}")


def _begins_at(headers: dict[str, str], start: int, total: int | None) -> bool:
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", headers.get("content-range", ""))
    if found is None or int(found[1]) != start or headers.get("content-type", "").startswith("multipart/byteranges"):
        return False
    return found[3] == "*" or total is None or int(found[3]) == total


def _validator(headers: dict[str, str]) -> str | None:
    tag = headers.get("etag", "")
    return tag if tag.startswith('"') else headers.get("last-modified")


def _retry_after(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header (RFC 9110, section 10.2.3): a number, or a time."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _why(error: Exception) -> str:
    """The reason in a few words; a library's own words may be empty."""
    words = " ".join(str(error).split())[:200]
    if isinstance(error, httpcore2.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpcore2.ConnectError):
        return words or "no connection"
    return words or "the connection broke"

"""Connections that go only to addresses that were checked, and never wait longer than they may.

httpcore2 asks this backend for every connection, so there is no second look at a name between check and connect; TLS
is verified against the name, not the address.
"""

import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpcore2

from brewslm.adapters.sources.refusals import refused
from brewslm.adapters.sources.web.addresses import Resolver, checked_addresses
from brewslm.adapters.sources.web.limits import WebLimits

_SLICE_SECONDS = 0.5
"""How long a read blocks before it looks around."""


class StalledError(Exception):
    """The server sends nothing, or next to nothing."""


@dataclass
class Watch:
    """Looks at the clock while a download waits for the network."""

    limits: WebLimits
    raise_if_cancelled: Callable[[], None]
    clock: Callable[[], float] = time.monotonic
    _end: float = 0.0
    _answer_by: float | None = None
    _window_began: float = 0.0
    _window_bytes: int = 0
    _last_byte: float = field(default=0.0)

    def __post_init__(self) -> None:
        """Begin to count."""
        self._end = self.clock() + self.limits.max_seconds

    def expect_answer(self) -> None:
        """A request is about to be sent."""
        now = self.clock()
        self._answer_by = now + self.limits.answer_seconds
        self._window_began = self._last_byte = now
        self._window_bytes = 0

    def has_answer(self) -> None:
        """The head of the answer is here; from now on its body counts."""
        self._answer_by = None
        self._window_began = self._last_byte = self.clock()
        self._window_bytes = 0

    def look(self, num_bytes: int) -> None:
        """So many bytes came since the last look.

        Raises:
            CancelledError: the user said stop.
            SourceError: the time for the whole download is over.
            StalledError: the server is too slow.
        """
        self.raise_if_cancelled()
        now = self.clock()
        if now > self._end:
            raise refused(f"The download takes longer than {self.limits.max_seconds:,.0f} s. Fetch the file yourself.")
        if self._answer_by is not None:
            if now > self._answer_by:
                message = f"no answer within {self.limits.answer_seconds:,.0f} s"
                raise StalledError(message)
        elif now - self._window_began > self.limits.window_seconds:
            if self._window_bytes < self.limits.min_bytes_per_second * (now - self._window_began):
                message = f"under {self.limits.min_bytes_per_second:,} bytes a second"
                raise StalledError(message)
            self._window_began, self._window_bytes = now, 0
        self._window_bytes += num_bytes
        if num_bytes:
            self._last_byte = now
        elif now - self._last_byte > self.limits.idle_seconds:
            message = f"silence for {self.limits.idle_seconds:,.0f} s"
            raise StalledError(message)


class WatchedStream(httpcore2.NetworkStream):
    """A connection whose every read is watched."""

    def __init__(self, inner: httpcore2.NetworkStream, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait for bytes in short slices."""
        del timeout  # the watch decides
        while True:
            try:
                found = self._inner.read(max_bytes, _SLICE_SECONDS)
            except httpcore2.ReadTimeout:
                found = None
            self._watch.look(len(found or b""))
            if found is not None:
                return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        """Hang up."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Encrypt, and verify the certificate against the host's name."""
        return WatchedStream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._watch)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the interface of httpcore2
        """Tell about the connection beneath."""
        return self._inner.get_extra_info(info)


class CheckedBackend(httpcore2.NetworkBackend):
    """Connects to hosts whose every address may be asked."""

    def __init__(
        self, watch: Watch, sockets: httpcore2.NetworkBackend, *, is_private_allowed: bool, resolve: Resolver
    ) -> None:
        self._watch = watch
        self._sockets = sockets
        self._is_private_allowed = is_private_allowed
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Resolve once, check, and connect to an address that was checked.

        Raises:
            SourceError: the host may not be asked.
        """
        addresses = checked_addresses(host, port, is_private_allowed=self._is_private_allowed, resolve=self._resolve)
        problem: Exception | None = None
        for address in addresses:
            self._watch.look(0)
            try:
                stream = self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
                continue
            return WatchedStream(stream, self._watch)
        raise problem or httpcore2.ConnectError(host)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Never.

        Raises:
            SourceError: always.
        """
        del timeout, socket_options
        raise refused(f"The socket {path!r} is not a source.")

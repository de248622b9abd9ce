"""A real HTTP server on loopback, whose answers a test writes."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Exchange(BaseHTTPRequestHandler):
    """One request, and ways to answer it."""

    protocol_version = "HTTP/1.1"
    server: "_Server"
    body = b""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer at once; underscores in the names of headers stand for dashes."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def give_file(self, content: bytes, *, cut: int | None = None, **headers: str) -> None:
        """Give a file, or the range of it that was asked for; `cut` hangs up after so many bytes."""
        start, status = 0, 200
        wanted = self.headers.get("Range", "")
        validator = self.headers.get("If-Range")
        if wanted.startswith("bytes=") and validator in {None, headers.get("ETag"), headers.get("Last_Modified")}:
            start, status = int(wanted.removeprefix("bytes=").split("-")[0]), 206
            headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        part = content[start:]
        self.send_response(status)
        for name, value in {"Content_Length": str(len(part)), "Accept_Ranges": "bytes", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(part[:cut])
        if cut is not None and cut < len(part):
            self.hang_up()

    def hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.web.requests.append((self.command, self.path, dict(self.headers.items())))
        self.server.web.reply(self)

    do_GET = do_HEAD = do_POST = _serve  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    web: "WebServer"

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is no news."""


@dataclass
class WebServer:
    """A server that runs; `reply` may be changed at any time."""

    port: int
    scheme: str
    reply: Callable[[Exchange], None]
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _ in self.requests]


@contextmanager
def serving(reply: Callable[[Exchange], None], *, tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    server = _Server(("127.0.0.1", 0), Exchange)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.web = WebServer(server.server_address[1], "http" if tls is None else "https", reply)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Promise E5 from end to end: the true client, a real server with TLS, and ingest behind them."""

import bz2
import gzip
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from brewslm.adapters.sources.web.files import WebFiles
from brewslm.adapters.sources.web.limits import WebLimits
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from tests.fakes.web_server import Exchange, WebServer, serving
from tests.unit.stages.workbench import Workbench

ROWS = b'{"prompt": "a", "completion": "b"}\n' * 3
GIB = 1 << 30


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("data.example").configure_cert(context)
    with serving(lambda exchange: exchange.give_file(ROWS), tls=context) as server:
        yield server


def ingested(folder: Path, web: WebServer, path: str, **limits: Any) -> Snapshot:
    files = WebFiles(
        limits=WebLimits(max_attempts=2, max_pause_seconds=0.02, **limits),
        is_private_allowed=True,
        resolve=lambda _host, _port: ["127.0.0.1"],
    )
    bench = Workbench(folder, sources=files)  # type: ignore[arg-type]  # it opens, which is all that is asked of it
    return bench.run(INGEST, IngestInputs(locator=web.url(path, host="data.example")))


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "ca.pem"]


def test_rows_come_over_https(web: WebServer, tmp_path: Path) -> None:
    snapshot = ingested(tmp_path, web, "/rows.jsonl?sig=geheim")
    assert (snapshot.num_rows, snapshot.num_malformed) == (3, 0)
    assert snapshot.locator == f"https://data.example:{web.port}/rows.jsonl"


def endless(exchange: Exchange) -> None:
    """What says that it has 100 GB, or says nothing, and never ends."""
    exchange.send_response(200)
    if exchange.path == "/announced.jsonl":
        exchange.send_header("Content-Length", str(100 * GIB))
    exchange.send_header("Connection", "close")
    exchange.end_headers()
    while True:
        exchange.wfile.write(ROWS * 1000)


@pytest.mark.parametrize("path", ["/announced.jsonl", "/endless.jsonl"])
def test_a_hundred_gigabytes_end_at_the_limit_and_leave_nothing(web: WebServer, tmp_path: Path, path: str) -> None:
    web.reply = endless
    with pytest.raises(SourceError, match="larger than 1,000,000 bytes") as caught:
        ingested(tmp_path, web, path, max_bytes=1_000_000)
    assert caught.value.code is Reason.INGESTION_REFUSED
    assert left(tmp_path) == []


def test_by_default_a_hundred_gigabytes_are_too_much(web: WebServer, tmp_path: Path) -> None:
    assert WebLimits().max_bytes < 100 * 10**9
    web.reply = endless
    with pytest.raises(SourceError, match=r"larger than [\d,]+ bytes|No space"):
        ingested(tmp_path, web, "/announced.jsonl")
    assert left(tmp_path) == []


def test_a_server_that_drips_through_tls_is_left(web: WebServer, tmp_path: Path) -> None:
    def drip(exchange: Exchange) -> None:
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while exchange.connection.fileno() >= 0:
            exchange.wfile.write(b"x")
            exchange.wfile.flush()
            asked.wait(0.05)

    asked = threading.Event()
    web.reply = drip
    with pytest.raises(SourceError, match="under 1,024 bytes a second"):
        ingested(tmp_path, web, "/rows.jsonl", window_seconds=0.3)
    assert left(tmp_path) == []


@pytest.mark.parametrize("kind", ["gzip", "bzip2"])
def test_a_bomb_that_is_downloaded_is_not_inflated(web: WebServer, tmp_path: Path, kind: str) -> None:
    bomb = 600 * {"gzip": gzip.compress, "bzip2": bz2.compress}[kind](bytes(1 << 20))
    assert len(bomb) < 700_000, "600 MiB in less than 700 kB"
    web.reply = lambda exchange: exchange.give_file(bomb, Content_Encoding="gzip")
    with pytest.raises(SourceError, match="times") as caught:
        ingested(tmp_path, web, "/rows.jsonl.gz")
    assert caught.value.code is Reason.INGESTION_REFUSED
    assert left(tmp_path) == []

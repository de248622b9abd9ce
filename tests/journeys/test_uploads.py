"""A file that comes over HTTP: the server is killed in the middle, the upload goes on, its rows become a snapshot."""

import base64
import http.client
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.journeys.brew import Brew, Server, wait_for, write_chat

TUS = {"Tus-Resumable": "1.0.0"}
FILLER = 48 << 20
"""More than is made durable at once, so that the kill comes in the middle of it."""


def ask(server: Server, method: str, path: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request(method, path, body=body, headers={**TUS, **headers})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def begin_piece(server: Server, place: str, offset: int, length: int) -> http.client.HTTPConnection:
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.putrequest("PATCH", place)
    headers = {"Upload-Offset": offset, "Content-Length": length, "Content-Type": "application/offset+octet-stream"}
    for name, value in {**TUS, **headers}.items():
        connection.putheader(name, str(value))
    connection.endheaders()
    return connection


def offset_of(server: Server, place: str) -> int:
    return int(ask(server, "HEAD", place).headers["Upload-Offset"])


def upload(server: Server, content: bytes) -> str:
    name = base64.b64encode(b"../my chats.jsonl").decode()
    headers = {"Upload-Length": str(len(content)), "Upload-Metadata": f"filename {name}"}
    return str(ask(server, "POST", "/api/uploads", **headers).headers["Location"])


def imported(server: Server, place: str) -> dict[str, Any]:
    locator = server.get(place)["locator"]
    _, job = server.post("/api/projects/1/stages/ingest", {"locator": locator})
    ended = server.finish(job["id"])
    assert ended["status"] == "completed", ended["error"]
    return dict(server.get(f"/api/projects/1/artifacts/{ended['artifact_id']}"))


def test_an_upload_survives_the_end_of_its_server_and_equal_bytes_give_equal_snapshots(
    brew: Brew, tmp_path: Path
) -> None:
    brew.run("project", "create", "--name", "uploads")
    rows = write_chat(tmp_path / "chats.jsonl").read_bytes()
    content = rows + (b" " * 65_535 + b"\n") * (FILLER // 65_536)
    with brew.server() as server:
        place = upload(server, content)
        connection = begin_piece(server, place, 0, len(content))
        connection.send(content[: 40 << 20])
        wait_for(lambda: server.get(place)["offset_bytes"], "the first bytes to be durable")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(60)
        connection.close()

    with brew.server() as server:
        offset = offset_of(server, place)
        assert 32 << 20 <= offset <= 40 << 20
        rest = content[offset:]
        answer = ask(
            server,
            "PATCH",
            place,
            rest,
            **{"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"},
        )
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(len(content)))
        first = imported(server, place)
        again = imported(server, place)
        assert first["id"] == again["id"]
        assert first["body"]["locator"] == "my chats.jsonl"
        other = upload(server, rows)
        headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        assert ask(server, "PATCH", other, rows, **headers).status == 204
        assert imported(server, other)["id"] != first["id"]
        _, job = server.post("/api/projects/1/stages/ingest", {"locator": "http://127.0.0.1:1/x.csv"})
        refused = server.finish(job["id"])
        assert (refused["status"], refused["reason"]) == ("failed", "ingestion_refused")
        assert "not on the open internet" in refused["error"]
    assert len(list((brew.home / "projects" / "1" / "snapshots").iterdir())) == 2
    assert not list((brew.home / "projects" / "1").glob(".draft-*"))
    brew.check_books()

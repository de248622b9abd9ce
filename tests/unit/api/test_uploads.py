"""Uploads over HTTP: the tus protocol, version 1.0.0, its refusals, and bodies that are too large elsewhere."""

import base64
import hashlib
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from brewslm.api.guard import MAX_BODY_BYTES
from brewslm.bootstrap.house import House
from tests.fakes.fetch import fetch_into

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
CONTENT = bytes(range(256)) * 10_000


def named(name: str) -> str:
    return f"filename {base64.b64encode(name.encode()).decode()},filetype dGV4dC9jc3Y="


def begin(client: TestClient, size: int = len(CONTENT), name: str = "rows.csv") -> str:
    answer = client.post("/api/uploads", headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": named(name)})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def send(client: TestClient, place: str, piece: bytes, offset: int, **more: str):
    return client.patch(place, content=piece, headers={**PIECE, "Upload-Offset": str(offset), **more})


def offset_of(client: TestClient, place: str) -> int:
    answer = client.head(place, headers=TUS)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return int(answer.headers["upload-offset"])


def test_a_file_comes_in_pieces_and_is_a_source(client: TestClient, house: House, tmp_path) -> None:
    place = begin(client)
    for start in range(0, len(CONTENT), 1_000_000):
        assert offset_of(client, place) == start
        answer = send(client, place, CONTENT[start : start + 1_000_000], start)
        assert answer.status_code == 204, answer.text
        assert answer.headers["tus-resumable"] == "1.0.0"
    facts = client.get(place).json()
    assert (facts["is_complete"], facts["name"], facts["size_bytes"]) == (True, "rows.csv", len(CONTENT))
    opened = house.ports.sources.open(facts["locator"], fetch_into(tmp_path / "fetched"))
    assert opened.name == opened.files[0].name == "rows.csv"
    assert client.delete(place, headers=TUS).status_code == 204
    assert opened.files[0].path.read_bytes() == CONTENT, "what is being read stays"
    assert client.get(place).status_code == 404


def test_what_is_spoken_is_told(client: TestClient) -> None:
    headers = client.options("/api/uploads").headers
    assert headers["tus-version"] == "1.0.0"
    assert set(headers["tus-extension"].split(",")) == {"creation", "termination", "checksum", "expiration"}
    assert int(headers["tus-max-size"]) > 2 << 30


def test_pieces_at_the_wrong_place_are_a_conflict(client: TestClient) -> None:
    place = begin(client)
    assert send(client, place, b"abc", 0).status_code == 204
    for offset in (0, 2, 4, 10**15):
        answer = send(client, place, b"abc", offset)
        assert (answer.status_code, answer.json()["error"]["reason"]) == (409, "system_conflict")
    assert offset_of(client, place) == 3


def test_more_than_was_announced_is_refused_and_what_fits_is_not_taken_twice(client: TestClient) -> None:
    place = begin(client, size=5)
    answer = send(client, place, b"123456", 0)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "system_request_invalid")
    assert offset_of(client, place) == 0
    assert send(client, place, b"12345", 0).status_code == 204


def test_an_unfinished_upload_is_no_source(client: TestClient, house: House, tmp_path) -> None:
    from brewslm.core.errors import SourceError

    place = begin(client)
    send(client, place, b"abc", 0)
    with pytest.raises(SourceError, match=r"2,559,997 bytes of the upload 'rows.csv' are missing"):
        house.ports.sources.open(client.get(place).json()["locator"], fetch_into(tmp_path / "fetched"))
    with pytest.raises(SourceError, match="There is no upload"):
        house.ports.sources.open("upload:../../x", fetch_into(tmp_path / "fetched"))


def test_a_wrong_checksum_takes_nothing(client: TestClient) -> None:
    place = begin(client, size=6)
    right = base64.b64encode(hashlib.sha256(b"abc").digest()).decode()
    wrong = base64.b64encode(hashlib.sha256(b"abd").digest()).decode()
    answer = send(client, place, b"abc", 0, **{"Upload-Checksum": f"sha256 {wrong}"})
    assert answer.status_code == 460
    assert offset_of(client, place) == 0
    assert send(client, place, b"abc", 0, **{"Upload-Checksum": f"sha256 {right}"}).status_code == 204
    assert offset_of(client, place) == 3
    for odd in ("md4 abc", "sha256 ?", "sha256", "abc"):
        assert send(client, place, b"def", 3, **{"Upload-Checksum": odd}).status_code in {
            400,
            460,
        }
    assert offset_of(client, place) == 3


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1"])
def test_another_version_of_the_protocol_is_refused(client: TestClient, version: str | None) -> None:
    headers = {"Upload-Length": "3", "Upload-Metadata": named("a"), **({"Tus-Resumable": version} if version else {})}
    answer = client.post("/api/uploads", headers=headers)
    assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 422),
        ({"Upload-Length": "-1"}, 422),
        ({"Upload-Length": "0"}, 422),
        ({"Upload-Length": "9" * 25}, 422),
        ({"Upload-Length": str(1 << 52)}, 400),
        ({"Upload-Length": "3", "Upload-Metadata": "filename §"}, 400),
        ({"Upload-Length": "3", "Upload-Metadata": "filename /w=="}, 400),
        ({"Upload-Length": "3", "Upload-Metadata": "filename"}, 400),
        ({"Upload-Length": "3", "Upload-Metadata": ""}, 400),
        ({"Upload-Length": "3", "Upload-Metadata": "x" * 5000}, 422),
        ({"Upload-Length": "3", "Upload-Metadata": named("a\x1b[2Jb")}, 400),
        ({"Upload-Length": "3", "Upload-Metadata": named("n" * 256)}, 400),
        ({"Upload-Length": "3", "Upload-Metadata": named("..")}, 400),
        ({"Upload-Length": "3", "Upload-Metadata": named("a/")}, 400),
    ],
)
def test_odd_announcements_are_refused(client: TestClient, house: House, headers: dict[str, str], code: int) -> None:
    raw = {name: value.encode("utf-8") for name, value in {"Upload-Metadata": named("a"), **headers}.items()}
    answer = client.post("/api/uploads", headers={**{k: v.encode() for k, v in TUS.items()}, **raw})
    assert answer.status_code == code, answer.text
    assert "error" in answer.json()
    assert not list(house.settings.home.glob("uploads/*"))


def test_a_body_of_no_announced_length_is_cut_at_the_limit(client: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 65_536 + 2):
            yield b" " * 65_536

    answer = client.post("/api/projects", content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (413, "system_request_invalid")


def test_a_name_that_leads_out_is_cut_to_its_end(client: TestClient, house: House, tmp_path) -> None:
    place = begin(client, name="../../../evil.csv")
    assert client.get(place).json()["name"] == "evil.csv"
    files = {path.name for path in (house.settings.home / "uploads").rglob("*") if path.is_file()}
    assert files == {"data", "offset", "upload.json"}
    assert not list(tmp_path.rglob("*evil*"))

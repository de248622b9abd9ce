"""Downloads from a real server on loopback: whole, resumed, redirected, limited, ended."""

import threading
import time
from pathlib import Path

import pytest

from brewslm.adapters.sources.web.files import WebFiles
from brewslm.adapters.sources.web.limits import WebLimits
from brewslm.core.errors import CancelledError, SourceError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.source import Fetch
from tests.fakes.web_server import Exchange, serving
from tests.unit.adapters.sources.web.conftest import Get

CONTENT = bytes(range(256)) * 12_000  # 3 MB
TAG = '"v1"'


def gives(content: bytes = CONTENT, **headers: str):
    return lambda exchange: exchange.give_file(content, **headers)


def test_a_file_comes_whole_with_its_name_and_progress(tmp_path: Path) -> None:
    heard: list[tuple[int, int | None]] = []
    fetch = Fetch(tmp_path, progress=lambda done, total: heard.append((done, total)), is_cancelled=lambda: False)
    with serving(gives()) as server:
        opened = WebFiles(is_private_allowed=True).open(server.url("/a/my%20rows.csv?token=geheim#x"), fetch)
        assert opened.files[0].path.read_bytes() == CONTENT
        assert opened.files[0].name == "my rows.csv"
        assert opened.name == f"http://127.0.0.1:{server.port}/a/my%20rows.csv"
        assert server.requests[0][2]["Accept-Encoding"] == "identity"
    assert heard[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


def test_a_broken_connection_goes_on_where_it_broke(get: Get) -> None:
    def reply(exchange: Exchange) -> None:
        exchange.give_file(CONTENT, cut=700_000, ETag=TAG)

    with serving(reply) as server:
        opened = get(server.url("/rows.csv"))
        ranges = [headers.get("Range") for _, _, headers in server.requests]
    assert opened.files[0].path.read_bytes() == CONTENT
    assert ranges == [None, *(f"bytes={n}-" for n in (700_000, 1_400_000, 2_100_000, 2_800_000))]


def test_a_file_that_changes_between_attempts_is_fetched_anew(get: Get) -> None:
    versions = [(CONTENT, '"v1"', 500_000), (CONTENT[::-1], '"v2"', None)]

    def reply(exchange: Exchange) -> None:
        content, tag, cut = versions.pop(0) if len(versions) > 1 else versions[0]
        exchange.give_file(content, cut=cut, ETag=tag)

    with serving(reply) as server:
        assert get(server.url("/rows.csv")).files[0].path.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_without_a_strong_validator_a_broken_download_begins_again(get: Get, tag: str | None) -> None:
    cuts = [500_000, None]
    headers = {"ETag": tag} if tag else {}
    with serving(lambda exchange: exchange.give_file(CONTENT, cut=cuts.pop(0), **headers)) as server:
        assert get(server.url("/rows.csv")).files[0].path.read_bytes() == CONTENT
        assert all("Range" not in sent for _, _, sent in server.requests)


def test_a_range_that_was_not_asked_for_is_not_taken(get: Get) -> None:
    def reply(exchange: Exchange) -> None:
        if len(server.requests) == 1:
            exchange.give_file(CONTENT, cut=500_000, ETag=TAG)
        elif len(server.requests) == 2:
            exchange.answer(206, b"x" * 100, Content_Range=f"bytes 0-99/{len(CONTENT)}")
        else:
            exchange.give_file(CONTENT, ETag=TAG)

    with serving(reply) as server:
        assert get(server.url("/rows.csv")).files[0].path.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_temporary_failure_is_tried_again(get: Get, status: int) -> None:
    def reply(exchange: Exchange) -> None:
        if len(server.requests) < 3:
            exchange.answer(status)
        else:
            exchange.give_file(b"a\n1\n")

    with serving(reply) as server:
        assert get(server.url("/rows.csv")).files[0].path.read_bytes() == b"a\n1\n"


def test_retry_after_is_waited_for_or_told(tmp_path: Path) -> None:
    def reply(exchange: Exchange) -> None:
        if len(server.requests) == 1:
            exchange.answer(429, Retry_After="1")
        elif len(server.requests) == 2:
            exchange.answer(503, Retry_After="3600")

    fetch = Fetch(tmp_path, lambda *_: None, lambda: False)
    begin = time.monotonic()
    with serving(reply) as server, pytest.raises(SourceError, match=r"asks to wait 3,600 s .*503.* Try again then"):
        WebFiles(is_private_allowed=True).open(server.url("/rows.csv"), fetch)
    assert time.monotonic() - begin >= 0.99


@pytest.mark.parametrize(
    "when", ["Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 -0000", "soon", "-1", "1.5"]
)
def test_a_retry_after_that_is_past_or_nonsense_is_not_waited_for(get: Get, when: str) -> None:
    def reply(exchange: Exchange) -> None:
        if len(server.requests) == 1:
            exchange.answer(503, Retry_After=when)
        else:
            exchange.give_file(b"a\n")

    with serving(reply) as server:
        assert get(server.url("/a")).files[0].path.read_bytes() == b"a\n"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "wants a login"), (403, "access is denied"), (404, "there is nothing"), (410, "was removed"),
        (451, "is no file"), (304, "is no file"),
    ],
)  # fmt: skip
def test_a_final_answer_is_one_clear_line(get: Get, status: int, words: str) -> None:
    with serving(lambda exchange: exchange.answer(status)) as server, pytest.raises(SourceError) as caught:
        get(server.url("/rows.csv?key=geheim"))
    assert f"answers {status}: " in str(caught.value)
    assert words in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert caught.value.code is Reason.INGESTION_UNREACHABLE
    assert len(server.requests) == 1


def test_a_body_shorter_than_announced_is_an_error(get: Get) -> None:
    with serving(lambda exchange: exchange.give_file(CONTENT, cut=10)) as server:
        with pytest.raises(SourceError, match="cannot be fetched: "):
            get(server.url("/rows.csv"))
        assert len(server.requests) == WebLimits().max_attempts


def test_redirects_are_followed_and_name_the_last_address(get: Get) -> None:
    def reply(exchange: Exchange) -> None:
        number = int(exchange.path.rsplit("/", 1)[-1]) if exchange.path[-1].isdecimal() else 0
        if number < 4:
            exchange.answer((301, 302, 303, 307)[number], Location=f"/hop/{number + 1}")
        else:
            exchange.give_file(b"a\n", Content_Disposition="attachment; filename*=UTF-8''%C3%BCber.csv")

    with serving(reply) as server:
        assert get(server.url("/start")).files[0].name == "über.csv"


def test_endless_redirects_are_refused(get: Get) -> None:
    with serving(lambda exchange: exchange.answer(302, Location="/again")) as server:
        with pytest.raises(SourceError, match="10 redirects"):
            get(server.url("/again"))
        assert len(server.requests) == 11


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x/", "ftp://x/", "data:,x", "javascript:0"])
def test_a_redirect_to_another_scheme_is_refused(get: Get, location: str) -> None:
    with (
        serving(lambda exchange: exchange.answer(302, Location=location)) as server,
        pytest.raises(SourceError, match="are not fetched") as caught,
    ):
        get(server.url("/a"))
    assert caught.value.code is Reason.INGESTION_REFUSED


def test_credentials_go_to_their_origin_only(get: Get) -> None:
    with serving(lambda exchange: exchange.give_file(b"a\n1\n")) as other:

        def reply(exchange: Exchange) -> None:
            to = {"/a": "/b", "/b": other.url("/c")}
            exchange.answer(302, Location=to[exchange.path])

        with serving(reply) as server:
            opened = get(f"http://me:ge%3Aheim@127.0.0.1:{server.port}/a")
            sent = [headers.get("Authorization") for _, _, headers in server.requests]
    assert sent == ["Basic bWU6Z2U6aGVpbQ=="] * 2
    assert "Authorization" not in other.requests[0][2]
    assert "me:" not in opened.name
    assert "heim" not in opened.name + opened.files[0].name


def test_a_file_over_the_limit_is_refused_by_its_announcement(get: Get) -> None:
    def reply(exchange: Exchange) -> None:
        exchange.answer(200, b"x", Content_Length="100000000000")

    with serving(reply) as server, pytest.raises(SourceError, match="larger than 1,000,000 bytes") as caught:
        get(server.url("/a"), limits={"max_bytes": 1_000_000})
    assert caught.value.code is Reason.INGESTION_REFUSED


def test_an_endless_stream_is_cut_at_the_limit(get: Get, tmp_path: Path) -> None:
    def reply(exchange: Exchange) -> None:
        exchange.send_response(200)
        exchange.send_header("Connection", "close")
        exchange.end_headers()
        while True:
            exchange.wfile.write(b"x" * 65_536)

    with serving(reply) as server, pytest.raises(SourceError, match="larger than 1,000,000 bytes"):
        get(server.url("/a"), limits={"max_bytes": 1_000_000})
    assert (tmp_path / "fetched" / "download").stat().st_size <= 1_000_000


def drips(head: bytes, stop: threading.Event):
    def reply(exchange: Exchange) -> None:
        exchange.wfile.write(head)
        while not stop.wait(0.05):
            exchange.wfile.write(b"x")
            exchange.wfile.flush()

    return reply


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "bytes a second"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff;", "bytes a second"),
        (b"HTTP/1.1 200 OK\r\nX: ", "no answer within"),
    ],
)
def test_a_server_that_drips_is_not_waited_for(get: Get, head: bytes, words: str) -> None:
    stop = threading.Event()
    limits = {"window_seconds": 0.3, "answer_seconds": 0.5, "max_attempts": 2, "min_bytes_per_second": 1000}
    begin = time.monotonic()
    with serving(drips(head, stop)) as server:
        with pytest.raises(SourceError, match=words):
            get(server.url("/a"), limits=limits)
        stop.set()
    assert time.monotonic() - begin < 10


def test_a_server_that_says_nothing_is_not_waited_for(get: Get) -> None:
    stop = threading.Event()
    with serving(lambda _: stop.wait(30) and None) as server:
        with pytest.raises(SourceError, match="silence for 1 s"):
            get(server.url("/a"), limits={"idle_seconds": 1, "answer_seconds": 60, "max_attempts": 1})
        stop.set()


def test_the_whole_download_has_a_time_limit(get: Get) -> None:
    stop = threading.Event()
    with serving(drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", stop)) as server:
        with pytest.raises(SourceError, match="takes longer than 1 s") as caught:
            get(server.url("/a"), limits={"max_seconds": 1, "min_bytes_per_second": 0})
        stop.set()
    assert caught.value.code is Reason.INGESTION_REFUSED


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_cancelling_ends_a_download_within_a_second(tmp_path: Path, head: bytes) -> None:
    stop, asked = threading.Event(), threading.Event()

    def reply(exchange: Exchange) -> None:
        exchange.wfile.write(head)
        asked.set()
        stop.wait(30)

    with serving(reply) as server:
        fetch = Fetch(tmp_path, progress=lambda *_: None, is_cancelled=asked.is_set)
        with pytest.raises(CancelledError, match="was cancelled"):
            WebFiles(is_private_allowed=True).open(server.url("/a"), fetch)
        stop.set()


def test_a_compressed_answer_is_kept_as_it_came(get: Get) -> None:
    """What claims to be compressed is not inflated here, where nothing limits it."""
    with serving(gives(b"\x1f\x8bxyz", Content_Encoding="gzip")) as server:
        assert get(server.url("/a.csv")).files[0].path.read_bytes() == b"\x1f\x8bxyz"


def test_nobody_there_is_told_within_seconds(get: Get) -> None:
    with serving(gives()) as server:
        url = server.url("/a")
    begin = time.monotonic()
    with pytest.raises(SourceError, match=r"cannot be fetched: .*refused.* Try again later"):
        get(url)
    assert time.monotonic() - begin < 5


def test_offline_means_that_nobody_is_asked(get: Get) -> None:
    with serving(gives()) as server:
        with pytest.raises(SourceError, match="BREWSLM_OFFLINE is set"):
            get(server.url("/a"), is_offline=True)
        assert server.requests == []


def test_no_space_is_told_before_the_disk_is_full(get: Get, tmp_path: Path) -> None:
    from brewslm.core.errors import DiskFullError

    with (
        serving(lambda exchange: exchange.answer(200, b"x", Content_Length=str(1 << 60))) as server,
        pytest.raises(DiskFullError, match="No space for"),
    ):
        get(server.url("/a"), limits={"max_bytes": 1 << 62})

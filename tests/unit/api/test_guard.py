"""Who may talk to the server: spellings of Host, Origin and the rest, one by one."""

import asyncio
import json
from typing import Any

import pytest

from brewslm.api.door import MAX_KEYS, Door
from brewslm.api.guard import MAX_BODY_BYTES, SECURITY_HEADERS, Guard, allowed_hosts, is_loopback

TOKEN = "x" * 32
DOOR = Door(TOKEN, port=8000)
COOKIE = ("Cookie", f"{DOOR.cookie_name}={DOOR.cookie_value}")
HOST = "127.0.0.1:8000"
EVERYWHERE = "0.0.0.0"

Headers = list[tuple[str, str]]


async def behind(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """What the guard stands in front of."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


def ask(
    headers: Headers,
    *,
    method: str = "GET",
    path: str = "/api/projects",
    port: int = 8000,
    query: str = "",
    app: Any = behind,
    is_token_required: bool = False,
) -> tuple[int, dict[str, str], bytes]:
    hosts = allowed_hosts(port, host="127.0.0.1")
    guard = Guard(app, hosts=hosts, token=TOKEN, door=DOOR, is_token_required=is_token_required)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
    }
    asyncio.run(guard(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, body


def status(headers: Headers, **more: Any) -> int:
    return ask(headers, **more)[0]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_own_names_are_let_in(host: str) -> None:
    assert status([("Host", host)]) == 200


@pytest.mark.parametrize(
    "host",
    [
        "127.evil.tld:8000", "localhost.evil.tld:8000", "localhost.:8000", "localhost", "127.0.0.1", "[::1]",
        "127.0.0.1:8001", "127.0.0.1:08000", "127.0.0.1:8000.", "127.0.0.1:8000 ", " 127.0.0.1:8000", "LOCALHOST:8000",
        "Localhost:8000", "127.0.0.1:8000@evil.tld", "evil.tld@127.0.0.1:8000", "user:pw@localhost:8000", "evil.tld",
        "evil.tld:8000", "127.1:8000", "2130706433:8000", "0x7f000001:8000", "0177.0.0.1:8000", "127.0.0.1.nip.io:8000",
        "::1:8000", "[::ffff:127.0.0.1]:8000", "[0:0:0:0:0:0:0:1]:8000", "[::1%25lo]:8000", "0.0.0.0:8000", "",
        "127.0.0.1:8000/", "127.0.0.1:8000?", "127.0.0.1:8000#", "127.0.0.1:8000, evil.tld", "127.0.0.1:", ":8000",
        "http://127.0.0.1:8000", "localhost:8000:8000", "localhost\u00e9:8000",
        "127。0。0。1:8000".encode().decode("latin-1"), "192.168.0.1:8000", "localhost:80", "localhost%00:8000",
        "localhost\t:8000",
    ],
)  # fmt: skip
def test_every_other_spelling_of_a_host_is_refused(host: str) -> None:
    assert status([("Host", host)]) == 421


@pytest.mark.parametrize("headers", [[], [("Host", HOST), ("Host", HOST)], [("Host", HOST), ("Host", "evil.tld")]])
def test_no_host_or_two_hosts_are_refused(headers: Headers) -> None:
    assert status(headers) == 400


@pytest.mark.parametrize("path", ["http://evil.tld/", "*", "evil.tld:443", ""])
def test_targets_that_are_no_path_are_refused(path: str) -> None:
    assert status([("Host", HOST)], path=path) == 400


def test_the_port_may_be_left_out_only_where_it_is_the_default() -> None:
    assert status([("Host", "localhost")], port=80) == 200
    assert status([("Host", "localhost")], port=8000) == 421


def test_a_configured_host_is_let_in_and_a_wildcard_is_no_name() -> None:
    assert "10.0.0.7:8000" in allowed_hosts(8000, host="10.0.0.7")
    assert "[fd00::7]:8000" in allowed_hosts(8000, host="fd00::7")
    assert "box.lan:8000" in allowed_hosts(8000, host=EVERYWHERE, more=["box.lan"])
    assert not any(EVERYWHERE in name for name in allowed_hosts(8000, host=EVERYWHERE))


BROWSERS: list[Headers] = [
    [("Origin", "http://127.0.0.1:8000")],
    [("Sec-Fetch-Site", "same-origin")],
    [("Sec-Fetch-Site", "none")],
    [("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin")],
    [("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)")],
    [("Cookie", "theme=dark")],
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_program_on_this_machine_needs_nothing(method: str) -> None:
    assert status([("Host", HOST), ("User-Agent", "curl/8.5.0")], method=method) == 200


@pytest.mark.parametrize("headers", BROWSERS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_browser_needs_the_cookie_or_the_token(headers: Headers, method: str) -> None:
    bearer = ("Authorization", f"Bearer {TOKEN}")
    assert status([("Host", HOST), *headers], method=method) == 401
    assert status([("Host", HOST), *headers, COOKIE], method=method) == 200
    assert status([("Host", HOST), *headers, bearer], method=method) == 200


@pytest.mark.parametrize(
    "cookie",
    [
        f"brewslm-8001={DOOR.cookie_value}",
        f"brewslm-8000={Door(TOKEN, port=8001).cookie_value}",
        f"brewslm-8000={Door('y' * 32, port=8000).cookie_value}",
        f"brewslm-8000={DOOR.cookie_value}x",
        f"brewslm-8000={DOOR.cookie_value[:-1]}",
        f"brewslm-8000={TOKEN}",
        "brewslm-8000=",
        "brewslm-8000=\u00e9",
        f"xbrewslm-8000={DOOR.cookie_value}",
    ],
)
def test_no_other_cookie_opens(cookie: str) -> None:
    assert status([("Host", HOST), ("Sec-Fetch-Site", "same-origin"), ("Cookie", cookie)]) == 401


def test_the_cookie_is_found_among_those_of_other_programs() -> None:
    others = ("Cookie", f'a=b; brewslm-8001=stale; {COOKIE[1]}; c={{"d": 1}}')
    assert status([("Host", HOST), ("Sec-Fetch-Site", "same-origin"), others]) == 200


def test_a_wrong_token_is_not_made_up_for_by_a_cookie() -> None:
    assert status([("Host", HOST), ("Authorization", "Bearer no"), COOKIE]) == 401


def test_the_page_itself_is_open_and_nothing_else_is() -> None:
    fetch = [("Host", HOST), ("Sec-Fetch-Site", "none")]
    assert status(fetch, path="/") == status(fetch, path="/assets/main.js") == 200
    for path in ("/index.html", "/assets", "/api", "/api/", "//", "//assets/x", "/metrics", "/docs"):
        assert status(fetch, path=path) == 401
    assert status(fetch, path="/", method="POST") == 401


def test_an_address_lets_one_browser_in_once() -> None:
    path, _, query = DOOR.new_path().partition("?")
    visit = [("Host", HOST), ("Sec-Fetch-Site", "none")]
    code, headers, _ = ask(visit, path=path, query=query)
    assert (code, headers["location"]) == (303, "/")
    cookie = headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE[1]}; ")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert status(visit, path=path, query=query) == 401
    code, headers, _ = ask([*visit, COOKIE], path=path, query=query)
    assert (code, headers["location"], "set-cookie" in headers) == (303, "/", False)


@pytest.mark.parametrize("query", ["", "key=", "key=x", f"key={TOKEN}", "token=x", "key=%00", "key=\u00e9"])
def test_no_other_key_opens(query: str) -> None:
    DOOR.new_path()
    code, headers, _ = ask([("Host", HOST)], path="/login", query=query)
    assert (code, "set-cookie" in headers) == (401, False)


def test_looking_ahead_does_not_use_up_an_address() -> None:
    path, _, query = DOOR.new_path().partition("?")
    visit = [("Host", HOST), ("Sec-Fetch-Site", "none")]
    assert status([*visit, ("Sec-Purpose", "prefetch;prerender")], path=path, query=query) == 405
    assert status(visit, path=path, query=query, method="HEAD") == 405
    assert status(visit, path=path, query=query) == 303


def test_only_the_newest_addresses_are_good() -> None:
    door = Door(TOKEN, port=8000)
    keys = [door.new_path().partition("?")[2].encode() for _ in range(MAX_KEYS + 1)]
    assert [door.take(key) for key in keys] == [False] + [True] * MAX_KEYS


def test_a_link_from_elsewhere_opens_the_page_and_no_data() -> None:
    link = [("Host", HOST), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")]
    document, frame = ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Dest", "iframe")
    assert status([*link, document], path="/") == 200
    assert status([*link, frame], path="/") == 403
    assert status([*link, document], path="/", method="POST") == 403
    assert status([*link, document, COOKIE], path="/api/projects") == 403
    assert status([*link, document, ("Origin", "http://evil.tld")], path="/") == 403


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("application/json", "application/json"),
        ("text/event-stream; charset=utf-8", "text/event-stream; charset=utf-8"),
        ("text/html", "application/octet-stream"),
        ("text/csv", "application/octet-stream"),
        ("application/zip", "application/octet-stream"),
    ],
)
def test_data_that_is_no_text_is_a_file_to_keep(kind: str, shown: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind.encode())]})
        await send({"type": "http.response.body", "body": b""})

    _, headers, _ = ask([("Host", HOST)], app=app)
    assert headers["content-type"] == shown
    assert headers.get("content-disposition") == ("attachment" if shown == "application/octet-stream" else None)


@pytest.mark.parametrize(
    "headers",
    [
        [("Origin", "null")],
        [("Origin", "")],
        [("Origin", "http://evil.tld")],
        [("Origin", "https://127.0.0.1:8000")],
        [("Origin", "http://127.0.0.1:8001")],
        [("Origin", "http://127.0.0.1")],
        [("Origin", "http://localhost:8000")],
        [("Origin", "http://127.0.0.1:8000.evil.tld")],
        [("Origin", "http://127.0.0.1:8000"), ("Origin", "http://evil.tld")],
        [("Origin", "HTTP://127.0.0.1:8000")],
        [("Origin", "file://")],
        [("Origin", "chrome-extension://abc")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "")],
        [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")],
        [("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "cross-site")],
        [("Origin", "http://evil.tld"), ("Sec-Fetch-Site", "same-origin")],
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_other_origins_are_refused_for_every_method(headers: Headers, method: str) -> None:
    assert status([("Host", HOST), *headers], method=method) == 403


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("text/plain", 415),
        ("text/plain;application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/jsonp", 415),
        ("", 415),
        (None, 415),
    ],
)
@pytest.mark.parametrize("length", [("Content-Length", "2"), ("Transfer-Encoding", "chunked")])
def test_bodies_must_be_json(content_type: str | None, expected: int, length: tuple[str, str]) -> None:
    headers = [("Host", HOST), length]
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    assert status(headers, method="POST") == expected


def test_a_post_without_a_body_needs_no_type() -> None:
    assert status([("Host", HOST), ("Content-Length", "0")], method="POST") == 200


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Bearer  {TOKEN}", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer", 401),
        ("Bearer \u00e9", 401),
        ("", 401),
        (None, 401),
    ],
)
def test_where_a_token_is_wanted_only_that_token_opens(shown: str | None, expected: int) -> None:
    headers = [("Host", HOST)]
    if shown is not None:
        headers.append(("Authorization", shown))
    assert status(headers, is_token_required=True) == expected


def test_two_tokens_are_refused() -> None:
    twice = [("Host", HOST), ("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")]
    assert status(twice, is_token_required=True) == 401


def test_every_answer_carries_the_security_headers() -> None:
    for headers in ([("Host", HOST)], [("Host", "evil.tld")]):
        _, found, _ = ask(headers)
        assert {name.lower(): value for name, value in SECURITY_HEADERS.items()}.items() <= found.items()
        assert not any(name.startswith("access-control") for name in found)


def test_refusals_have_the_one_error_shape() -> None:
    _, _, body = ask([("Host", "evil.tld")])
    error = json.loads(body)["error"]
    assert set(error) == {"reason", "message", "findings"}
    assert "evil.tld" not in error["message"]


def test_websockets_are_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    hosts = allowed_hosts(8000, host="127.0.0.1")
    guard = Guard(behind, hosts=hosts, token=TOKEN, door=DOOR, is_token_required=False)
    asyncio.run(guard({"type": "websocket", "path": "/", "headers": []}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]"])
def test_loopback_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "", "192.168.0.1", "127.evil.tld", "localhost.evil.tld", "box.lan"])
def test_everything_else_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("length", [str(MAX_BODY_BYTES + 1), "9" * 30, "-1", "1e3", "x"])
def test_a_body_that_announces_too_much_is_refused(length: str) -> None:
    headers = [("Host", HOST), ("Content-Type", "application/json"), ("Content-Length", length)]
    code, _, body = ask(headers, method="POST", path="/api/projects")
    assert code == 413
    assert "bring files by an upload" in json.loads(body)["error"]["message"]


def test_a_piece_of_an_upload_may_be_of_any_length_and_has_its_own_type() -> None:
    headers = [("Host", HOST), ("Content-Length", str(10**12))]
    piece, plain = ("Content-Type", "application/offset+octet-stream"), ("Content-Type", "application/json")
    assert status([*headers, piece], method="PATCH", path="/api/uploads/x") == 200
    assert status([*headers, plain], method="PATCH", path="/api/uploads/x") == 415
    assert status([*headers, piece], method="PATCH", path="/api/uploads") == 415
    assert status([*headers, piece], method="POST", path="/api/uploads/x") == 415

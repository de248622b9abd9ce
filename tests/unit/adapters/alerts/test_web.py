"""Webhooks against a real server: signed, within their time, to this address only; and text that stays text."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.alerts.senders import ChannelSenders
from brewslm.core.alerts.channels import AlertConfig, Channel
from brewslm.core.alerts.line import one_line
from brewslm.core.alerts.message import AlertMessage
from brewslm.core.errors import AlertError, ChannelUnusableError
from tests.fakes.web_server import Exchange, WebServer, serving

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = "whsec_" + base64.b64encode(b"k" * 24).decode()
SECRETS = {"KEY": KEY, "PLAIN_KEY": "plain text as key"}


def message(line: str = "It happened", **changed: Any) -> AlertMessage:
    plain: dict[str, Any] = {"id": "a" * 32, "kind": "notification", "severity": "error", "title": "T", "line": line}
    return AlertMessage(**{**plain, "created_at": NOW, **changed})


def channel(**said: Any) -> Channel:
    return AlertConfig.model_validate({"channels": {"c": said}}).channels["c"]


def send(tmp_path: Path, url: str, *, sent: AlertMessage | None = None, seconds: float = 5.0, **said: Any) -> None:
    senders = ChannelSenders(tmp_path, environment={**SECRETS, "URL": url}, proxies={}, is_cut_off=False)
    wanted = channel(**{"kind": "webhook", "url_env": "URL", **said})
    senders.open(wanted).send(sent or message(), seconds=seconds)


@pytest.fixture
def seen() -> list[tuple[dict[str, str], bytes]]:
    return []


@pytest.fixture
def web(seen: list[tuple[dict[str, str], bytes]]) -> Iterator[WebServer]:
    def reply(exchange: Exchange) -> None:
        seen.append(({name.lower(): value for name, value in exchange.headers.items()}, exchange.body))
        exchange.answer(204)

    with serving(reply) as server:
        yield server


def verified(secret: bytes, headers: dict[str, str], body: bytes, *, now: float) -> bool:
    """A receiver by the text of Standard Webhooks: key, replay window of five minutes, any of the signatures."""
    if abs(now - int(headers["webhook-timestamp"])) > 300:
        return False
    content = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    expected = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest())
    return any(
        hmac.compare_digest(expected, one.removeprefix("v1,").encode())
        for one in headers["webhook-signature"].split(" ")
        if one.startswith("v1,")
    )


@pytest.mark.parametrize(("name", "secret"), [("KEY", b"k" * 24), ("PLAIN_KEY", b"plain text as key")])
def test_a_receiver_can_verify_the_signature(
    tmp_path: Path, web: WebServer, seen: Any, name: str, secret: bytes
) -> None:
    send(tmp_path, web.url("/hook"), secret_env=name)
    ((headers, body),) = seen
    assert verified(secret, headers, body, now=time.time())
    assert not verified(secret, headers, body + b" ", now=time.time())
    assert not verified(secret, headers, body, now=time.time() + 301)
    assert not verified(secret, {**headers, "webhook-id": "other"}, body, now=time.time())
    assert not verified(b"another key", headers, body, now=time.time())
    assert headers["webhook-id"] == "a" * 32
    assert json.loads(body)["data"]["line"] == "It happened"


def test_without_a_key_there_is_no_signature(tmp_path: Path, web: WebServer, seen: Any) -> None:
    send(tmp_path, web.url("/hook"))
    assert "webhook-signature" not in seen[0][0]


def test_a_login_in_the_address_is_sent_as_one(tmp_path: Path, web: WebServer, seen: Any) -> None:
    send(tmp_path, f"http://me:pass%40word@127.0.0.1:{web.port}/hook?k=v")
    assert seen[0][0]["authorization"] == "Basic " + base64.b64encode(b"me:pass@word").decode()
    assert seen[0][0]["host"] == f"127.0.0.1:{web.port}"
    assert web.paths == ["/hook?k=v"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(tmp_path: Path, status: int) -> None:
    with serving(lambda exchange: exchange.answer(204)) as elsewhere:
        away = elsewhere.url("/")
        with (
            serving(lambda exchange: exchange.answer(status, Location=away)) as web,
            pytest.raises(AlertError, match=f"answered {status}.*not followed"),
        ):
            send(tmp_path, web.url("/"))
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("status", "is_refused", "words"),
    [
        (400, True, "400"),
        (413, True, "413"),
        (401, False, "login or key"),
        (404, False, "nothing"),
        (500, False, "500"),
    ],
)
def test_other_answers_are_failures(tmp_path: Path, status: int, is_refused: bool, words: str) -> None:
    with (
        serving(lambda exchange: exchange.answer(status, b"secret body")) as web,
        pytest.raises(AlertError, match=words) as caught,
    ):
        send(tmp_path, web.url("/"))
    assert caught.value.is_refused is is_refused
    assert "secret body" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [("120", 120, 120), (format_datetime(datetime(2099, 1, 1, tzinfo=UTC), usegmt=True), 1e8, 1e10), ("-5", 0, 0)],
)
def test_retry_after_is_read(tmp_path: Path, said: str, low: float, high: float) -> None:
    with (
        serving(lambda exchange: exchange.answer(429, Retry_After=said)) as web,
        pytest.raises(AlertError, match="fewer messages") as caught,
    ):
        send(tmp_path, web.url("/"))
    assert low <= (caught.value.retry_after_seconds or 0.0) <= high


def test_a_retry_after_that_means_nothing_is_left_aside(tmp_path: Path) -> None:
    with serving(lambda exchange: exchange.answer(503, Retry_After="soon")) as web, pytest.raises(AlertError) as caught:
        send(tmp_path, web.url("/"))
    assert caught.value.retry_after_seconds is None


def hang(exchange: Exchange, end: threading.Event) -> None:
    end.wait(20)
    exchange.close_connection = True


def drip(exchange: Exchange, end: threading.Event) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not end.wait(0.05):
        try:
            exchange.wfile.write(b"a")
        except OSError:
            return


@pytest.mark.parametrize("act", [hang, drip])
def test_a_server_that_hangs_or_drips_is_left_in_time(
    tmp_path: Path, act: Callable[[Exchange, threading.Event], None]
) -> None:
    end = threading.Event()
    with serving(lambda exchange: act(exchange, end)) as web:
        with pytest.raises(AlertError, match="within"):
            send(tmp_path, web.url("/"), seconds=0.5)
        end.set()


def test_nobody_there_is_told_without_the_address(tmp_path: Path) -> None:
    with serving(lambda exchange: exchange.answer(204)) as web:
        url = web.url("/secret-path?secret-query")
    with pytest.raises(AlertError, match="cannot be reached") as caught:
        send(tmp_path, url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://secret/x", "secret", "http://", "http://[secret/", "http://h:secret/"])
def test_an_address_that_is_none_is_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(AlertError) as caught:
        send(tmp_path, url)
    assert "secret" not in str(caught.value).removeprefix("secret ")


def test_what_this_process_lacks_is_named(tmp_path: Path) -> None:
    senders = ChannelSenders(tmp_path, environment={"BAD": "whsec_!"}, proxies={}, is_cut_off=False)
    with pytest.raises(ChannelUnusableError, match="MISSING is not set"):
        senders.open(channel(kind="slack", url_env="MISSING"))
    with pytest.raises(ChannelUnusableError, match="BAD is no Base64"):
        senders.open(channel(kind="webhook", url="http://h/", secret_env="BAD"))
    offline = ChannelSenders(tmp_path, environment={}, proxies={}, is_cut_off=True)
    with pytest.raises(ChannelUnusableError, match="BREWSLM_OFFLINE"):
        offline.open(channel(kind="webhook", url="http://h/"))


HOSTILE = (
    "<!channel> <!here> <@U123> <http://evil.example|click> @everyone @here <@&1> [x](http://evil.example) "
    "```\n# break out ``` *bold* \x1b[31mred \u202etxt &amp; <script>"
)


def test_slack_gets_plain_text_that_mentions_nobody(tmp_path: Path, web: WebServer, seen: Any) -> None:
    send(tmp_path, web.url("/"), sent=message(one_line(HOSTILE)), kind="slack")
    body = json.loads(seen[0][1])
    assert {block["text"]["type"] for block in body["blocks"]} == {"plain_text"}
    assert (body["parse"], body["link_names"], body["unfurl_links"], body["unfurl_media"]) == (
        "none",
        False,
        False,
        False,
    )
    assert not set("<>") & set(body["text"])
    assert "@everyone" not in body["text"]
    assert "\x1b" not in body["text"]
    assert body["text"].count("```") == 2


def test_discord_gets_a_code_block_that_mentions_nobody(tmp_path: Path, web: WebServer, seen: Any) -> None:
    send(tmp_path, web.url("/"), sent=message(one_line(HOSTILE) + "y" * 5000), kind="discord")
    body = json.loads(seen[0][1])
    assert body["allowed_mentions"] == {"parse": []}
    assert body["flags"] == 4
    heading, _, rest = body["content"].partition("\n")
    assert heading.endswith("[error] T")
    assert rest.startswith("```\n")
    assert rest.endswith("\n```")
    assert rest.count("`") == 6, "nothing leaves the block"
    assert "@everyone" not in rest
    assert len(body["content"]) <= 2000

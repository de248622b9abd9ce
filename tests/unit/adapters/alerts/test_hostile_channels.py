"""Hostile text stays text in every channel (promise G4): each string is the line of a notification once."""

import email
import itertools
import json
from datetime import UTC, datetime
from email import policy
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.alerts.local import FILE, Desktop, LogFile
from brewslm.adapters.alerts.mail import Mail
from brewslm.adapters.alerts.web import Discord, Slack, Webhook
from brewslm.core.alerts.channels import SmtpChannel
from brewslm.core.alerts.line import one_line
from brewslm.core.alerts.message import AlertMessage
from tests.fakes.hostile import STRINGS

PINGS = ("<!channel> {}", "<@U123> {}", "@everyone {}", "@here {}", "<@&1> {}", "``` {}", "{} ```\n> `x`")
LINES = tuple(
    dict.fromkeys(
        one_line(text)
        for plain, ping in zip(STRINGS, itertools.cycle(PINGS), strict=False)
        for text in (plain, ping.format(plain))
    )
)
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]


def message(line: str) -> AlertMessage:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    return AlertMessage(id="a" * 32, kind="notification", severity="error", title="T", line=line, created_at=moment)


def posted_by(kind: type[Slack | Discord | Webhook], line: str) -> Any:
    """The body that a channel posts."""
    bodies: list[bytes] = []

    def post(_url: str, body: bytes, headers: dict[str, str], **_more: Any) -> None:
        assert all(value.isascii() and value.isprintable() for value in headers.values())
        bodies.append(body)

    more: dict[str, Any] = {"secret": None} if kind is Webhook else {}
    kind(url="http://h/", proxies={}, post=post, **more).send(message(line), seconds=1)
    (body,) = bodies
    return json.loads(body)


def test_each_string_is_one_line_that_steers_nothing() -> None:
    assert len(LINES) > 2500
    assert [line for line in LINES if not line.isprintable()] == []


@pytest.mark.parametrize("part", range(4))
def test_slack_and_discord_mention_and_link_nobody(part: int) -> None:
    for line in LINES[part::4]:
        slack, discord = posted_by(Slack, line), posted_by(Discord, line)
        assert [block["text"]["type"] for block in slack["blocks"]] == ["plain_text", "plain_text"]
        assert slack["blocks"][1]["text"]["text"] == line
        assert (slack["parse"], slack["link_names"]) == ("none", False)
        assert discord["allowed_mentions"] == {"parse": []}
        for text in (slack["text"], discord["content"]):
            _, _, fenced = text.partition("\n")
            assert fenced.startswith("```\n")
            assert fenced.endswith("\n```")
            assert fenced.count("`") == 6, "nothing leaves the block"
            assert not any(ping in fenced for ping in ("@everyone", "@here", "<@U", "<@&"))
        assert not set("<>") & set(slack["text"])


def test_webhooks_carry_it_as_it_is() -> None:
    assert [posted_by(Webhook, line)["data"]["line"] for line in LINES] == [*LINES]


def test_mails_have_no_header_more_and_the_text_as_plain_text() -> None:
    channel = SmtpChannel.model_validate(
        {"kind": "smtp", "host": "h", "from": "a@example.org", "to": ["b@example.org"]}
    )
    sender = Mail(channel, None)
    for line in LINES:
        sent = email.message_from_bytes(sender._mail(message(line)).as_bytes(), policy=policy.default)
        assert [name for name in sent if not name.lower().startswith(("content-", "mime-"))] == HEADERS
        assert (sent.get_content_type(), sent.is_multipart()) == ("text/plain", False)
        assert sent.get_content() == f"{line}\n"


def test_the_log_has_a_line_for_each_and_the_desktop_gets_no_option_and_no_markup(tmp_path: Path) -> None:
    log, desktop = LogFile(tmp_path / FILE), Desktop("notify-send", {})
    for line in LINES:
        log.send(message(line), seconds=1)
        *_, mark, heading, text = desktop._command(message(line))
        assert (mark, heading, unescape(text)) == ("--", "[error] T", unescape(line.replace("&", "&amp;")))
        assert not set("<>") & set(text)
    written = (tmp_path / FILE).read_bytes().split(b"\n")
    assert [json.loads(line)["text"] for line in written[:-1]] == [*LINES]

"""Channels that are addresses: a signed webhook, and those of Slack and Discord. Text stays text on each of them."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from brewslm.core.alerts.message import AlertMessage
from brewslm.core.reason import Severity

Post = Callable[..., None]
"""`post` of this room."""

_SECRET_PREFIX = "whsec_"  # noqa: S105 - how Standard Webhooks marks a key, not a key
_MARKS: dict[Severity, str] = {
    "info": "\N{INFORMATION SOURCE}",
    "warning": "\N{WARNING SIGN}",
    "error": "\N{CROSS MARK}",
    "critical": "\N{POLICE CARS REVOLVING LIGHT}",
}
_DISCORD_LENGTH = 1900
_SLACK_LENGTH = 2900
_SUPPRESS_EMBEDS = 4


@dataclass(frozen=True)
class Webhook:
    """Implements `AlertSender`, as Standard Webhooks says: `webhook-id`, `webhook-timestamp`, `webhook-signature`."""

    url: str
    secret: str | None
    proxies: Mapping[str, str]
    post: Post

    def send(self, message: AlertMessage, *, seconds: float) -> None:
        """Post the message as JSON, signed where there is a key."""
        body = json.dumps(
            {
                "type": f"brewslm.{message.kind}",
                "timestamp": message.created_at.isoformat(),
                "data": message.model_dump(mode="json"),
            }
        ).encode()
        moment = str(int(time.time()))
        headers = {"Content-Type": "application/json", "User-Agent": "brewslm", "webhook-id": message.id}
        headers["webhook-timestamp"] = moment
        if self.secret is not None:
            headers["webhook-signature"] = signature(self.secret, message.id, moment, body)
        self.post(self.url, body, headers, proxies=self.proxies, seconds=seconds)


def signature(secret: str, message_id: str, moment: str, body: bytes) -> str:
    """Return `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`."""
    signed = f"{message_id}.{moment}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()


def key_of(secret: str) -> bytes:
    """Return the key's bytes: Base64 behind `whsec_`, else the text itself.

    Raises:
        ValueError: what follows `whsec_` is no Base64.
    """
    if secret.startswith(_SECRET_PREFIX):
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    return secret.encode()


@dataclass(frozen=True)
class Slack:
    """Implements `AlertSender` for an incoming webhook of Slack, or of what speaks like it."""

    url: str
    proxies: Mapping[str, str]
    post: Post

    def send(self, message: AlertMessage, *, seconds: float) -> None:
        """Post it in blocks of plain text, in which nothing is a mention, a link or a format."""
        heading = f"{_MARKS[message.severity]} {message.heading}"
        blocks = [
            {"type": "section", "text": {"type": "plain_text", "text": text[:_SLACK_LENGTH], "emoji": False}}
            for text in (heading, message.text)
        ]
        payload = {
            # What is shown in notifications, and all that is shown by those that know no blocks.
            "text": f"{_escaped(heading)}\n{_fenced(_escaped(message.text), _SLACK_LENGTH)}",
            "blocks": blocks,
            "parse": "none",
            "link_names": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        _post_json(self, payload, message, seconds)


@dataclass(frozen=True)
class Discord:
    """Implements `AlertSender` for a webhook of Discord."""

    url: str
    proxies: Mapping[str, str]
    post: Post

    def send(self, message: AlertMessage, *, seconds: float) -> None:
        """Post it in a code block, with mentions off."""
        payload = {
            "content": f"{_MARKS[message.severity]} {message.heading}\n{_fenced(message.text, _DISCORD_LENGTH)}",
            "allowed_mentions": {"parse": []},
            "flags": _SUPPRESS_EMBEDS,
        }
        _post_json(self, payload, message, seconds)


def _post_json(channel: Slack | Discord, payload: dict[str, Any], message: AlertMessage, seconds: float) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": "brewslm", "Idempotency-Key": message.id}
    channel.post(channel.url, json.dumps(payload).encode(), headers, proxies=channel.proxies, seconds=seconds)


def _escaped(text: str) -> str:
    """Spell the three characters that Slack reads as markup; without them there is no `<!channel>`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fenced(text: str, length: int) -> str:
    """Put it into a code block that it cannot leave; a mention is broken by a space that nobody sees."""
    kept = text if len(text) <= length else text[: length - 1] + "…"
    plain = kept.replace("`", "\N{MODIFIER LETTER GRAVE ACCENT}").replace("@", "@\N{ZERO WIDTH SPACE}")
    return f"```\n{plain}\n```"

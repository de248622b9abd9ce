"""What `config/alerts.yaml` may say: channels, what each is told of, how often. Secrets stand there by name only."""

import re
from datetime import time
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from brewslm.core.alerts.notification import SEVERITIES, Notification, is_at_least
from brewslm.core.reason import Reason, Severity
from brewslm.core.value import Described, Value

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def _known_reasons(patterns: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [one for one in patterns if not any(_fits(reason, one) for reason in Reason)]
    if unknown:
        message = f"there is no such reason: {', '.join(unknown)}; `brewslm reasons` lists them"
        raise ValueError(message)
    return patterns


def _open_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "must begin with https:// or http:// and a host"
        raise ValueError(message)
    if "@" in parts.netloc or parts.query or parts.fragment:
        message = "holds a login or a query, which may be secret; name an environment variable that holds it in url_env"
        raise ValueError(message)
    return url


EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
"""The name of a variable, never its value."""
OneLine = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=200)]


class RateLimit(Described):
    """How many messages a channel takes; what is more comes as one summary."""

    messages: int = Field(10, ge=1, le=100_000)
    """So many,"""
    minutes: float = Field(10.0, gt=0, le=24 * 60)
    """in so many minutes."""


class _Channel(Described):
    severity: Severity = "warning"
    """The least that is told: info, warning, error or critical."""
    reasons: Annotated[tuple[str, ...], AfterValidator(_known_reasons)] = ()
    """Only these reasons; `training_*` is all that begin so. All where empty."""
    projects: tuple[int, ...] = ()
    """Only these projects, by id. All where empty."""
    quiet_hours: Annotated[str, StringConstraints(pattern=_HOURS.pattern)] | None = None
    """When only what is critical is sent, such as 22:00-07:00 by this machine's clock; the rest waits until then."""
    rate_limit: RateLimit = RateLimit()
    timeout_seconds: float = Field(10.0, ge=1, le=30)
    """How long one message may take as a whole."""

    def wants(self, notification: Notification) -> bool:
        """Whether this channel is told of it."""
        return (
            is_at_least(notification.severity, self.severity)
            and (not self.reasons or any(_fits(notification.reason, one) for one in self.reasons))
            and (not self.projects or notification.project_id in self.projects)
        )

    def floor_at(self, local: time) -> Severity:
        """Return the least that is sent at this time of day."""
        if self.quiet_hours is None:
            return SEVERITIES[0]
        begin, end = (time.fromisoformat(part) for part in self.quiet_hours.split("-"))
        is_quiet = begin <= local < end if begin <= end else local >= begin or local < end
        return SEVERITIES[-1] if is_quiet else SEVERITIES[0]


class LogChannel(_Channel):
    """Lines of JSON in `logs/alerts.log` of the workspace."""

    kind: Literal["log"]
    severity: Severity = "info"
    rate_limit: RateLimit = RateLimit(messages=10_000)


class DesktopChannel(_Channel):
    """A notification of the desktop: `notify-send` on Linux, `osascript` on macOS."""

    kind: Literal["desktop"]


class SmtpChannel(_Channel):
    """E-mail."""

    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)

    kind: Literal["smtp"]
    host: OneLine
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` (port 587), `tls` (port 465), or `none`, which sends in the clear and is refused with a password."""
    username: OneLine | None = None
    password_env: EnvironmentName | None = None
    """The environment variable that holds the password."""
    sender: OneLine = Field(alias="from")
    to: tuple[OneLine, ...] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _logs_in_whole_and_safely(self) -> Self:
        if (self.username is None) != (self.password_env is None):
            message = "username and password_env belong together"
            raise ValueError(message)
        if self.security == "none" and self.username is not None:
            message = "security: none would send the password in the clear; use starttls or tls"
            raise ValueError(message)
        return self


class WebhookChannel(_Channel):
    """A POST of JSON, signed as Standard Webhooks says."""

    kind: Literal["webhook"]
    url: Annotated[OneLine, AfterValidator(_open_url)] | None = None
    """An address with nothing secret in it; else use `url_env`."""
    url_env: EnvironmentName | None = None
    """The environment variable that holds the address."""
    secret_env: EnvironmentName | None = None
    """The environment variable that holds the key of the signature; messages are not signed without."""

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        if (self.url is None) == (self.url_env is None):
            message = "needs either url or url_env"
            raise ValueError(message)
        return self


class SlackChannel(_Channel):
    """An incoming webhook of Slack, or of what speaks like it, such as Mattermost."""

    kind: Literal["slack"]
    url_env: EnvironmentName
    """The environment variable that holds the address; who has the address may write."""


class DiscordChannel(_Channel):
    """A webhook of Discord."""

    kind: Literal["discord"]
    url_env: EnvironmentName
    """The environment variable that holds the address; who has the address may write."""


Channel = Annotated[
    LogChannel | DesktopChannel | SmtpChannel | WebhookChannel | SlackChannel | DiscordChannel,
    Field(discriminator="kind"),
]
ChannelName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class AlertConfig(Described):
    """The whole file."""

    channels: dict[ChannelName, Channel] = Field(default_factory=dict, max_length=50)


class AlertSetup(Value):
    """The configuration that counts, and who said it."""

    source: str
    """A file, or `default`."""
    config: AlertConfig


def _fits(reason: str, pattern: str) -> bool:
    return reason.startswith(pattern[:-1]) if pattern.endswith("*") else reason == pattern

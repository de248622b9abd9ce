"""From what the file says of a channel to a channel that is ready, with secrets out of the environment."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from brewslm.adapters.alerts import local, web
from brewslm.core.alerts.channels import (
    Channel,
    DesktopChannel,
    DiscordChannel,
    LogChannel,
    SlackChannel,
    SmtpChannel,
    WebhookChannel,
)
from brewslm.core.errors import ChannelUnusableError
from brewslm.core.ports.alerts import AlertSender

_DISPLAYS = ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY")


class ChannelSenders:
    """Implements `AlertSenders`."""

    def __init__(
        self, home: Path, *, environment: Mapping[str, str], proxies: Mapping[str, str], is_cut_off: bool
    ) -> None:
        """Take the workspace, where secrets are, and how the network is reached, if it may be."""
        self._home = home
        self._environment = environment
        self._proxies = dict(proxies)
        self._is_cut_off = is_cut_off

    def open(self, channel: Channel) -> AlertSender:
        """Return the channel.

        Raises:
            ChannelUnusableError: a variable is not set, the network may not be used, or there is no desktop.
        """
        match channel:
            case LogChannel():
                return local.LogFile(self._home / local.FILE)
            case DesktopChannel():
                return self._desktop()
            case SmtpChannel():
                return self._mail(channel)
            case WebhookChannel() | SlackChannel() | DiscordChannel():
                return self._web(channel)
        assert_never(channel)

    def _desktop(self) -> AlertSender:
        name = "osascript" if sys.platform == "darwin" else "notify-send"
        program = shutil.which(name, path=self._environment.get("PATH"))
        if program is None:
            message = f"{name} is not installed; install it (on Debian: libnotify-bin), or take the channel out"
            raise ChannelUnusableError(message)
        if sys.platform != "darwin" and not any(self._environment.get(one) for one in _DISPLAYS):
            message = f"there is no desktop here: none of {', '.join(_DISPLAYS)} is set; run it within a session"
            raise ChannelUnusableError(message)
        return local.Desktop(program, self._environment)

    def _mail(self, channel: SmtpChannel) -> AlertSender:
        from brewslm.adapters.alerts.mail import Mail

        self._refuse_offline()
        return Mail(channel, self._secret(channel.password_env) if channel.password_env else None)

    def _web(self, channel: WebhookChannel | SlackChannel | DiscordChannel) -> AlertSender:
        from brewslm.adapters.alerts.post import post

        self._refuse_offline()
        url = self._secret(channel.url_env) if channel.url_env else ""
        match channel:
            case SlackChannel():
                return web.Slack(url, self._proxies, post)
            case DiscordChannel():
                return web.Discord(url, self._proxies, post)
            case WebhookChannel():
                secret = self._secret(channel.secret_env) if channel.secret_env else None
                self._refuse_bad_key(channel, secret)
                return web.Webhook(url or channel.url or "", secret, self._proxies, post)
        assert_never(channel)

    def _secret(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            message = f"the environment variable {name} is not set here; set it where `brewslm` is started"
            raise ChannelUnusableError(message)
        return value

    def _refuse_bad_key(self, channel: WebhookChannel, secret: str | None) -> None:
        try:
            web.key_of(secret or "")
        except ValueError as error:
            message = f"what follows whsec_ in {channel.secret_env} is no Base64; copy the key whole"
            raise ChannelUnusableError(message) from error

    def _refuse_offline(self) -> None:
        if self._is_cut_off:
            message = "BREWSLM_OFFLINE is set; unset it to send over the network"
            raise ChannelUnusableError(message)

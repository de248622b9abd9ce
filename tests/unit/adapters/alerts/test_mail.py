"""Mail to a real SMTP server: encrypted, logged in, within its time."""

import asyncio
import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult

from brewslm.adapters.alerts.senders import ChannelSenders
from brewslm.core.alerts.channels import AlertConfig
from brewslm.core.alerts.message import AlertMessage
from brewslm.core.errors import AlertError

MESSAGE = AlertMessage(
    id="b" * 32,
    kind="notification",
    severity="critical",
    title="Ärger: 数据",
    line="loss is NaN \\x1b[31m Bcc: other@example.org \N{SNOWMAN}",
    created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)
PASSWORD = "correct horse"


@dataclass
class Box:
    """What has arrived, and by whom."""

    mails: list[Any] = field(default_factory=list)
    refuse: str = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - named by aiosmtpd
        if self.refuse:
            return self.refuse
        self.mails.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 OK"


def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
    return AuthResult(success=(login.login, login.password) == (b"me", PASSWORD.encode()), handled=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def serving(box: Box, authority: trustme.CA, security: str) -> Iterator[int]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)
    options: dict[str, Any] = {"authenticator": authenticate}
    if security == "starttls":
        options |= {"tls_context": tls, "require_starttls": True, "auth_required": True}
    if security == "tls":
        options |= {"ssl_context": tls, "auth_require_tls": False}
    listener_tls = options.pop("ssl_context", None)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    start = loop.create_server(lambda: SMTP(box, loop=loop, **options), "localhost", 0, ssl=listener_tls)
    server = asyncio.run_coroutine_threadsafe(start, loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def send(tmp_path: Path, port: int, security: str, *, password: str = PASSWORD, seconds: float = 5.0) -> None:
    said: dict[str, Any] = {"kind": "smtp", "host": "localhost", "port": port, "security": security}
    said |= {"from": "brew@example.org", "to": ["a@example.org", "b@example.org"]}
    if security != "none":
        said |= {"username": "me", "password_env": "PASSWORD"}
    config = AlertConfig.model_validate({"channels": {"mail": said}})
    senders = ChannelSenders(tmp_path, environment={"PASSWORD": password}, proxies={}, is_cut_off=False)
    senders.open(config.channels["mail"]).send(MESSAGE, seconds=seconds)


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_mail_arrives_whole(tmp_path: Path, authority: trustme.CA, security: str) -> None:
    box = Box()
    with serving(box, authority, security) as port:
        send(tmp_path, port, security)
        send(tmp_path, port, security)
    (to, mail), (_, again) = box.mails
    assert to == ["a@example.org", "b@example.org"]
    assert mail["Subject"] == "BrewSLM [critical] Ärger: 数据"
    assert mail["Bcc"] is None
    assert mail.get_content().splitlines() == [MESSAGE.line]
    assert mail["Message-ID"] == again["Message-ID"] == f"<{'b' * 32}@brewslm.invalid>"


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_told_without_it(tmp_path: Path, authority: trustme.CA) -> None:
    with serving(Box(), authority, "starttls") as port, pytest.raises(AlertError, match="refused the login") as caught:
        send(tmp_path, port, "starttls", password="canary")
    assert "canary" not in str(caught.value)


def test_a_server_that_nobody_vouches_for_gets_no_password(tmp_path: Path, authority: trustme.CA) -> None:
    box = Box()
    with serving(box, authority, "starttls") as port, pytest.raises(AlertError, match="cannot be trusted"):
        send(tmp_path, port, "starttls")
    assert box.mails == []


@pytest.mark.usefixtures("trusted")
def test_without_starttls_nothing_is_sent(tmp_path: Path, authority: trustme.CA) -> None:
    box = Box()
    with serving(box, authority, "none") as port, pytest.raises(AlertError, match="cannot be used"):
        send(tmp_path, port, "starttls")
    assert box.mails == []


def test_what_the_server_refuses_is_a_failure(tmp_path: Path, authority: trustme.CA) -> None:
    with serving(Box(refuse="554 no"), authority, "none") as port, pytest.raises(AlertError, match="code 554"):
        send(tmp_path, port, "none")


def test_a_server_that_says_nothing_is_left_in_time(tmp_path: Path) -> None:
    with socket.create_server(("localhost", 0)) as silent, pytest.raises(AlertError, match="within"):
        send(tmp_path, silent.getsockname()[1], "none", seconds=0.3)


@pytest.mark.parametrize("greeting", [b"220 hello\r\n", b"220 "])
def test_a_server_that_drips_is_left_in_time(tmp_path: Path, greeting: bytes) -> None:
    end = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(greeting)
            while not end.wait(0.05):
                try:
                    connection.sendall(b"2")
                except OSError:
                    return

    with socket.create_server(("localhost", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        with pytest.raises(AlertError, match="within"):
            send(tmp_path, listener.getsockname()[1], "none", seconds=0.5)
        end.set()
        thread.join()

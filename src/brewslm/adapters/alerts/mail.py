"""E-mail over SMTP, within a deadline."""

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from brewslm.core.alerts.channels import SmtpChannel
from brewslm.core.alerts.message import AlertMessage
from brewslm.core.errors import AlertError


class _Timed(smtplib.SMTP):
    """A connection on which a timer hangs up at the deadline, however slowly the server drips."""

    timer: threading.Timer

    def connect(self, host: str = "", port: int = 0, source_address: Any = None) -> Any:  # noqa: ANN401 - smtplib's
        self.timer = threading.Timer(self.timeout, self._hang_up)
        self.timer.daemon = True
        self.timer.start()
        return super().connect(host, port, source_address)

    def _hang_up(self) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):  # the other side has hung up
                self.sock.shutdown(socket.SHUT_RDWR)


class _TimedTls(_Timed, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


@dataclass(frozen=True)
class Mail:
    """Implements `AlertSender`."""

    channel: SmtpChannel
    password: str | None = field(repr=False)

    def send(self, message: AlertMessage, *, seconds: float) -> None:
        """Send one mail; its `Message-ID` is the same at every try."""
        host = self.channel.host
        end = time.monotonic() + seconds
        try:
            with self._connected(seconds) as smtp:
                refused = smtp.send_message(self._mail(message))
        except smtplib.SMTPAuthenticationError as error:
            message_ = f"{host} refused the login of {self.channel.username!r}: code {error.smtp_code}"
            raise AlertError(message_) from error
        except smtplib.SMTPResponseException as error:
            raise AlertError(f"{host} answered with code {error.smtp_code}") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise AlertError(f"{host} takes no mail for {', '.join(error.recipients)}") from error
        except ssl.SSLCertVerificationError as error:
            raise AlertError(
                f"{host} cannot be trusted: {error.verify_message}; SSL_CERT_FILE names own CAs"
            ) from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if isinstance(error, TimeoutError) or time.monotonic() >= end:
                raise AlertError(f"{host} did not answer within {seconds:.0f} s") from error
            raise AlertError(f"{host} cannot be used: {_why(error)}") from error
        if refused:
            raise AlertError(f"{host} takes no mail for {', '.join(refused)}")

    @contextmanager
    def _connected(self, seconds: float) -> Iterator[smtplib.SMTP]:
        """Connect, encrypt and log in."""
        context = ssl.create_default_context()
        where = (self.channel.host, self.channel.port)
        is_tls = self.channel.security == "tls"
        smtp = _TimedTls(*where, timeout=seconds, context=context) if is_tls else _Timed(*where, timeout=seconds)
        try:
            if self.channel.security == "starttls":
                smtp.starttls(context=context)
            if self.channel.username is not None and self.password is not None:
                smtp.login(self.channel.username, self.password)
            yield smtp
            with contextlib.suppress(OSError, smtplib.SMTPException):  # it has taken the mail
                smtp.quit()
        finally:
            smtp.timer.cancel()
            smtp.close()

    def _mail(self, message: AlertMessage) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self.channel.sender
        mail["To"] = ", ".join(self.channel.to)
        mail["Subject"] = f"BrewSLM {message.heading}"
        mail["Date"] = format_datetime(message.created_at)
        mail["Message-ID"] = f"<{message.id}@brewslm.invalid>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(f"{message.text}\n")
        return mail


def _why(error: Exception) -> str:
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(words.split())[:200] or type(error).__name__

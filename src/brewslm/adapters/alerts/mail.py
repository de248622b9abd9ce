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

from brewslm.core.alerts.channels import SmtpChannel
from brewslm.core.alerts.message import AlertMessage
from brewslm.core.errors import AlertError


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
            raise AlertError(f"{host} cannot be used: {type(error).__name__}: {_why(error)}") from error
        if refused:
            raise AlertError(f"{host} takes no mail for {', '.join(refused)}")

    @contextmanager
    def _connected(self, seconds: float) -> Iterator[smtplib.SMTP]:
        """Connect, encrypt and log in. A timer hangs up at the deadline, however slowly the server drips."""
        context = ssl.create_default_context()
        where = (self.channel.host, self.channel.port)
        if self.channel.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=seconds, context=context)
        else:
            smtp = smtplib.SMTP(*where, timeout=seconds)
        timer = threading.Timer(seconds, _hang_up, args=(smtp,))
        timer.daemon = True
        timer.start()
        try:
            if self.channel.security == "starttls":
                smtp.starttls(context=context)
            if self.channel.username is not None and self.password is not None:
                smtp.login(self.channel.username, self.password)
            yield smtp
            with contextlib.suppress(OSError, smtplib.SMTPException):  # it has taken the mail
                smtp.quit()
        finally:
            timer.cancel()
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


def _hang_up(smtp: smtplib.SMTP) -> None:
    if smtp.sock is not None:
        with contextlib.suppress(OSError):  # the other side has hung up
            smtp.sock.shutdown(socket.SHUT_RDWR)


def _why(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

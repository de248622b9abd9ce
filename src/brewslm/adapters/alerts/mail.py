"""E-mail over SMTP, within a deadline."""

import smtplib
import socket
import ssl
import threading
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
        except TimeoutError as error:
            raise AlertError(f"{host} did not answer within {seconds:.0f} s") from error
        except ssl.SSLCertVerificationError as error:
            raise AlertError(
                f"{host} cannot be trusted: {error.verify_message}; SSL_CERT_FILE names own CAs"
            ) from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
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
        is_late = threading.Event()

        def hang_up() -> None:
            is_late.set()
            if smtp.sock is not None:
                smtp.sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, hang_up)
        timer.daemon = True
        timer.start()
        try:
            if self.channel.security == "starttls":
                smtp.starttls(context=context)
            if self.channel.username is not None and self.password is not None:
                smtp.login(self.channel.username, self.password)
            yield smtp
            smtp.quit()
        except (OSError, smtplib.SMTPException) as error:
            if is_late.is_set():
                raise TimeoutError from error
            raise
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


def _why(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

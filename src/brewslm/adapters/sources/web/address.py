"""A web address as people type it: taken apart, checked, and shown without secrets."""

import base64
import re
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from brewslm.adapters.sources.refusals import refused, unreachable

PORTS = {"http": 80, "https": 443}
MAX_LENGTH = 8192
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")


@dataclass(frozen=True, slots=True, repr=False)
class WebAddress:
    """An http or https address."""

    scheme: str
    host: str
    """As the resolver and the certificate are asked: ASCII, without brackets."""
    port: int
    target: str
    """Path and query, as they go on the wire."""
    authorization: str | None = None
    """The Authorization header that user and password in the address stand for."""

    @property
    def origin(self) -> tuple[str, str, int]:
        """What credentials belong to."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """Host and, where it is not the usual one, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The address without user, password, query and fragment, which may hold secrets."""
        return f"{self.scheme}://{self.authority}{self.target.partition('?')[0]}"

    @property
    def url(self) -> str:
        """The address as it is asked for, without user and password."""
        return f"{self.scheme}://{self.authority}{self.target}"

    def joined(self, location: str) -> "WebAddress":
        """The address that a redirect from this one leads to. Credentials stay behind when it leaves the origin.

        Raises:
            SourceError: it is no http or https address, or leads from https back to http.
        """
        there = parse_address(urljoin(self.url, location.strip().replace(" ", "%20")))
        if (self.scheme, there.scheme) == ("https", "http"):
            message = (
                f"{self.shown} redirects to {there.shown}, which is not encrypted. Give that address if it is meant."
            )
            raise refused(message)
        if there.origin == self.origin and there.authorization is None:
            return WebAddress(there.scheme, there.host, there.port, there.target, self.authorization)
        return there


def parse_address(text: str) -> WebAddress:
    """Take an address apart.

    Raises:
        SourceError: it is not a valid http or https address.
    """
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
        ascii_host = host if ":" in host else host.encode("idna").decode("ascii") if host else ""
    except (ValueError, UnicodeError) as error:
        raise unreachable("The web address is not valid. Check its spelling.") from error
    if parts.scheme not in PORTS:
        raise refused(f"Addresses of the kind {parts.scheme[:20] + ':'!r} are not fetched; give one with https.")
    if not _HOST.fullmatch(ascii_host) or len(text) > MAX_LENGTH or any(character <= " " for character in text):
        raise unreachable("The web address is not valid: it names no host, or holds spaces. Check its spelling.")
    target = urlunsplit(("", "", _quoted(parts.path) or "/", _quoted(parts.query), ""))
    target = f"/{target.lstrip('/')}"
    return WebAddress(
        scheme=parts.scheme,
        host=ascii_host.lower(),
        port=port if port is not None else PORTS[parts.scheme],
        target=target,
        authorization=_authorization(parts.username, parts.password),
    )


def _quoted(text: str) -> str:
    """Percent-encode what is not ASCII; everything else is the server's business."""
    return "".join(
        character if character < "\x7f" else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in text
    )


def _authorization(user: str | None, password: str | None) -> str | None:
    if user is None:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"

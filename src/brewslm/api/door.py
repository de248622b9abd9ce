"""How a browser is let in: a one-time address that `brewslm` prints turns into a cookie of this server alone."""

import hashlib
import hmac
import secrets
from collections import deque
from threading import Lock
from urllib.parse import parse_qs

PATH = "/login"
MAX_KEYS = 16
COOKIE_SECONDS = 30 * 24 * 3600
KEY_BYTES = 32


class Door:
    """The cookie of this server, and the keys that were given out for it and not used yet.

    Cookies are shared by all ports of a host, so the name carries the port; the value is made of the workspace's token,
    so that it outlives a restart of the server and is worth nothing to another one.
    """

    def __init__(self, token: str, *, port: int) -> None:
        """Bind it to a workspace's token and a port."""
        self.cookie_name = f"brewslm-{port}"
        self.cookie_value = hmac.new(token.encode(), f"cookie {port}".encode(), hashlib.sha256).hexdigest()
        self._keys: deque[str] = deque(maxlen=MAX_KEYS)
        self._guard = Lock()

    def new_path(self) -> str:
        """Return a path that lets one browser in, once; only the newest few are good."""
        key = secrets.token_urlsafe(KEY_BYTES)
        with self._guard:
            self._keys.append(key)
        return f"{PATH}?key={key}"

    def take(self, query: bytes) -> bool:
        """Use the key of a query; say whether it was good."""
        shown = parse_qs(query.decode("latin-1")).get("key", [""])[0].encode()
        with self._guard:
            for key in self._keys:
                if hmac.compare_digest(key.encode(), shown):
                    self._keys.remove(key)
                    return True
        return False

    def knows(self, cookies: list[str]) -> bool:
        """Whether one of the Cookie headers holds the cookie."""
        shown = (value for header in cookies for value in _values(header, self.cookie_name))
        return any(hmac.compare_digest(self.cookie_value.encode(), value.encode()) for value in shown)

    @property
    def set_cookie(self) -> str:
        """The Set-Cookie header."""
        return f"{self.cookie_name}={self.cookie_value}; Max-Age={COOKIE_SECONDS}; Path=/; HttpOnly; SameSite=Strict"


def _values(header: str, name: str) -> list[str]:
    """Return the values of a cookie; other programs on this host may have set anything beside it."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return [value for key, _, value in pairs if key == name]

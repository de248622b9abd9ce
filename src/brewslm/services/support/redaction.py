"""Taking secrets and personal data out of logs, settings, events and the environment, and counting what was taken.

Five nets, from the surest: values that are known to be secret; blocks of private keys; what stands behind a name that
says `secret`; logins and parameters of addresses; and the detectors of cleaning, which know the shapes of keys, cards,
accounts, numbers of states, addresses and phones.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from brewslm.stages.clean.pii import find
from brewslm.stages.clean.pii.spans import Span

MIN_KNOWN = 4
"""A known secret of fewer characters is too short to be looked for in texts."""
MIN_NUMBER = 10**8
"""No number of a person has fewer digits."""

_NAMES = (
    r"pass(?:word|wd|phrase|code)?|pwd|secrets?|credentials?|tokens?|webhook(?:[_-]?url)?|cookies?|authorization|auth"
    r"|dsn|database[_-]?url|(?:[A-Za-z0-9]{1,30}[_-])?(?:api|access|private|auth|secret|account|encryption)"
    r"[_-]?key|proxies|proxy[_-]?url|connection[_-]?string|session[_-]?(?:id|key)"
)
_SECRET_NAME = re.compile(rf"(?:.{{0,80}}[_.\-\s])?(?:{_NAMES}|key|login|(?:https?|all|ftp)_proxy)", re.IGNORECASE)
_COUNTS = re.compile(r"(?:\w*_)?tokens|token", re.IGNORECASE)
"""Names of tokens that are counted, where the value is a number."""
_NAMED = re.compile(
    rf"(?<![A-Za-z0-9])(?P<name>(?:[\w.-]{{0,60}}[_.-])?(?:{_NAMES}))(?P<sign>[\\\"']{{0,3}}\s{{0,3}}(?:=>|:=|[:=])\s{{0,3}})"
    r"(?P<value>(?P<quote>\\?[\"'])(?P<quoted>(?!<)[^\"'\n]{1,400}?)(?P=quote)"
    r"|(?:(?:Bearer|Basic|Token)\s{1,3})?(?![<\"'\\\s])[^\s\"',;&)}\]]{1,4000})",
    re.IGNORECASE,
)
_MARK = r"(?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_KEY_BEGIN = re.compile(rf"-----BEGIN {_MARK}")
_KEY_END = re.compile(rf"-----END {_MARK}")
_MAX_KEY = 20_000
_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{1,20}://)(?:(?P<login>[^\s/@\"'<>]{1,400})@)?(?P<place>[^\s?#\"'<>]{1,2000})"
    r"(?P<rest>[?#][^\s\"'<>]{1,8000})?"
)
_FOLDER_OF_USER = re.compile(r"(?P<root>/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})(?P<user>[^/\\\s:\"']{1,64})")


_NO_VALUES = frozenset({"none", "null", "true", "false"})


class Redactor:
    """Redacts texts and JSON values, and counts by kind."""

    def __init__(self, secrets: Iterable[str] = (), own: Mapping[str, str] | None = None) -> None:
        """Know what is secret beforehand.

        Args:
            secrets: values that must come out nowhere, however they look.
            own: what tells of the machine or its user, such as the name of the host, to what stands there instead.
        """
        spelled = {form for one in secrets if _is_telling(one) for form in (one, quote(one, safe=""))}
        self._known = _any_of(spelled)
        self._own = {name: instead for name, instead in (own or {}).items() if name}
        self._own_names = _any_of(self._own)
        self.counts: Counter[str] = Counter()

    def text(self, text: str) -> str:
        """Return the text with placeholders in the place of what was taken out."""
        if self._known is not None:
            text, number = self._known.subn("<secret>", text)
            self._count("known secret", number)
        text = self._without_keys(text)
        text = _NAMED.sub(self._of_named, text)
        if "://" in text:
            text = _ADDRESS.sub(self._of_address, text)
        text = self._without_finds(text)
        if self._own_names is not None:
            text, number = self._own_names.subn(lambda found: self._own[found[0]], text)
            self._count("name of this machine or user", number)
        return _FOLDER_OF_USER.sub(self._of_folder, text)

    def value(self, data: Any, *, name: str = "") -> Any:  # noqa: ANN401 - any JSON value is meant
        """Return a JSON value, redacted by the names of its fields and by what its texts hold."""
        if isinstance(data, Mapping):
            return {self.text(str(key)): self.value(item, name=str(key)) for key, item in data.items()}
        if isinstance(data, list | tuple):
            return [self.value(item, name=name) for item in data]
        if data is None or isinstance(data, bool) or data in ("", 0):
            return data
        if is_secret_name(name) and not (isinstance(data, int | float) and _COUNTS.fullmatch(name)):
            self._count("value of a secret name", 1)
            return "<secret>"
        return self._plain(data)

    def _plain(self, data: str | float) -> str | float:
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, int) and abs(data) >= MIN_NUMBER:
            redacted = self.text(str(data))
            return data if redacted == str(data) else redacted
        return data

    def _count(self, kind: str, number: int) -> None:
        if number:
            self.counts[kind] += number

    def _without_keys(self, text: str) -> str:
        """Blocks of private keys, also those of which the end or, in the tail of a log, the beginning is missing."""
        if "PRIVATE KEY" not in text:
            return text
        begin, end = _KEY_BEGIN.search(text), _KEY_END.search(text)
        if end is not None and (begin is None or end.start() < begin.start()):
            self._count("secret: private key", 1)
            return "<secret>" + self._without_keys(text[end.end() :])
        if begin is None:
            return text
        end = _KEY_END.search(text, begin.end(), begin.end() + _MAX_KEY)
        last = end.end() if end is not None else min(begin.end() + _MAX_KEY, len(text))
        self._count("secret: private key", 1)
        return text[: begin.start()] + "<secret>" + self._without_keys(text[last:])

    def _of_named(self, found: re.Match[str]) -> str:
        value = found["quoted"] or found["value"]
        is_count = _COUNTS.fullmatch(found["name"]) and re.fullmatch(r"[\d.,_]+", value)
        if is_count or value.lower() in _NO_VALUES:
            return found[0]
        self._count("value of a secret name", 1)
        mark = found["quote"] or ""
        return f"{found['name']}{found['sign']}{mark}<secret>{mark}"

    def _of_address(self, found: re.Match[str]) -> str:
        parts = [found["scheme"]]
        if found["login"]:
            self._count("login in an address", 1)
            parts.append("<secret>@")
        parts.append(found["place"])
        if found["rest"]:
            self._count("parameters of an address", 1)
            parts.append(f"{found['rest'][0]}<hidden>")
        return "".join(parts)

    def _without_finds(self, text: str) -> str:
        parts, done = [], 0
        for span in find(text):
            self._count(_kind_of(span), 1)
            parts += [text[done : span.start], f"<{span.kind}>"]
            done = span.end
        return "".join([*parts, text[done:]])

    def _of_folder(self, found: re.Match[str]) -> str:
        if found["user"].startswith("<"):
            return found[0]
        self._count("name of this machine or user", 1)
        return f"{found['root']}<user>"


def is_secret_name(name: str) -> bool:
    """Whether the value of a field or variable of this name is taken to be secret."""
    return _SECRET_NAME.fullmatch(name) is not None


def _is_telling(secret: str) -> bool:
    return len(secret) >= MIN_KNOWN and secret.lower() not in _NO_VALUES


def _kind_of(span: Span) -> str:
    return f"secret: {span.detail}" if span.kind == "secret" else span.kind


def _any_of(texts: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(texts, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

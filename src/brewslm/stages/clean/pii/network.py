"""E-mail and IP addresses."""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from brewslm.stages.clean.pii.context import stands_before, words
from brewslm.stages.clean.pii.spans import Span

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAIN = re.compile(rf"@((?:{_LABEL}\.){{1,8}}([^\W\d_]{{2,24}}|xn--[a-z0-9-]{{2,59}}))(?![\w@])", re.IGNORECASE)
_LOCAL_END = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}\Z")
_LOGIN_END = re.compile(r"://[^\s/@]{0,128}:\Z")
_SPELLED = re.compile(
    r"(?<![\w.])[\w.+-]{1,64}\s?[\[({]\s?at\s?[\])}]\s?[\w-]{1,63}(?:\s?[\[({]\s?dot\s?[\])}]\s?|\.)"
    r"(?:[\w-]{1,63}(?:\s?[\[({]\s?dot\s?[\])}]\s?|\.)){0,4}[a-z]{2,24}(?!\w)",
    re.IGNORECASE,
)
_AT = re.compile(r"[\[({]\s?at\s?[\])}]", re.IGNORECASE)
_FILE_ENDINGS = frozenset(
    re.findall(
        r"\w+",
        "bmp css csv gif gz htm html ico jpeg jpg js json jsx log map md mp3 mp4 pdf png scss svg tgz ts tsx txt webp "
        "xml yaml yml zip",
    )
)
_LEADING = "'*`|{}/=!#$%&^~?.-"
_V4 = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d|\w|-\d|\.\w)", re.ASCII)
_V6 = re.compile(
    r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4})(?![\w:]|\.\d)",
    re.IGNORECASE | re.ASCII,
)
_VERSION = words(
    r"version|versión|versione|versão|wersja|release|build|firmware|driver|update to|upgrade|v\b|ver\b|rev\b"
    r"|section|chapter|§|abschnitt|kapitel|clause|figure|schema|oid|chrome/?|software|library|package|版本|バージョン"
)
_ADDRESS = words(
    r"ip\b|ipv4|host|server|address|adresse|dirección|indirizzo|endereço|ping|ssh|dns|gateway|router|subnet"
    r"|from|client|login|logged in|connect|firewall|地址|アドレス"
)
_SMALL = 31
_PRIVATE = 10
_MIN_GROUPS = 3


def emails(text: str) -> Iterator[Span]:
    """Find addresses by their `@`, looking back for what stands before it, and spelled-out ones (`me [at] x.org`)."""
    for found in _DOMAIN.finditer(text) if "@" in text else ():
        local = _LOCAL_END.search(text, max(0, found.start() - 64), found.start())
        if local is None:
            continue
        start = local.start() + len(local[0]) - len(local[0].lstrip(_LEADING))
        name = text[start : found.start()]
        is_remote = name == "git" and text[found.end() : found.end() + 1] in {":", "/"}
        is_login = _LOGIN_END.search(text, max(0, start - 160), start) is not None
        is_name = bool(name) and name[-1] != "." and ".." not in name and found[2].lower() not in _FILE_ENDINGS
        if is_name and not is_remote and not is_login:
            yield Span(start, found.end(), "email", "", is_checked=True)
    if _AT.search(text):
        yield from (Span(*found.span(), "email", "spelled out", is_checked=True) for found in _SPELLED.finditer(text))


def addresses(text: str) -> Iterator[Span]:
    """Find IPv4 and IPv6 addresses; not versions, nor addresses that mean no machine (loopback, masks, unspecified)."""
    if "." in text:
        for found in _V4.finditer(text):
            if _is_v4(found[0], text, found.start()):
                yield Span(*found.span(), "ip", "IPv4", is_checked=True)
    if ":" in text:
        for found in _V6.finditer(text):
            if _is_v6(found[0]):
                yield Span(*found.span(), "ip", "IPv6", is_checked=True)


def _is_v4(number: str, text: str, start: int) -> bool:
    try:
        address = IPv4Address(number)
    except AddressValueError:
        return False
    is_mask = int(address) & (1 << 31) and "01" not in f"{int(address):032b}"
    if address.is_loopback or is_mask or address.packed[0] in {0, 255}:
        return False
    if stands_before(_VERSION, text, start, reach=14):
        return False
    return max(address.packed) > _SMALL or address.packed[0] == _PRIVATE or stands_before(_ADDRESS, text, start)


def _is_v6(number: str) -> bool:
    try:
        address = IPv6Address(number)
    except AddressValueError:
        return False
    groups = [group for group in number.split(":") if group]
    is_named = len(groups) >= _MIN_GROUPS and any(map(str.isdigit, number))
    return is_named and not address.is_loopback and not address.is_unspecified

"""Keys and tokens of well-known services, by the shapes that their makers publish; weak shapes also need chance.

Every repetition is bounded, so that no text costs more than its length.
"""

import re
from collections import Counter
from collections.abc import Iterator
from math import log2

from brewslm.stages.clean.pii.spans import Span

_SERVICES: tuple[tuple[str, str, float], ...] = (
    ("AWS access key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Z0-9])", 0),
    ("GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", 0),
    ("GitLab token", r"gl(?:pat|ptt|dt|rt|cbt|ft|soat|oas|imt|agent)-[\w-]{20,64}", 2.5),
    ("Slack token", r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Za-z0-9-]{10,250}", 2.5),
    ("Slack webhook", r"hooks\.slack\.com/(?:services|workflows)/[A-Z]\w{6,14}/[\w/]{10,80}", 0),
    ("Stripe key", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,200}|whsec_[A-Za-z0-9+/=]{24,80}", 2.5),
    ("Google key", r"AIza[\w-]{35}(?![\w-])|ya29\.[\w-]{20,250}|GOCSPX-[\w-]{28}", 0),
    ("Anthropic key", r"sk-ant-[a-z0-9]{2,12}-[\w-]{20,160}", 0),
    ("OpenAI key", r"sk-(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9][\w-]{18,200}[A-Za-z0-9]", 3.5),
    ("Hugging Face token", r"(?:hf|api_org)_[A-Za-z0-9]{34,40}", 0),
    ("npm token", r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", 0),
    ("PyPI token", r"pypi-AgE[\w-]{50,250}", 0),
    ("SendGrid key", r"SG\.[\w-]{16,32}\.[\w-]{16,64}", 0),
    ("Twilio key", r"(?:SK|AC)[0-9a-f]{32}(?![\w])", 0),
    ("Telegram bot token", r"\d{8,10}:AA[\w-]{33}(?![\w-])", 0),
    ("DigitalOcean token", r"do[opr]_v1_[0-9a-f]{64}", 0),
    ("Databricks token", r"dapi[0-9a-f]{32}(?:-\d)?", 0),
    ("Shopify token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", 0),
    ("Docker token", r"dckr_(?:pat|oat)_[\w-]{27,60}", 0),
    ("Atlassian token", r"ATATT3[\w=-]{60,250}", 0),
    ("Linear key", r"lin_api_[A-Za-z0-9]{40}", 0),
    ("Azure storage key", r"AccountKey=[A-Za-z0-9+/]{86}==", 0),
    ("JSON web token", r"eyJ[\w-]{8,2000}\.eyJ[\w-]{8,6000}\.[\w-]{10,1000}", 0),
)
_SERVICE = re.compile("(?<![A-Za-z0-9])(?:" + "|".join(f"({shape})" for _, shape, _ in _SERVICES) + ")")
_HINTS = tuple(
    re.findall(
        r"\S+",
        "AKIA ASIA ABIA ACCA ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ gl xox xapp- hooks.slack k_live_ k_test_ "
        "whsec_ AIza ya29. GOCSPX- sk- hf_ api_org_ npm_ pypi- SG. SK AC :AA _v1_ dapi shp dckr_ ATATT3 "
        "lin_api_ AccountKey eyJ ",
    )
)
_BLOCK_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_BLOCK_END = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_MAX_BLOCK = 20_000
_IN_ADDRESS = re.compile(
    r"(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/@:\"'<>]{0,128}:([^\s/@\"'<>]{3,256})@(?=[\w\[])"
)
_BEARER = re.compile(r"\b(?:Bearer|Basic|Token)\s{1,3}([A-Za-z0-9._~+/-]{16,4000}={0,2})", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?:api[_-]?key|secret|token|passwd|password|pwd|passphrase|credential|auth[_-]?key|access[_-]?key|private[_-]?key)s?"
    r"(?:[_-][A-Za-z]{1,12}){0,2}[\"']?\s{0,3}(?::|=|:=|=>|\bis\b)\s{0,3}[\"'`]?([A-Za-z0-9][\w+/=.~!@#$%^&*-]{7,250})",
    re.IGNORECASE,
)
_AUTH_WORDS = ("bearer", "basic", "token")
_NAME_WORDS = ("key", "secret", "token", "pass", "pwd", "credential")
_MIN_CHANCE = 3.0
_PLACEHOLDERS = re.compile(
    r"(?:x{3,}|\*{3,}|\.{3}|your|my[-_]|example|placeholder|change[-_]?me|redacted|dummy|secret|password|passwd|<|\$|%|\{|env\b|"
    r"process\.|os\.|config|none|null|true|false|test[-_]?(?:key|token)|insert|todo)",
    re.IGNORECASE,
)


def secrets(text: str) -> Iterator[Span]:
    """Find keys, tokens, private keys, passwords in addresses, and what is assigned to a name that says `secret`."""
    if any(hint in text for hint in _HINTS):
        yield from _of_services(text)
    if "-----BEGIN" in text:
        yield from _blocks(text)
    if "://" in text:
        for found in _IN_ADDRESS.finditer(text):
            if not _PLACEHOLDERS.match(found[1]) and found[1].lower() not in {"pass", "pw", "pwd"}:
                yield Span(*found.span(1), "secret", "password in an address", is_checked=True)
    lowered = text.lower()
    for found in _BEARER.finditer(text) if any(word in lowered for word in _AUTH_WORDS) else ():
        if _is_random(found[1]):
            yield Span(*found.span(1), "secret", "bearer token", is_checked=False)
    for found in _ASSIGNED.finditer(text) if any(word in lowered for word in _NAME_WORDS) else ():
        value = found[1].rstrip(".,;:!?)'\"`")
        if _is_random(value) and not _PLACEHOLDERS.match(value):
            yield Span(found.start(1), found.start(1) + len(value), "secret", "assigned secret", is_checked=False)


def chance(text: str) -> float:
    """Shannon's entropy of the signs, in bits a sign."""
    counts = Counter(text)
    return -sum(count / len(text) * log2(count / len(text)) for count in counts.values())


def _of_services(text: str) -> Iterator[Span]:
    for found in _SERVICE.finditer(text):
        name, _, least = _SERVICES[(found.lastindex or 1) - 1]
        has_digit = any(map(str.isdigit, found[0]))
        if least == 0 or (chance(found[0]) >= least and has_digit):
            yield Span(*found.span(), "secret", name, is_checked=True)


def _blocks(text: str) -> Iterator[Span]:
    for begin in _BLOCK_BEGIN.finditer(text):
        end = _BLOCK_END.search(text, begin.end(), begin.end() + _MAX_BLOCK)
        following = text.find("-----BEGIN", begin.end())
        is_closed = end is not None and (following < 0 or end.start() < following)
        last = end.end() if is_closed and end is not None else begin.end()
        yield Span(begin.start(), last, "secret", "private key", is_checked=True)


def _is_random(value: str) -> bool:
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    is_call = "(" in value or ".get" in value
    return has_digit and has_letter and not is_call and chance(value) >= _MIN_CHANCE

"""Bank accounts and payment cards."""

import re
from collections.abc import Iterator

from brewslm.stages.clean.pii.checksums import luhn, mod_97
from brewslm.stages.clean.pii.spans import Span

_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE",
        31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in re.findall(r"[A-Z]+", countries)
}  # fmt: skip
"""SWIFT IBAN registry: characters by country."""
_IBAN = re.compile(r"(?<![A-Za-z0-9])([A-Z]{2})\d{2}(?:[ \u00a0-]?[A-Z0-9]){11,30}", re.IGNORECASE | re.ASCII)
_SIGN = re.compile(r"[A-Za-z0-9]")
_CARD = re.compile(r"(?<![\w.,+#-])\d(?:[ \u00a0-]?\d){12,18}(?![\w-]|[.,]\d)", re.ASCII)
_GROUPS = frozenset({"4444", "444", "465", "464", "44443", "4445"})
_ISSUERS = (
    ("Visa", re.compile(r"4(?:\d{12}|\d{15}|\d{18})")),
    ("Mastercard", re.compile(r"(?:5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12})")),
    ("American Express", re.compile(r"3[47]\d{13}")),
    ("Discover", re.compile(r"6(?:011|5\d\d|4[4-9]\d)\d{12,15}")),
    ("Diners Club", re.compile(r"3(?:0[0-59]|[68]\d)\d{11}")),
    ("JCB", re.compile(r"35(?:2[89]|[3-8]\d)\d{12,15}")),
    ("UnionPay", re.compile(r"62\d{14,17}")),
)


def ibans(text: str) -> Iterator[Span]:
    """Find accounts of a country in the registry, of that country's length, with a right checksum."""
    for found in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(found[1].upper())
        signs = [match.start() for match in _SIGN.finditer(text, found.start(), found.end())]
        if length is None or len(signs) < length:
            continue
        end = signs[length - 1] + 1
        is_cut = text[end : end + 1].isalnum()
        account = "".join(text[place] for place in signs[:length]).upper()
        if not is_cut and mod_97(account):
            yield Span(found.start(), end, "iban", account[:2], is_checked=True)


def cards(text: str) -> Iterator[Span]:
    """Find numbers in an issuer's range with a right check digit, bare or grouped as cards are."""
    for found in _CARD.finditer(text):
        groups = re.split(r"[ \u00a0-]", found[0])
        digits = "".join(groups)
        if len(groups) > 1 and "".join(str(len(group)) for group in groups) not in _GROUPS:
            continue
        issuer = next((name for name, shape in _ISSUERS if shape.fullmatch(digits)), None)
        if issuer is not None and luhn(digits) and len(set(digits)) > 1:
            yield Span(*found.span(), "card", issuer, is_checked=True)

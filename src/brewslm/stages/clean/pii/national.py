"""Numbers that a state gives to its people: eleven countries, each with its own check.

Where the check alone would let one in ten order numbers pass, the name of the number has to stand before it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from brewslm.stages.clean.pii import checksums
from brewslm.stages.clean.pii.context import stands_before, words
from brewslm.stages.clean.pii.spans import Span

_SEPARATORS = re.compile(r"[ .\u00a0/-]")


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one country's number looks."""

    name: str
    shape: re.Pattern[str]
    is_valid: Callable[[str], bool]
    called: re.Pattern[str]
    """What the number is called, in the country's language or in English."""
    is_weak: Callable[[str], bool]
    """Whether a number as it is written needs its name before it."""


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _is_bare(written: str) -> bool:
    return written.isdigit()


def _is_nino(number: str) -> bool:
    return number[:2].upper() not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def _is_ssn(number: str) -> bool:
    return number not in {"078051120", "219099999", "123456789"}


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){pattern}(?![\w-]|[.,]\d)", re.IGNORECASE | re.ASCII)


_RULES = (
    _Rule(
        "US social security number",
        _shape(r"(?!000|666|9)\d{3}(?P<s>[ -]?)(?!00)\d\d(?P=s)(?!0000)\d{4}"),
        _is_ssn,
        words(r"ssn\b", "social security", r"soc\.? sec", "tax id", r"itin\b"),
        lambda written: "-" not in written,
    ),
    _Rule(
        "UK national insurance number",
        _shape(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"),
        _is_nino,
        words("national insurance", r"nino\b", r"ni number", r"ni no"),
        _never,
    ),
    _Rule(
        "German tax id",
        _shape(r"[1-9]\d[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}"),
        checksums.german_tax_id,
        words("steuer-?id", "steueridentifikationsnummer", "identifikationsnummer", "idnr", "tax id", "steuernummer"),
        _is_bare,
    ),
    _Rule(
        "French social security number",
        _shape(r"[1-478][ ]?\d\d[ ]?(?:0[1-9]|[1-9]\d)[ ]?(?:\d\d|2[AB])[ ]?\d{3}[ ]?\d{3}[ ]?\d\d"),
        checksums.french_nir,
        words(r"nir\b", "sécurité sociale", "securite sociale", "insee"),
        _never,
    ),
    _Rule(
        "Spanish DNI or NIE",
        _shape(r"(?:\d{8}|[XYZ]\d{7}|\d\d\.\d{3}\.\d{3})[ -]?[TRWAGMYFPDXBNJZSQVHLCKE]"),
        checksums.spanish_dni,
        words(r"dni\b", r"nie\b", r"nif\b", "documento"),
        _never,
    ),
    _Rule(
        "Italian codice fiscale",
        _shape(r"[A-Z]{6}[\dLMNP-V]{2}[ABCDEHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z]"),
        checksums.italian_fiscal_code,
        words("codice fiscale", r"c\.?f\.?"),
        _never,
    ),
    _Rule(
        "Dutch BSN",
        _shape(r"\d{4}[. ]?\d\d[. ]?\d{3}"),
        checksums.dutch_bsn,
        words(r"bsn\b", "burgerservicenummer", "sofinummer", r"sofi\b", "citizen service number"),
        _always,
    ),
    _Rule(
        "Brazilian CPF",
        _shape(r"\d{3}[. ]?\d{3}[. ]?\d{3}[- ]?\d\d"),
        checksums.brazilian_cpf,
        words(r"cpf\b", "cadastro de pessoas"),
        _is_bare,
    ),
    _Rule(
        "Polish PESEL",
        _shape(r"\d{11}"),
        checksums.polish_pesel,
        words(r"pesel\w*"),
        _always,
    ),
    _Rule(
        "Indian Aadhaar number",
        _shape(r"(?<!\d[ -])[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}(?![ -]\d)"),
        checksums.verhoeff,
        words("aadha?ar", r"uidai", r"uid\b", "आधार"),
        lambda written: " " not in written,
    ),
    _Rule(
        "Chinese resident id",
        _shape(r"[1-8]\d{5}(?:19|20)\d\d[01]\d[0-3]\d{4}[\dX]"),
        checksums.chinese_resident_id,
        words("身份证", "resident id", "id card", "id number"),
        _never,
    ),
)


def national_ids(text: str) -> Iterator[Span]:
    """Find numbers whose checks hold; the weak ones only behind their names."""
    for rule in _RULES:
        for found in rule.shape.finditer(text):
            plain = _SEPARATORS.sub("", found[0]).upper()
            if not rule.is_valid(plain):
                continue
            if rule.is_weak(found[0]) and not stands_before(rule.called, text, found.start()):
                continue
            yield Span(*found.span(), "national_id", rule.name, is_checked=True)

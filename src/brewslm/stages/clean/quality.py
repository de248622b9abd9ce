"""Rules about the quality of an example's texts: each measures one number, and says where its bound is."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from brewslm.core.artifacts.cleaning import QualityRules
from brewslm.core.similarity import words_of

_NGRAM = 5
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>|<!--[^<>]{0,500}-->|&(?:[A-Za-z]{2,8}|#\d{1,6}|#x[0-9A-Fa-f]{1,5});")
_DAMAGE = re.compile(
    "[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]"
    "|[\u00c2\u00c3][\u00a0-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2018-\u201e\u2020-\u2026\u2030]"
    "|\u00e2\u20ac.?"
)
_BOILERPLATE = re.compile(
    r"cookies?\b.{0,80}(?:accept|use|agree|policy|akzept|verwend|utilis|acept|usa)"
    r"|(?:accept|akzept|accepter|aceptar).{0,20}cookies"
    r"|subscribe (?:to|now|for)|sign up for|newsletter|abonnieren|abonnez-vous|suscr[ií]b|iscriviti"
    r"|all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos reservados|©"
    r"|\(c\) (?:19|20)\d\d|privacy policy|terms (?:of|and) (?:service|use|conditions)|datenschutz"
    r"|impressum|mentions légales|política de privacidad"
    r"|skip to (?:main )?content|enable javascript|javascript is (?:disabled|required)|back to top|read more|click here"
    r"|(?:share|follow us|like us) on (?:facebook|twitter|x|instagram|linkedin)|log ?in\b.{0,12}(?:sign ?up|register)"
    r"|\A[\w ]{1,24}(?:\s?[|»\u203a>·•]\s?[\w ]{1,24}){2,12}\Z",
    re.IGNORECASE,
)
_LONG_LINE = 200
"""A line longer than this is prose, whatever it quotes."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A rule that an example does not keep."""

    rule: str
    measured: float
    limit: float
    note: str = ""


def repeated_line_share(text: str) -> float:
    """Share of the lines with something on them that stood there before."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    return 1 - len(set(lines)) / len(lines) if lines else 0.0


def repeated_ngram_share(text: str) -> float:
    """Share of the runs of five words that stood there before."""
    words = words_of(text)
    runs = list(zip(*(words[start:] for start in range(_NGRAM)), strict=False))
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def symbol_share(text: str) -> float:
    """Share of the signs, spaces aside, that are no letter, no mark of one, and no digit."""
    plain = "".join(text.split())
    num_symbols = sum(not sign.isalnum() and not unicodedata.category(sign).startswith("M") for sign in plain)
    return num_symbols / len(plain) if plain else 0.0


def boilerplate_share(text: str) -> float:
    """Share of the lines with something on them that are banners, calls to subscribe, navigation or footers."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    hits = sum(len(line) <= _LONG_LINE and _BOILERPLATE.search(line) is not None for line in lines)
    return hits / len(lines) if lines else 0.0


def html_share(text: str) -> float:
    """Share of the characters that are tags, comments or entities."""
    return sum(len(found) for found in _TAG.findall(text)) / len(text) if text else 0.0


def damage_share(text: str) -> float:
    """Share of the characters that broken decoding has left."""
    return sum(len(found) for found in _DAMAGE.findall(text)) / len(text) if text else 0.0


_SHARES: tuple[tuple[str, str, Callable[[str], float]], ...] = (
    ("max_repeated_line_share", "repeated_lines", repeated_line_share),
    ("max_repeated_ngram_share", "repeated_ngrams", repeated_ngram_share),
    ("max_symbol_share", "symbols", symbol_share),
    ("max_boilerplate_share", "boilerplate", boilerplate_share),
    ("max_html_share", "html_residue", html_share),
    ("max_damage_share", "encoding_damage", damage_share),
)


class Judge:
    """Applies the rules that are on, in a fixed order: lengths, shares, language."""

    def __init__(self, rules: QualityRules) -> None:
        """Load the detector of languages only where it is needed."""
        self._rules = rules
        self._shares = [
            (rule, float(limit), measure)
            for name, rule, measure in _SHARES
            if (limit := getattr(rules, name)) is not None
        ]
        self._language_of = language_detector() if rules.languages else None

    def failing(self, text: str) -> Failing | None:
        """Return the first rule that the text does not keep."""
        return self._too_short_or_long(text) or self._over_a_share(text) or self._other_language(text)

    def _too_short_or_long(self, text: str) -> Failing | None:
        rules = self._rules
        lengths = [("characters", len(text), rules.min_characters, rules.max_characters)]
        if rules.min_words is not None or rules.max_words is not None:
            lengths.append(("words", len(words_of(text)), rules.min_words, rules.max_words))
        for unit, measured, least, most in lengths:
            if least is not None and measured < least:
                return Failing(f"too_few_{unit}", measured, least)
            if most is not None and measured > most:
                return Failing(f"too_many_{unit}", measured, most)
        return None

    def _over_a_share(self, text: str) -> Failing | None:
        for rule, limit, measure in self._shares:
            share = measure(text)
            if share > limit:
                return Failing(rule, round(share, 6), limit)
        return None

    def _other_language(self, text: str) -> Failing | None:
        if self._language_of is None:
            return None
        language, confidence = self._language_of(text)
        if language is None or language in self._rules.languages:
            return None
        return Failing("other_language", round(confidence, 6), 0.0, note=language)


_MIN_LETTERS = 20
_MOST_READ = 2000


def language_detector() -> Callable[[str], tuple[str | None, float]]:
    """Return a function that tells a text's language and its probability; None where there are too few letters."""
    from py3langid import langid

    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)

    def detect(text: str) -> tuple[str | None, float]:
        if sum(map(str.isalpha, text[:_MOST_READ])) < _MIN_LETTERS:
            return None, 0.0
        language, probability = identifier.classify(text[:_MOST_READ])
        return str(language), float(probability)

    return detect

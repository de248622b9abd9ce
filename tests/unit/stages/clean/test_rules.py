"""Rules of normalisation and quality: each does what its name says, and leaves good texts alone."""

import pytest

from brewslm.core.artifacts.cleaning import NORMALISATION_RULES, QualityRules
from brewslm.stages.clean.normalisation import difference, in_order, normalised_by
from brewslm.stages.clean.outliers import Outliers
from brewslm.stages.clean.quality import Judge

GOOD = (
    "The old mill stands by the brook, and its wheel has not turned since the war.\n"
    "Children climb on it in summer; in winter the ice holds it fast.\n\n"
    "Nobody knows who owns it now."
)
INDIC = "यह एक अच्छा वाक्य है, जिसमें मात्राएँ और संयुक्त अक्षर हैं और जो हटाया नहीं जाना चाहिए।"


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("mojibake", "cafÃ© â€œniceâ€\x9d", "café “nice”"),
        ("html_entities", "Tom &amp; Jerry &lt;b&gt; &#39;x&#39;", "Tom & Jerry <b> 'x'"),
        ("unicode_nfc", "e\u0301", "é"),
        ("control_characters", "a\x00b\tc\nd\x07\x9b", "ab\tc\nd"),
        ("zero_width", "a\u200bb\ufeffc\u202ed\u00ade", "abcde"),
        ("zero_width", "क्\u200dष \U0001f468\u200d\U0001f469", "क्\u200dष \U0001f468\u200d\U0001f469"),
        ("whitespace", "a\u00a0b  \r\n    code\t\r\n\n\n\n\n\nc", "a b\n    code\n\n\nc"),
        ("smart_quotes", "“a” ‘b’ „c‟", '"a" \'b\' "c"'),
    ],
)
def test_a_rule_of_normalisation(rule: str, before: str, after: str) -> None:
    assert normalised_by(before, rule) == after  # type: ignore[arg-type]
    assert normalised_by(after, rule) == after or rule == "html_entities"  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", NORMALISATION_RULES)
@pytest.mark.parametrize("text", ["", "plain", "def f(x):\n    return x  and y", "Größe 日本語 हिन्दी"])
def test_plain_texts_stay_as_they_are(rule: str, text: str) -> None:
    assert normalised_by(text, rule) == text  # type: ignore[arg-type]


def test_rules_are_applied_in_one_order_and_once() -> None:
    assert in_order(("whitespace", "mojibake", "whitespace")) == ("mojibake", "whitespace")


def test_the_place_of_a_change_is_shown() -> None:
    before, after = difference("x" * 100 + "A" + "y" * 100, "x" * 100 + "B" + "y" * 100)
    assert ("A" in before, "B" in after, len(before)) == (True, True, 40)
    assert difference("abc", "abcd") == ("abc", "abcd")


BAD = {
    "too_few_characters": (QualityRules(min_characters=10), "short"),
    "too_many_characters": (QualityRules(max_characters=10), "a" * 11),
    "too_few_words": (QualityRules(min_words=3), "two words"),
    "too_many_words": (QualityRules(max_words=2), "now three words"),
    "repeated_lines": (QualityRules(max_repeated_line_share=0.3), "buy\nbuy\nbuy\nnow"),
    "repeated_ngrams": (QualityRules(max_repeated_ngram_share=0.15), "the cat sat on the mat " * 6),
    "symbols": (QualityRules(max_symbol_share=0.3), "@@## $$ %% ^^ a b"),
    "boilerplate": (QualityRules(max_boilerplate_share=0.4), "We use cookies. Accept all\nHome | News | Contact\nHi"),
    "html_residue": (QualityRules(max_html_share=0.2), "<div><p class='x'>Hi</p></div>&nbsp;there"),
    "encoding_damage": (QualityRules(max_damage_share=0.02), "Gr\ufffd\ufffde und cafÃ©"),
    "other_language": (QualityRules(languages=("en",)), "Das ist ein deutscher Satz über das Wetter von morgen."),
}


@pytest.mark.parametrize("rule", BAD)
def test_a_rule_of_quality_names_itself_and_tells_what_it_measured(rule: str) -> None:
    rules, text = BAD[rule]
    failing = Judge(rules).failing(text)
    assert failing is not None
    assert failing.rule == rule
    assert failing.measured >= 0
    assert rules.is_on


ALL_SHARES = QualityRules(
    max_repeated_line_share=0.3,
    max_repeated_ngram_share=0.15,
    max_symbol_share=0.3,
    max_boilerplate_share=0.3,
    max_html_share=0.1,
    max_damage_share=0.005,
)


@pytest.mark.parametrize(
    "text", [GOOD, INDIC, "", "我们今天去公园散步,天气很好,孩子们都很高兴。", "Ça coûte 3 € à l'entrée."]
)
def test_good_texts_pass_all_rules_of_shares(text: str) -> None:
    assert Judge(ALL_SHARES).failing(text) is None


def test_a_bound_itself_is_allowed() -> None:
    rules = QualityRules(min_characters=4, max_characters=4, min_words=1, max_words=1)
    assert Judge(rules).failing("four") is None


def test_texts_too_short_to_tell_the_language_are_kept() -> None:
    judge = Judge(QualityRules(languages=("fr",)))
    assert judge.failing("Das ist gut.") is None
    assert judge.failing("1234567890 1234567890 1234567890") is None
    assert judge.failing("Il fait très beau aujourd'hui, allons nous promener.") is None


def test_without_rules_nothing_is_looked_at() -> None:
    assert not QualityRules().is_on
    assert not QualityRules(max_outlier_score=5).is_on


def test_the_odd_one_out_scores_highest() -> None:
    texts = [f"A sentence of about the same length, number {number}." for number in range(50)]
    texts += ["x" * 4000, "@@@@ #### $$$$ %%%% ^^^^ &&&&"]
    outliers = Outliers()
    for text in texts:
        outliers.add(text)
    scores = [outliers.score(place) for place in range(len(texts))]
    assert max(scores[:50]) < 3.5 < min(scores[50:])


def test_among_equals_nobody_is_an_outlier() -> None:
    outliers = Outliers()
    for _ in range(5):
        outliers.add("the same")
    assert outliers.score(3) == 0

"""Small words: numbers for people, and text from outside made harmless."""

import pytest

from brewslm.cli import text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\rb", "a\\rb"),
        ("\x9b2J", "\\x9b2J"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("bell\x07", "bell\\x07"),
        ("\ud800", "\\ud800"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_what_steers_a_terminal_is_shown_and_not_obeyed(hostile: str, shown: str) -> None:
    assert text.harmless(hostile) == shown


@pytest.mark.parametrize("plain", ["Grüße, 世界", "👩\u200d🍳", "line\nline", "x − y"])
def test_ordinary_text_stays_as_it_is(plain: str) -> None:
    assert text.harmless(plain) == plain


def test_one_line_stays_one_line() -> None:
    assert text.one_line("a\n  forged: line\r\n\tb") == "a forged: line b"


def test_excerpt_marks_what_it_cut() -> None:
    assert text.excerpt("abcdef", 4) == "abc…"
    assert text.excerpt("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    ("number", "spelled"), [(0, "0 B"), (999, "999 B"), (11_500_000, "11.5 MB"), (3.2e9, "3.2 GB"), (1500, "1.5 kB")]
)
def test_sizes(number: float, spelled: str) -> None:
    assert text.size(number) == spelled


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (59.96, "1 min 00 s"), (61, "1 min 01 s"), (7260, "2 h 01 min")],
)
def test_durations(seconds: float, spelled: str) -> None:
    assert text.duration(seconds) == spelled


def test_a_number_that_was_not_measured_is_never_a_zero() -> None:
    assert text.maybe(None) == "not measured"
    assert text.maybe(0.0) == "0.0000"


def test_differences_carry_their_sign() -> None:
    assert text.signed(-0.5) == "−0.5000"
    assert text.signed(0.5, 2) == "+0.50"


def test_sparkline_goes_down_with_its_values() -> None:
    assert text.sparkline([4, 3, 2, 1], 4, is_ascii=False) == "█▆▃▁"
    assert text.sparkline([1.0], 4, is_ascii=True) == "_"
    assert text.sparkline([], 4, is_ascii=False) == ""


def test_sparkline_thins_to_its_width() -> None:
    line = text.sparkline([float(n) for n in range(1000)], 20, is_ascii=False)
    assert len(line) == 20
    assert list(line) == sorted(line)

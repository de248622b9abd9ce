"""Small tools of phrasing that the writers share: picking words, listing, counting, articles."""

import random
from collections.abc import Sequence

from pretrain.tables import read_words

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def word(rng: random.Random, kind: str) -> str:
    """Pick one word of a named list in `material/words.tsv`."""
    return rng.choice(read_words("words")[kind])


def words(rng: random.Random, kind: str, count: int) -> list[str]:
    """Pick `count` different words of a named list."""
    return rng.sample(read_words("words")[kind], count)


def person(rng: random.Random) -> str:
    """Invent a person's full name."""
    return f"{word(rng, 'given_name')} {word(rng, 'family_name')}"


def listed(items: Sequence[str], *, conjunction: str = "and") -> str:
    """Join items as a sentence does: `a, b and c`."""
    if len(items) == 1:
        return items[0]
    return f"{', '.join(items[:-1])} {conjunction} {items[-1]}"


def with_article(noun: str) -> str:
    """Put `a` or `an` before a noun."""
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def capitalised(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def number_word(number: int) -> str:
    """Write a number from 0 to 99 in words."""
    if number < len(_ONES):
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")


def date(rng: random.Random) -> str:
    """Invent a day of the year, such as `14 May`."""
    return f"{rng.randint(1, 28)} {word(rng, 'month')}"


def clock_time(rng: random.Random) -> str:
    """Invent a time of the working day, such as `10:30`."""
    return f"{rng.randint(8, 19)}:{rng.choice(('00', '15', '30', '45'))}"


def money(rng: random.Random) -> str:
    """Invent an amount of money in dollars, euros or pounds."""
    amount = rng.choice((rng.randint(3, 99), rng.randint(10, 90) * 10))
    return rng.choice((f"${amount}", f"{amount} euros", f"£{amount}"))

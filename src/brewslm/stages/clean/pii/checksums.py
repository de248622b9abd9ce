"""Check digits, each from the standard that defines it. All take plain digits (and letters where the rule has them)."""

from datetime import date
from itertools import cycle

_VERHOEFF_D = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_VERHOEFF_P = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_FISCAL_ODD_DIGITS = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_FISCAL_ODD_LETTERS = (2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_FISCAL_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (*_FISCAL_ODD_DIGITS, *_FISCAL_ODD_DIGITS, *_FISCAL_ODD_LETTERS),
        strict=True,
    )
)


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * weight for digit, weight in zip(reversed(digits), cycle((1, 2)), strict=False))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def mod_97(account: str) -> bool:
    """ISO 13616: the IBAN, its first four characters moved to the end, leaves 1."""
    return int("".join(str(int(sign, 36)) for sign in account[4:] + account[:4])) % 97 == 1


def verhoeff(digits: str) -> bool:
    """Verhoeff (1969), as in India's Aadhaar numbers."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _VERHOEFF_D[check][_VERHOEFF_P[place % 8][int(digit)]]
    return check == 0


def german_tax_id(digits: str) -> bool:
    """ISO 7064 mod 11,10; of the first ten digits just one stands twice or three times."""
    counts = sorted((digits[:10].count(digit) for digit in set(digits[:10])), reverse=True)
    if digits[0] == "0" or counts[0] not in {2, 3} or counts[1:2] != [1]:
        return False
    product = 10
    for digit in digits[:10]:
        rest = (int(digit) + product) % 10 or 10
        product = rest * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def french_nir(number: str) -> bool:
    """97 less the rest by 97 is the key; Corsica's 2A and 2B count as 19 and 18."""
    plain = number[:13].upper().replace("2A", "19").replace("2B", "18")
    return plain.isdigit() and int(number[13:]) == 97 - int(plain) % 97


def spanish_dni(number: str) -> bool:
    """The letter is the rest by 23; the X, Y, Z of foreigners count as 0, 1, 2."""
    first = {"X": "0", "Y": "1", "Z": "2"}.get(number[0], number[0])
    return _DNI_LETTERS[int(first + number[1:-1]) % 23] == number[-1]


def italian_fiscal_code(code: str) -> bool:
    """Decreto 23/12/1976: odd places by a table, even ones by their value, rest by 26."""
    even = (int(sign, 36) if sign.isdigit() else int(sign, 36) - 10 for sign in code[1:15:2])
    return (sum(_FISCAL_ODD[sign] for sign in code[:15:2]) + sum(even)) % 26 == ord(code[15]) - ord("A")


def dutch_bsn(digits: str) -> bool:
    """The eleven test: weights 9 to 2, the last -1."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return digits != "0" * 9 and sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11 == 0


def brazilian_cpf(digits: str) -> bool:
    """Two check digits, each the weighted sum times ten, mod 11."""
    if len(set(digits)) == 1:
        return False
    return all(
        sum(int(d) * w for d, w in zip(digits, range(length + 1, 1, -1), strict=False)) * 10 % 11 % 10
        == int(digits[length])
        for length in (9, 10)
    )


def polish_pesel(digits: str) -> bool:
    """Weights 1 3 7 9; the month carries the century."""
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
    century, month = divmod(int(digits[2:4]), 20)
    year = (1900, 2000, 2100, 2200, 1800)[century] + int(digits[:2])
    return (
        is_date(year, month, int(digits[4:6]))
        and sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 10 == 0
    )


def chinese_resident_id(number: str) -> bool:
    """GB 11643-1999: ISO 7064 mod 11-2 over a region, a day of birth and a serial number."""
    if not is_date(int(number[6:10]), int(number[10:12]), int(number[12:14])) or not 1900 <= int(number[6:10]) < 2100:
        return False
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(number[:17]))
    return "10X98765432"[total % 11] == number[17].upper()


def is_date(year: int, month: int, day: int) -> bool:
    """Whether the calendar has such a day."""
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True

"""Telephone numbers: international ones, how a dozen countries write them, and what the words before call a phone."""

import re
from collections.abc import Iterator

from brewslm.stages.clean.pii.context import last_word, words
from brewslm.stages.clean.pii.spans import Span

_GAP = r"[ .()/\u00a0\u2010-\u2013-]{0,3}"
_END = r"(?![\w-]|[.,:/]\d)"
_BEGIN = r"(?<![\w.+#=/-])(?<!\d:)"
_NUMBER = rf"\(?\+?\d(?:{_GAP}\d){{6,18}}"
_INTERNATIONAL = re.compile(rf"(?<![\w+])(?:\+|\(\+|00(?=[1-9]{_GAP}\d))[ (]?[1-9](?:{_GAP}\d){{6,17}}{_END}", re.ASCII)
_NATIONAL = tuple(
    re.compile(_BEGIN + shape + _END, re.ASCII)
    for shape in (
        r"(?:1[-. ])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. ])[2-9]\d{2}[-. ]\d{4}",  # North America
        r"\(?0[1-9]\d{1,3}\)?[ /-]\d{3,4}[ -]?\d{3,4}",  # Britain, Germany, the Netherlands, Japan, Italy
        r"\(?0[1-9]\d{0,2}\)?[ -]\d{3,4}[ -]\d{3,5}",
        r"\(?0[1-9]\d{1,3}\)?[ /-]{1,3}\d{2,4}(?:[ -]\d{2,4}){1,3}",
        r"0[1-9](?:[ .-]\d\d){4}",  # France
        r"\(?0[1-9]\d{1,4}\)?/\d{5,8}",  # Germany
        r"0[67][ -]?\d{8}",  # the Netherlands
        r"[679]\d{2}[ .-]\d{3}[ .-]\d{3}",  # Spain
        r"[679]\d{2}(?:[ .-]\d{2}){3}",
        r"3[2-9]\d[ .-]\d{3}[ .-]?\d{4}",  # Italy
        r"\([1-9]{2}\) ?9?\d{4}-?\d{4}",  # Brazil
        r"[6-9]\d{4}[ -]\d{5}",  # India
        r"1[3-9]\d[ -]\d{4}[ -]\d{4}",  # China
    )
)
_CALLED = words(
    r"tel\b|tel[.:]|telephone|telefon|teléfono|telefone|telefono|téléphone|telefoon|phone|call|mobile|mobil\b"
    r"|mobilnummer|cell|whatsapp|signal|fax\b|sms\b|text me|text us|ring|reach|dial|hotline|contact|handy|ruf"
    r"|erreich|anruf|portable|appelez|joindre|joignable|llam|móvil|celular|cellulare|chiam|ligue|ligar|zadzwo"
    r"|dzwoni|bel me|bellen|numéro de|电话|手机|联系|電話|携帯|फोन|मोबाइल|тел|звон|هاتف|전화"
)
_NOT_CALLED = words(
    r"isbn|issn|ean\b|upc\b|order|bestell|commande|pedido|ordine|invoice|rechnung|facture|factura|article"
    r"|artikel|item|sku|ticket|case|tracking|parcel|sendung|serial|model|part|product|version|reference|ref\b"
    r"|account|konto|booking|id\b|license|licence|patent|coordinates|latitude|longitude|timestamp|version"
    r"|batch|lot\b|policy|claim|vat|bsn|cpf|pesel|订单|注文|zamówien|bestelling|pedidos|номер заказа|card|iban"
    r"|population|score|range"
)
_MIN_DIGITS, _MAX_DIGITS = 8, 15
_FEWEST_NATIONAL, _MOST_NATIONAL = 9, 11
_FEWEST_CALLED = 7
_CODES = frozenset(
    re.findall(
        r"\d+",
        "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 "
        "81 82 84 86 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 "
        "233 234 235 236 237 238 239 240 241 242 243 244 245 248 249 250 251 252 253 254 255 256 257 258 260 261 "
        "262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 "
        "373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 "
        "509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 "
        "687 688 689 690 691 692 850 852 853 855 856 880 886 960 961 962 963 964 965 966 967 968 970 971 972 973 "
        "974 975 976 977 992 993 994 995 996 998 ",
    )
)
"""ITU-T E.164: codes of countries."""
_SPOKEN = re.compile(rf"{_BEGIN}{_NUMBER}{_END}", re.ASCII)
_DATE = re.compile(r"(?:19|20)\d\d[-./]\d\d?[-./]\d\d?|\d\d?[-./]\d\d?[-./](?:19|20)\d\d")


def phones(text: str) -> Iterator[Span]:
    """Find numbers that are written as telephone numbers are, or that the words before them call so."""
    for found in _INTERNATIONAL.finditer(text):
        digits = _digits(found[0]).removeprefix("00")
        if _MIN_DIGITS <= len(digits) <= _MAX_DIGITS and any(digits[:size] in _CODES for size in (1, 2, 3)):
            yield Span(*found.span(), "phone", "international", is_checked=True)
    for shape in _NATIONAL:
        for found in shape.finditer(text):
            if (
                _FEWEST_NATIONAL <= len(_digits(found[0])) <= _MOST_NATIONAL
                and last_word((_CALLED, _NOT_CALLED), text, found.start()) != 1
            ):
                yield Span(*found.span(), "phone", "national", is_checked=False)
    for found in _SPOKEN.finditer(text):
        is_long_enough = _FEWEST_CALLED <= len(_digits(found[0])) <= _MAX_DIGITS and not _DATE.search(found[0])
        if is_long_enough and last_word((_CALLED, _NOT_CALLED), text, found.start(), reach=30) == 0:
            yield Span(*found.span(), "phone", "called so", is_checked=False)


def _digits(written: str) -> str:
    return "".join(filter(str.isdigit, written))

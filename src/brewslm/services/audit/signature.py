"""What messages of one cause have in common: ids, hashes, paths, addresses, times, sizes and numbers are masked.

The same message has the same signature on every machine and in every order, which a miner that learns its templates
on the way (Drain) does not promise.
"""

import re

MAX_CHARACTERS = 300
_EXTENSIONS = (
    "jsonl|json|ndjson|csv|tsv|txt|parquet|arrow|feather|xlsx|xls|ods|pdf|docx|html?|md|xml|ya?ml|toml|ini|log|db|"
    "sqlite|gz|zip|tar|tgz|bz2|xz|zst|7z|py|ipynb|safetensors|gguf|bin|pt|pth|onnx|tmp|lock|lst"
)
_UNITS = "[kKMGTP]i?B|bytes?|B"
_DURATIONS = "ms|µs|us|ns|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?"
_NUMBER = r"[-+−]?\d+(?:[,_']\d{3})*(?:\.\d+)*(?:[eE][-+]?\d+)?"

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE if is_any_case else 0), mask)
    for pattern, mask, is_any_case in (
        # A code is a name that is spelled with digits: 404 and 503 are two causes.
        (r"\b(HTTP(?:/\d(?:\.\d)?)?|status(?: code)?|exit code|errno|signal)([ =:]{1,3}\[?)(-?\d{1,3})\b", "", True),
        (r"\b[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s'\"<>)]+", "<address>", False),
        (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "<address>", False),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", "<address>", False),
        (r"(?P<q>['\"`])(?:[A-Za-z]:[\\/]|[~.]{0,2}/)[^'\"`\n]*(?P=q)", "<path>", False),
        (r"(?<![\w<])(?:[A-Za-z]:\\|\\\\)[^\s'\"`:;,)]+", "<path>", False),
        (r"(?<![\w<])(?:~|\.{1,2})?/[\w.@+-][^\s'\"`:;,)]*", "<path>", False),
        (r"(?<![\w<])[\w.@+-]+(?:/[\w.@+-]+)*/[\w@+-][\w.@+-]*\.(?:" + _EXTENSIONS + r")\b", "<path>", False),
        (r"(?<![\w<])[\w@+-][\w.@+-]*\.(?:" + _EXTENSIONS + r")\b(?!\.\w)", "<path>", False),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<id>", True),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?", "<time>", False),
        (r"\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:UTC|[AaPp][Mm]))?\b", "<time>", False),
        (r"\b0x[0-9a-f]+\b", "<id>", True),
        (r"\b[a-z_]+-[0-9a-f]{16}\b", "<id>", False),
        (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,128}\b", "<id>", True),
        (rf"(?<![\w<]){_NUMBER} ?(?:{_UNITS})(?![\w])", "<size>", False),
        (rf"(?<![\w<]){_NUMBER} ?(?:{_DURATIONS})(?![\w])", "<duration>", False),
        (rf"(?<![A-Za-z\d]){_NUMBER} ?%", "<n>", False),
        (rf"(?<![A-Za-z\d_<]){_NUMBER}(?![A-Za-z\d])", "<n>", False),
        (r"(?<=[A-Za-z])[-_]\d+\b", "-<n>", False),
        (r"\b(?:nan|-?inf|infinity)\b", "<n>", True),
        # One row and two rows are the same cause.
        (r"(<n>(?: of <n>)? [A-Za-z]{2,}?)(?:s)?\b(?: (?:are|is|were|was|have|has)\b)?", r"\1", False),
        (r"<duration>(?: <duration>)+", "<duration>", False),
        (r"<(n|id|size|duration)>(?:(?:, | and | or |/|×| x |-|–)<\1>)+", r"<\1>", False),
    )
)
_KEPT = 0xE000
"""Added to the digits of a code, which makes signs of them that no mask takes for digits."""


def signature_of(message: str) -> str:
    """Return the message with what differs between two events of one cause masked, on one line."""
    text = " ".join(message.split())[: 4 * MAX_CHARACTERS]
    codes, *masks = _MASKS
    text = codes[0].sub(lambda found: f"{found[1]}{found[2]}{_spelled(found[3])}", text)
    for pattern, mask in masks:
        text = pattern.sub(mask, text)
    return text.translate(_UNSPELLED)[:MAX_CHARACTERS]


def _spelled(digits: str) -> str:
    return "".join(chr(_KEPT + ord(sign)) for sign in digits)


_UNSPELLED = {_KEPT + ord(sign): sign for sign in "-0123456789"}

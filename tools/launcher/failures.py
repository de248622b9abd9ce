"""Why setup stopped, in one line with a next step."""

import re

_AGAIN = "run the same command again; it goes on where it stopped"
_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"No space left on device|Disk quota exceeded",
        "the disk is full",
        "free about 3 GB (8 GB for CUDA) here and in the temporary folder (TMPDIR)",
    ),
    (
        r"DO NOT MATCH THE HASHES(?:.*\n)+?\s+(?P<name>[\w.-]+==\S+) from ",
        "the package index answers for {name} with another file than hashes.txt names",
        "do not install that file before you know why it differs; look where it comes from with `pip config list`",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "pip does not trust the certificate of its package index",
        "set PIP_CERT to your organisation's certificate file",
    ),
    (
        r"(NewConnection|NameResolution|ConnectTimeout|ReadTimeout|ConnectionReset|MaxRetry|Proxy)Error",
        "no network: pip cannot reach its package index",
        "check the connection, the proxy and `pip config list`",
    ),
    (
        # pip calls it a conflict, too, when it finds no version at all of what constraints.txt asks for
        r"No matching distribution found for (?P<name>[^\s;]+)|Cannot install (?P<names>.+?) because these package",
        "no network, or a package index without the versions of constraints.txt: pip cannot find what fits {name}",
        "check the connection and `pip config list`",
    ),
)
_LAST_ERROR = re.compile(r"^\s*(?:ERROR|error):\s*(.+)$", re.MULTILINE)


class SetupError(Exception):
    """Setup cannot go on; says why, and what to do next."""

    def __init__(self, why: str, next_step: str) -> None:
        """Put both into one line."""
        super().__init__(" ".join(f"{why}. Next: {next_step}".split()))


def explain(log: str, code: int, log_name: str) -> SetupError:
    """Find out from pip's log why it ended with `code`; the first known cause counts."""
    for pattern, why, next_step in _KNOWN:
        seen = re.search(pattern, log)
        if seen:
            name = next((group for group in seen.groupdict().values() if group), "")
            return SetupError(why.format(name=name), f"{next_step}, then {_AGAIN}. Log: {log_name}")
    errors = _LAST_ERROR.findall(log)
    why = f"pip was ended by signal {-code}" if code < 0 else f"pip ended with status {code}"
    return SetupError(f"{why}{': ' + errors[-1].rstrip('.') if errors else ''}", f"{_AGAIN}. Log: {log_name}")

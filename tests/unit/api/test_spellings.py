"""Host and Origin are exact: hundreds of spellings, of which only those on the list pass (promise G2)."""

import itertools

import pytest

from tests.unit.api.test_guard import COOKIE, status

EXACT = ("127.0.0.1:8000", "localhost:8000", "[::1]:8000")
NAMES = ("127.0.0.1", "localhost", "[::1]")
OTHER_NAMES = (
    *("127.evil.tld", "localhost.evil.tld", "127.0.0.1.evil.tld", "evil.tld", "evil.tld.localhost"),
    *("127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.0.0.01", "127.0.00.1"),
    *("127.0.0.2", "127.000.000.001", "0.0.0.0", "0", "[::]", "::1", "[::1", "::1]", "[0:0:0:0:0:0:0:1]", "[::0001]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1%25lo]", "[::1%lo]", "[0::1]", "localhost.", "127.0.0.1."),
    *("LOCALHOST", "Localhost", "localHost", "l\u00f3calhost", "xn--localhost", "127。0。0。1", "\uff1127.0.0.1"),
    *("localhost%2eevil.tld", "localhost%00", "localhost\x00", "lo\tcalhost", "*", "", "."),
)  # fmt: skip
PORTS = (
    "",
    ":",
    ":8001",
    ":80",
    ":08000",
    ":8000 ",
    ":8000.",
    ":+8000",
    ":8000:8000",
    ":0x1f40",
    ":8000/",
    ":8000#",
    ":\uff18000",
)
USERS = ("user@", "user:pw@", "localhost:8000@", "@", "evil.tld@")


def spellings() -> set[str]:
    found = {name + port for name, port in itertools.product(NAMES, PORTS)}
    found |= {name + port for name, port in itertools.product(OTHER_NAMES, (":8000", "", ":80", ":8001", ":8000 "))}
    found |= {user + exact for user, exact in itertools.product(USERS, EXACT)}
    found |= {
        f"{exact}{end}" for exact in EXACT for end in (",evil.tld", ", 127.0.0.1:8000", ";x", "?x", "\\", "\r", "%20")
    }
    found |= {
        f"{start}{exact}" for exact in EXACT for start in (" ", "\t", "http://", "//", "evil.tld:8000,", ".", "x")
    }
    return found - set(EXACT)


def raw(text: str) -> str:
    """As a server that reads bytes sees it."""
    return text.encode().decode("latin-1")


def test_there_are_five_hundred_spellings_of_hosts_and_origins() -> None:
    assert 2 * len(spellings()) >= 500


def test_only_the_exact_hosts_pass() -> None:
    assert [status([("Host", host)]) for host in EXACT] == [200, 200, 200]
    passed = {host for host in spellings() if status([("Host", raw(host))]) != 421}
    assert not passed


@pytest.mark.parametrize("host", EXACT)
def test_only_the_own_origin_passes(host: str) -> None:
    assert status([("Host", host), COOKIE, ("Origin", f"http://{host}")], method="POST") == 200
    foreign = {f"http://{other}" for other in spellings() | (set(EXACT) - {host})}
    foreign |= {scheme + host for scheme in ("https://", "HTTP://", "ws://", "file://", "http:/", "", "null", "about:")}
    passed = {one for one in foreign if status([("Host", host), COOKIE, ("Origin", raw(one))], method="POST") != 403}
    assert not passed

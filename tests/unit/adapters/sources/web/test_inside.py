"""Promise E5: nothing that is not on the open internet is reached, whatever the spelling, hop or moment."""

import ipaddress
import ssl
from pathlib import Path

import httpcore2
import pytest
import trustme

from brewslm.adapters.sources.web.addresses import is_public
from brewslm.adapters.sources.web.files import WebFiles
from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from tests.fakes.fetch import fetch_into
from tests.fakes.web_server import serving
from tests.unit.adapters.sources.web.conftest import PUBLIC, Get

OK = b"a\n1\n"

INSIDE = [
    "127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "0.0.0.0", "0.1.2.3", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1", "febf::1",
    "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_never_asked(address: str, tmp_path: Path) -> None:
    assert not is_public(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(SourceError, match="not on the open internet") as caught:
        WebFiles().open(f"http://{host}/a.csv", fetch_into(tmp_path))
    assert caught.value.code is Reason.INGESTION_REFUSED


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.1.",
        "localhost", "LOCALHOST", "localhost.", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "①②⑦.⓪.⓪.①", "127。0。0。1", "[::1%25lo]", "0", "0.0.0.0",
    ],
)  # fmt: skip
def test_other_spellings_of_this_machine_are_refused(host: str, tmp_path: Path) -> None:
    with serving(lambda exchange: exchange.give_file(OK)) as server:
        with pytest.raises(SourceError):
            WebFiles().open(f"http://{host}:{server.port}/a.csv", fetch_into(tmp_path))
        assert server.requests == []


@pytest.mark.parametrize("scheme", ["file", "gopher", "ftp", "data", "dict", "ldap", "jar", "unix"])
def test_only_http_and_https_are_spoken(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="are not fetched"):
        WebFiles().open(f"{scheme}://127.0.0.1/a.csv", fetch_into(tmp_path))


def test_one_bad_address_among_good_ones_is_enough(tmp_path: Path) -> None:
    files = WebFiles(resolve=lambda _host, _port: [PUBLIC, "10.0.0.1"])
    with pytest.raises(SourceError, match=r"leads to 10\.0\.0\.1"):
        files.open("http://mixed.example/a.csv", fetch_into(tmp_path))


class Elsewhere(httpcore2.SyncBackend):
    """Stands for the internet: leads the one public address to a port of this machine, and remembers who was asked."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[str] = []

    def connect_tcp(self, host: str, port: int, *more, **named):
        self.asked.append(host)
        return super().connect_tcp("127.0.0.1" if host == PUBLIC else host, self.port, *more, **named)


def test_a_redirect_to_the_inside_is_refused(tmp_path: Path) -> None:
    with (
        serving(lambda exchange: exchange.give_file(OK)) as secret,
        serving(lambda exchange: exchange.answer(302, Location=secret.url("/latest/meta-data"))) as server,
    ):
        internet = Elsewhere(server.port)
        files = WebFiles(sockets=internet, resolve=lambda host, _port: [PUBLIC if host == "data.example" else host])
        with pytest.raises(SourceError, match=r"leads to 127\.0\.0\.1"):
            files.open("http://data.example/a.csv", fetch_into(tmp_path))
        assert server.paths == ["/a.csv"], "the first hop is outside, and was asked"
        assert (internet.asked, secret.requests) == ([PUBLIC], [])


def test_a_name_is_resolved_once_for_check_and_connection(tmp_path: Path) -> None:
    """A resolver that says "outside" for the check and "inside" ever after (DNS rebinding) changes nothing."""
    answers = [[PUBLIC]]
    with serving(lambda exchange: exchange.give_file(OK)) as server:
        internet = Elsewhere(server.port)
        files = WebFiles(sockets=internet, resolve=lambda *_: answers.pop() if answers else ["127.0.0.1"])
        files.open("http://rebind.example/a.csv", fetch_into(tmp_path))
        assert internet.asked == [PUBLIC], "connected to what was checked"
        with pytest.raises(SourceError, match=r"leads to 127\.0\.0\.1"):
            files.open("http://rebind.example/a.csv", fetch_into(tmp_path))
        assert internet.asked == [PUBLIC], "and checked again for each connection"


def test_a_proxy_is_used_only_where_names_need_no_check(tmp_path: Path) -> None:
    with serving(lambda exchange: exchange.give_file(OK)) as proxy:
        proxies = {"http": proxy.url("")}
        with pytest.raises(SourceError, match=r"HTTP_PROXY.*BREWSLM_ALLOW_PRIVATE_SOURCES=1.*NO_PROXY"):
            WebFiles(proxies=proxies).open("http://data.example/a.csv", fetch_into(tmp_path))
        assert proxy.requests == []
        opened = WebFiles(proxies=proxies, is_private_allowed=True).open(
            "http://data.example/a.csv", fetch_into(tmp_path)
        )
        assert proxy.paths == ["http://data.example:80/a.csv"]
        assert opened.files[0].path.read_bytes() == OK
    with serving(lambda exchange: exchange.give_file(OK)) as server:
        files = WebFiles(proxies={**proxies, "no": "127.0.0.1"}, is_private_allowed=True)
        files.open(server.url("/a.csv"), fetch_into(tmp_path))
        assert server.paths == ["/a.csv"]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    found = trustme.CA()
    found.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return found


def _tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_tls_is_verified_against_the_name_though_the_address_is_pinned(get: Get, authority: trustme.CA) -> None:
    names: list[str] = []
    context = _tls(authority, "data.example")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with serving(lambda exchange: exchange.give_file(OK), tls=context) as server:
        opened = get(f"https://data.example:{server.port}/a.csv", resolve=lambda _host, _port: ["127.0.0.1"])
        assert server.requests[0][2]["Host"] == f"data.example:{server.port}"
    assert opened.files[0].path.read_bytes() == OK
    assert names == ["data.example"]


def test_a_certificate_for_another_name_is_refused(get: Get, authority: trustme.CA) -> None:
    with serving(lambda exchange: exchange.give_file(OK), tls=_tls(authority, "other.example")) as server:
        with pytest.raises(SourceError, match="cannot be trusted") as caught:
            get(f"https://data.example:{server.port}/a.csv", resolve=lambda _host, _port: ["127.0.0.1"])
        assert server.requests == []
    assert caught.value.code is Reason.INGESTION_REFUSED


def test_a_certificate_of_a_stranger_is_refused(get: Get, authority: trustme.CA) -> None:
    with (
        serving(lambda exchange: exchange.give_file(OK), tls=_tls(trustme.CA(), "data.example")) as server,
        pytest.raises(SourceError, match="cannot be trusted"),
    ):
        get(f"https://data.example:{server.port}/a.csv", resolve=lambda _host, _port: ["127.0.0.1"])


def test_a_redirect_away_from_encryption_is_refused(get: Get, authority: trustme.CA) -> None:
    with (
        serving(
            lambda exchange: exchange.answer(302, Location="http://127.0.0.1/a"), tls=_tls(authority, "127.0.0.1")
        ) as server,
        pytest.raises(SourceError, match="not encrypted"),
    ):
        get(server.url("/a"))

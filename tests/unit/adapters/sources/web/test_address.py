"""Web addresses: taken apart as they are meant, shown without secrets, never a crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brewslm.adapters.sources.web.address import parse_address
from brewslm.core.errors import SourceError


@pytest.mark.parametrize(
    ("text", "url", "shown"),
    [
        ("https://Example.ORG", "https://example.org/", "https://example.org/"),
        ("HTTPS://example.org./a", "https://example.org/a", "https://example.org/a"),
        ("http://example.org:80/a?b=c#d", "http://example.org/a?b=c", "http://example.org/a"),
        ("https://example.org:8443/ä/%2e?ü", "https://example.org:8443/%C3%A4/%2e?%C3%BC", "https://example.org:8443/%C3%A4/%2e"),
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a", "https://xn--bcher-kva.example/a"),
        ("http://[2606:4700::1111]:8080/a", "http://[2606:4700::1111]:8080/a", "http://[2606:4700::1111]:8080/a"),
        ("http://good.example@10.0.0.1/a", "http://10.0.0.1/a", "http://10.0.0.1/a"),
        ("http://10.0.0.1#@good.example/a", "http://10.0.0.1/", "http://10.0.0.1/"),
        ("http://10.0.0.1?@good.example/a", "http://10.0.0.1/?@good.example/a", "http://10.0.0.1/"),
        ("http://example.org//evil.example/a", "http://example.org/evil.example/a", "http://example.org/evil.example/a"),
    ],
)  # fmt: skip
def test_an_address_is_taken_apart(text: str, url: str, shown: str) -> None:
    address = parse_address(text)
    assert (address.url, address.shown) == (url, shown)


@pytest.mark.parametrize(
    "text",
    ["https://", "https:///a", "https:a", "https://a b/", "https://a/\r\nX: y", "https://[::1", "https://a:99999/",
     "https://a:x/", "https://" + "a" * 300 + "/", "https://a/" + "b" * 9000, "https://../a", "https://¯/",
     "https://a!b/", "https://a\x00b/"],
)  # fmt: skip
def test_what_is_no_address_is_one_clear_line(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_address(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b?c", "https://example.org/b?c"),
        ("b", "https://example.org/x/b"),
        ("//other.example/b", "https://other.example/b"),
        ("https://other.example/my file", "https://other.example/my%20file"),
        ("?q", "https://example.org/x/a?q"),
    ],
)
def test_a_redirect_is_joined(location: str, url: str) -> None:
    assert parse_address("https://example.org/x/a").joined(location).url == url


def test_credentials_stay_with_their_origin() -> None:
    address = parse_address("https://me:geheim@example.org/a")
    assert address.authorization == "Basic bWU6Z2VoZWlt"
    assert address.joined("/b").authorization == address.authorization
    for elsewhere in ("https://other.example/", "https://example.org:8443/", "https://sub.example.org/"):
        assert address.joined(elsewhere).authorization is None
    assert "geheim" not in repr(address) + address.url + address.shown


@given(st.text(max_size=60))
def test_no_text_is_a_crash(text: str) -> None:
    for start in ("", "http://", "https://a@", "https://a.example/"):
        try:
            address = parse_address(start + text)
        except SourceError:
            continue
        assert address.target.startswith("/")
        address.url.encode("ascii")
        assert not set(address.url) & set("\r\n\t \0")

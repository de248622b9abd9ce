"""Which machines may be asked. A name is resolved once; what was checked is what is connected to."""

import ipaddress
import socket
import threading
from collections.abc import Callable

from brewslm.adapters.sources.refusals import refused, unreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
"""Gives the IP addresses of a host, spelled plainly."""

RESOLVE_SECONDS = 10.0

_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # shared between a provider and its customers, RFC 6598
        "168.63.129.16/32",  # the agent of a virtual machine on Azure
        "192.0.0.0/24",
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
        "198.18.0.0/15",  # benchmarks of networks, RFC 2544
        "240.0.0.0/4",
        "::/96",  # IPv4 in an old disguise, RFC 4291
        "64:ff9b:1::/48",  # translation to IPv4 within a network, RFC 8215
        "100::/64",
        "2001::/23",  # Teredo and other tunnels, RFC 2928
        "2001:db8::/32",
        "2002::/16",  # 6to4: IPv4 in disguise, RFC 3056
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",  # site-local, RFC 3879
    )
)
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 behind a translator of the provider (RFC 6052); its last 32 bits decide."""


def is_public(address: Address) -> bool:
    """Whether an address leads to the open internet, whatever its spelling or disguise."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _TRANSLATED:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    if any(address.version == network.version and address in network for network in _NEVER):
        return False
    is_special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return address.is_global and not is_special and not address.is_loopback and not address.is_private


def checked_addresses(host: str, port: int, *, is_private_allowed: bool, resolve: Resolver) -> list[str]:
    """Resolve a host once, and check every address that it has.

    Raises:
        SourceError: it has none, or one of them lies inside a network.
    """
    addresses = resolve(host, port)
    if not addresses:
        raise unreachable(f"The host {host!r} has no address. Check its spelling.")
    inside = [text for text in addresses if not is_public(ipaddress.ip_address(text.partition("%")[0]))]
    if inside and not is_private_allowed:
        message = (
            f"The host {host!r} leads to {inside[0]}, which is not on the open internet. Download the file and give "
            "its path, or set BREWSLM_ALLOW_PRIVATE_SOURCES=1 if this network may be asked."
        )
        raise refused(message)
    return addresses


def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the system's resolver, for a few seconds at most; it also reads decimal, hexadecimal and octal spellings.

    Raises:
        SourceError: the host is unknown, or nobody answers.
    """
    found: list[str] = []
    problems: list[Exception] = []

    def ask() -> None:
        try:
            for _, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                found.append(str(address[0]))
        except (OSError, UnicodeError) as error:
            problems.append(error)

    # The system's resolver cannot be told to hurry; its thread ends when it does.
    thread = threading.Thread(target=ask, name="resolver", daemon=True)
    thread.start()
    thread.join(RESOLVE_SECONDS)
    if thread.is_alive():
        raise unreachable(f"Nobody says where the host {host!r} is ({RESOLVE_SECONDS:.0f} s). Check the network.")
    if problems:
        why = problems[0].strerror if isinstance(problems[0], OSError) else "its name is not valid"
        raise unreachable(f"The host {host!r} cannot be found ({why}). Check its spelling and the network.")
    return list(dict.fromkeys(found))

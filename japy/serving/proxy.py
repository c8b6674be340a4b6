"""Proxy: who a request comes from, as proxies tell that are to be believed.

Knows the fields X-Forwarded-For, X-Forwarded-Proto and Forwarded (RFC 7239), and which addresses
are proxies. Refuses to know connections: it is given an address and fields. Knows nothing of hosts:
what `request.hostname` says is what the Host field does, which proxies pass on or set.

How it works: each proxy adds to the right of a list whom it has got the request from. So the list
is read from the right, for as long as the one who wrote an entry is a proxy of ours. The first
address that is none of ours is the client, and what stands left of it is only what that has sent.

Invariants:
- An entry is believed only if every hop to the right of it, and the peer, are trusted.
- What a client can write never makes the result another address than its own, nor an error, if
  each proxy adds to the field that it uses, and removes or adds to X-Forwarded-For in any case.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from japy.core.headers import Headers
from japy.core.request import Origin

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED = r'"(?:[^"\\]|\\.)*"'
PAIR = re.compile(rf"({TOKEN})=({TOKEN}|{QUOTED})", re.ASCII)
ELEMENT = re.compile(rf"{PAIR.pattern}(?:[ \t]*;[ \t]*{PAIR.pattern})*;?", re.ASCII)
IN_BRACKETS = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?", re.ASCII)
WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}", re.ASCII)
MAX_COMMAS = 16  # in one element of Forwarded, inside of quotes
MAX_KNOWN = 4096  # addresses whose trust is remembered


class Hop(NamedTuple):
    """What a proxy says of whom it has got a request from; empty where it does not say."""

    address: str
    scheme: str


class Proxies:
    """Those who are believed.

    Args:
        networks: of proxies. One that holds every address has every peer believed, but tells of no
            address that it is a proxy: then the entry that the peer has written is the client.
    """

    def __init__(self, networks: tuple[Network, ...]) -> None:
        self._networks = tuple(network for network in networks if network.prefixlen)
        self._all = {network.version for network in networks if not network.prefixlen}
        # The peers are few, and the addresses that they name come again: 3 us become 0.1.
        self._is_proxy: Callable[[str], bool] = lru_cache(MAX_KNOWN)(self._is_in_network)
        # Whether the peer of a connection is believed, given its address.
        self.trusts: Callable[[str], bool] = lru_cache(MAX_KNOWN)(self._is_trusted)

    def _is_trusted(self, peer: str) -> bool:
        peer = peer.partition("%")[0]  # the zone says by which of our own ways it came
        if not peer or self._is_in_network(peer):  # who may use a Unix socket is trusted
            return True
        address = read_address(peer)
        return address is not None and address.version in self._all

    def _is_in_network(self, text: str) -> bool:
        address = read_address(text)
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )

    def trace(self, peer: Origin, headers: Headers) -> Origin:
        """Return where a request comes from.

        Args:
            peer: where its connection comes from.
            headers: its fields.
        """
        if not self.trusts(peer.address):
            return peer
        address, scheme = peer.address, peer.scheme
        for hop in hops(headers):
            scheme = SCHEMES.get(hop.scheme, scheme)
            found = read_address(hop.address)
            if found is None:  # unknown to who has written this: left of it, nothing is certain
                break
            address = str(found)
            if not self._is_proxy(address):
                break
        return Origin(address, scheme)


def hops(headers: Headers) -> Iterator[Hop]:
    """Yield what the proxies say, the nearest one first.

    Whoever adds to X-Forwarded-For passes on any Forwarded that a client has sent, as most proxies
    do, so that counts only where nobody speaks the older language.
    """
    addresses = entries(headers.get("X-Forwarded-For", ""))
    schemes = entries(headers.get("X-Forwarded-Proto", "").lower())
    if not addresses and not schemes:
        yield from read_forwarded(headers.get("Forwarded", ""))
        return
    scheme = ""
    for address in reversed(addresses or [""]):
        # A proxy that replaces this field instead of adding to it leaves a single entry.
        scheme = schemes.pop() if schemes else scheme
        yield Hop(address, scheme)


def entries(text: str) -> list[str]:
    """Return the entries of a list, without empty ones (RFC 9110 §5.6.1.2)."""
    return [entry for part in text.split(",") if (entry := part.strip(" \t"))]


def read_address(text: str) -> Address | None:
    """Return the address of an entry, without its port; None if it is none (RFC 7239 §6).

    One with a zone is none: zones mean something only on the machine that has them, and may be any
    text (RFC 4007 §11).
    """
    if "%" in text:
        return None
    found = IN_BRACKETS.fullmatch(text) or WITH_PORT.fullmatch(text)
    try:
        address = ip_address(found[1] if found else text)
    except ValueError:
        return None
    # A socket for both versions of IP has IPv4 addresses of this form: they mean the same.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def read_forwarded(text: str) -> Iterator[Hop]:
    """Yield the elements of a Forwarded field from the right (RFC 7239 §4), up to a malformed one.

    A client may have begun a quotation that it does not end. So what is wanted is the shortest
    text behind a comma that is an element: a proxy's own always is one, and no part of one is, as
    inside of quotes a quote has a backslash before it.
    """
    while text:
        for start in commas(text):
            element = text[start + 1 :].strip(" \t")
            if ELEMENT.fullmatch(element):
                break
        else:
            return
        yield hop_of(element)
        text = text[: max(start, 0)]


def commas(text: str) -> Iterator[int]:
    """Yield the positions of the last commas from the right; -1 for the beginning."""
    pos = len(text)
    for _ in range(MAX_COMMAS):
        pos = text.rfind(",", 0, pos)
        yield pos
        if pos < 0:
            return


def hop_of(element: str) -> Hop:
    """Return what an element says; of what it says twice, the last."""
    said = {name.lower(): unquoted(value) for name, value in PAIR.findall(element)}
    return Hop(said.get("for", ""), said.get("proto", "").lower())


def unquoted(value: str) -> str:
    """Return what a token or a quoted string means."""
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value

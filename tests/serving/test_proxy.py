"""Whom a request comes from: what proxies say is read from the right, and only if they are ours."""

import time
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.core.headers import Headers
from japy.core.request import Origin
from japy.serving.proxy import Network, Proxies, read_address, read_forwarded
from tests.support.request import Sink, new_request

OURS = ("127.0.0.1", "::1", "10.0.0.0/8", "fd00::/8")
ALL = ("0.0.0.0/0", "::/0")  # what * stands for


def networks(*names: str) -> tuple[Network, ...]:
    """Return networks by their names."""
    return tuple(map(ip_network, names))


def trace(fields: dict[str, str], peer: str = "127.0.0.1", ours: tuple[str, ...] = OURS) -> str:
    """Return scheme and address that a request with these fields has."""
    origin = Proxies(networks(*ours)).trace(Origin(peer, "http"), Headers(fields))
    return f"{origin.scheme} {origin.address}"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("10.9.9.9, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("127.0.0.1, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:DB8::0:7", "2001:db8::7"),
        ("203.0.113.7,fd00::1", "203.0.113.7"),
        ("203.0.113.7 ,\t10.0.0.1 ", "203.0.113.7"),
        ("203.0.113.7, ::ffff:10.0.0.1", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        (",203.0.113.7,, ,10.0.0.1,", "203.0.113.7"),
        ("", "127.0.0.1"),
        (" , ,", "127.0.0.1"),
        ("unknown", "127.0.0.1"),
        ("203.0.113.7, unknown", "127.0.0.1"),
        ("203.0.113.7, _hidden, 10.0.0.1", "10.0.0.1"),
        ("203.0.113.7, 10.0.0.1, 999.0.0.1", "127.0.0.1"),
        ("010.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("203.0.113.7\x00", "127.0.0.1"),
        ("\u0661.2.3.4", "127.0.0.1"),
        ("127.0.0.1, 6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ('"203.0.113.7"', "127.0.0.1"),
        ("203.0.113.7;10.0.0.1", "127.0.0.1"),
        ("http://203.0.113.7", "127.0.0.1"),
    ],
)
def test_addresses_are_believed_from_the_right(value: str, address: str) -> None:
    assert trace({"X-Forwarded-For": value}) == f"http {address}"


@pytest.mark.parametrize("peer", ["203.0.113.7", "::ffff:203.0.113.7", "2001:db8::1", "garbage"])
def test_a_peer_that_is_no_proxy_is_the_client(peer: str) -> None:
    fields = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=7.7.7.7",
    }
    assert trace(fields, peer) == f"http {peer}"


@pytest.mark.parametrize("peer", ["", "127.0.0.1", "::ffff:127.0.0.1", "::1", "10.255.0.1"])
def test_a_proxy_and_who_uses_a_unix_socket_are_believed(peer: str) -> None:
    assert trace({"X-Forwarded-For": "203.0.113.7"}, peer) == "http 203.0.113.7"


def test_who_believes_everybody_takes_what_the_peer_has_written() -> None:
    fields = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7"}
    assert trace(fields, "198.51.100.1", ALL) == "http 203.0.113.7"
    assert trace(fields, "2001:db8::1", ALL) == "http 203.0.113.7"


def test_who_believes_everybody_may_still_name_proxies() -> None:
    fields = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7, 10.0.0.1"}
    assert trace(fields, "198.51.100.1", (*ALL, "10.0.0.0/8")) == "http 203.0.113.7"


def test_who_believes_nobody_sees_peers() -> None:
    assert trace({"X-Forwarded-For": "203.0.113.7"}, ours=()) == "http 127.0.0.1"


@pytest.mark.parametrize(
    ("addresses", "schemes", "origin"),
    [
        ("203.0.113.7", "https", "https 203.0.113.7"),
        ("203.0.113.7", "HTTPS", "https 203.0.113.7"),
        ("203.0.113.7", "wss", "https 203.0.113.7"),
        ("203.0.113.7", "ws", "http 203.0.113.7"),
        ("203.0.113.7", "javascript", "http 203.0.113.7"),
        ("203.0.113.7", "https, http", "http 203.0.113.7"),  # the left one is the client's
        ("203.0.113.7, 10.0.0.1", "https, http", "https 203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.0.0.1", "http, https, http", "https 203.0.113.7"),
        ("203.0.113.7, 10.0.0.1", "https", "https 203.0.113.7"),
        ("203.0.113.7, 10.0.0.1", "https, gopher", "https 203.0.113.7"),
        ("", "https", "https 127.0.0.1"),
        ("unknown", "https", "https 127.0.0.1"),
    ],
)
def test_the_scheme_is_that_of_the_hop(addresses: str, schemes: str, origin: str) -> None:
    assert trace({"X-Forwarded-For": addresses, "X-Forwarded-Proto": schemes}) == origin


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("for=203.0.113.7", "http 203.0.113.7"),
        ("For=203.0.113.7;Proto=HTTPS;By=10.0.0.1", "https 203.0.113.7"),
        ("for=203.0.113.7 ; proto=https", "https 203.0.113.7"),
        ("for=203.0.113.7;", "http 203.0.113.7"),
        ('for="203.0.113.7:4711"', "http 203.0.113.7"),
        ('for="[2001:db8::7]:4711"', "http 2001:db8::7"),
        ('for="2001:db8::7"', "http 2001:db8::7"),
        (r'for="203\.0.113.7"', "http 203.0.113.7"),
        ("for=6.6.6.6, for=203.0.113.7", "http 203.0.113.7"),
        ("for=6.6.6.6, for=203.0.113.7;proto=https, for=10.0.0.1", "https 203.0.113.7"),
        ("for=203.0.113.7, for=unknown", "http 127.0.0.1"),
        ("for=203.0.113.7, for=_hidden", "http 127.0.0.1"),
        ("for=203.0.113.7, proto=https", "https 127.0.0.1"),
        ('for=203.0.113.7;host="a, for=6.6.6.6"', "http 203.0.113.7"),
        (r'for=203.0.113.7;host="a, for=\"6.6.6.6\""', "http 203.0.113.7"),
        (r'for=203.0.113.7;host="a, for=\"6.6.6.6"', "http 203.0.113.7"),
        (r'for=203.0.113.7;host="\\"', "http 203.0.113.7"),
        ('for="6.6.6.6, for=203.0.113.7', "http 203.0.113.7"),
        ('for=6.6.6.6;host=", for=203.0.113.7', "http 203.0.113.7"),
        ('", for=203.0.113.7', "http 203.0.113.7"),
        ('for="6.6.6.6, for="203.0.113.7"', "http 203.0.113.7"),
        (", for=203.0.113.7", "http 203.0.113.7"),
        ("for=203.0.113.7, garbage", "http 127.0.0.1"),
        ("for=203.0.113.7 for=6.6.6.6", "http 127.0.0.1"),
        ("for = 203.0.113.7", "http 127.0.0.1"),
        ('for="203.0.113.7', "http 127.0.0.1"),
        ("for=[2001:db8::7]", "http 127.0.0.1"),
        ("for=6.6.6.6;for=203.0.113.7", "http 203.0.113.7"),
        ("", "http 127.0.0.1"),
    ],
)
def test_forwarded_is_read_from_the_right(value: str, origin: str) -> None:
    assert trace({"Forwarded": value}) == origin


@pytest.mark.parametrize("zone", ["%eth0", "%1", "%<b>", "%a b"])
def test_an_entry_with_a_zone_is_no_address_but_a_peer_may_have_one(zone: str) -> None:
    assert trace({"X-Forwarded-For": f"6.6.6.6, ::1{zone}"}) == "http 127.0.0.1"
    assert trace({"Forwarded": f'for="[::1{zone}]"'}) == "http 127.0.0.1"
    assert Proxies((ip_network("fe80::/10"),)).trusts(f"fe80::1{zone}")
    assert Proxies((ip_network("::/0"),)).trusts(f"fe80::1{zone}")


@pytest.mark.parametrize("field", ["X-Forwarded-For", "X-Forwarded-Proto"])
def test_who_speaks_the_older_language_passes_on_what_clients_say_in_the_newer(field: str) -> None:
    value = "203.0.113.7" if field == "X-Forwarded-For" else "http"
    origin = trace({field: value, "Forwarded": "for=6.6.6.6;proto=https"})
    assert origin == ("http 203.0.113.7" if field == "X-Forwarded-For" else "http 127.0.0.1")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded"])
@given(theirs=st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0")))
def test_whatever_a_client_writes_is_left_of_what_its_proxy_does(name: str, theirs: str) -> None:
    entry = "203.0.113.7" if name == "X-Forwarded-For" else "for=203.0.113.7;proto=http"
    for joint in (", ", ","):
        assert trace({name: f"{theirs}{joint}{entry}"}) == "http 203.0.113.7"


@given(text=st.text())
def test_an_address_is_one_or_none(text: str) -> None:
    found = read_address(text)
    assert found is None or ip_address(str(found)) == found


@pytest.mark.parametrize(
    "value",
    [
        *("," * 32_000, "a=b," * 8_000 + '"', 'for="' + "a=" * 16_000, "for=1;" * 5_000 + '"'),
        *('for="' + "\\," * 16_000, "for=10.0.0.1," * 2_400, 'a="' * 10_000, "a=b;" * 8_000 + "="),
    ],
    ids=lambda value: value[:8],
)
def test_long_lists_take_little_time(value: str) -> None:
    start = time.process_time()
    for name in ("Forwarded", "X-Forwarded-For"):
        trace({name: value})
    assert time.process_time() - start < 0.5
    assert len(list(read_forwarded(value))) < 10_000


def test_a_request_is_asked_once() -> None:
    request = new_request(fields=b"Host: x\r\nX-Forwarded-For: 203.0.113.7\r\n")
    assert (request.remote_addr, request.scheme) == ("192.0.2.1", "http")
    asked: list[str] = []

    def once(peer: Origin, headers: Headers) -> Origin:
        asked.append(peer.address)
        return Origin(headers["X-Forwarded-For"], "https")

    request = new_request(fields=b"Host: x\r\nX-Forwarded-For: 203.0.113.7\r\n", trace=once)
    assert asked == []
    assert (request.remote_addr, request.scheme) == ("203.0.113.7", "https")
    assert request.remote_addr == "203.0.113.7"
    assert asked == ["192.0.2.1"]


def test_fields_that_come_more_than_once_are_one_list() -> None:
    fields = b"X-Forwarded-For: 6.6.6.6\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n"
    request = new_request(fields=fields, trace=Proxies(networks("192.0.2.0/24")).trace)
    assert request.remote_addr == "203.0.113.7"


def test_the_host_is_what_the_host_field_says() -> None:
    fields = b"Host: x:81\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 1\r\n"
    request = new_request(fields=fields, trace=Proxies(networks("192.0.2.0/24")).trace)
    assert (request.hostname, request.port) == ("x", 81)


def test_a_peer_that_was_gone_before_it_had_a_name_is_nobodys_proxy() -> None:
    fields = b"Host: x\r\nX-Forwarded-For: 6.6.6.6\r\n"
    proxies = Proxies(networks(*ALL))
    assert new_request(fields=fields, trace=proxies.trace, transport=Sink(None)).remote_addr == ""
    assert (
        new_request(fields=fields, trace=proxies.trace, transport=Sink("")).remote_addr == "6.6.6.6"
    )

"""Which addresses are asked, and that a name cannot lead to others."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.outbound.client import Outbound, Times
from connectors.outbound.message import Answer, Failure, Kind, Request
from connectors.outbound.reach import ANYWHERE, PUBLIC, Reach, read_network
from tests.connectors.outbound.receiver import receiving

REFUSED: Final = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "::/96",
    "::ffff:0:0/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2001:2::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "4000::/3",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]
ASKED: Final = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "128.0.0.0",
    "168.63.129.15",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "198.17.255.255",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
    "2a00:1450:4001:830::200e",
]


def within(network: IPv4Network | IPv6Network) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    return st.integers(0, network.num_addresses - 1).map(lambda n: network[n])


@given(address=st.sampled_from([ip_network(n) for n in REFUSED]).flatmap(within))
def test_addresses_that_are_not_public_are_refused(address: IPv4Address | IPv6Address) -> None:
    refusal = PUBLIC.refusal(address)

    assert refusal is not None
    assert refusal.startswith(f"{address} ")


@given(address=st.ip_addresses(v=6))
def test_of_ipv6_only_what_is_given_out_is_asked(address: IPv6Address) -> None:
    if PUBLIC.refusal(address) is None:
        assert address in IPv6Network("2000::/3")
        assert address.is_global


@given(address=st.ip_addresses())
def test_what_is_not_global_is_refused(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast:
        assert PUBLIC.refusal(address) is not None


@pytest.mark.parametrize("network", REFUSED)
def test_networks_are_refused_from_end_to_end(network: str) -> None:
    refused = ip_network(network)
    assert PUBLIC.refusal(refused[0]) is not None
    assert PUBLIC.refusal(refused[-1]) is not None


@pytest.mark.parametrize("address", ASKED)
def test_public_addresses_are_asked(address: str) -> None:
    assert PUBLIC.refusal(ip_address(address)) is None


@given(inner=st.ip_addresses(v=4))
def test_forms_that_hold_another_address_are_refused(inner: IPv4Address) -> None:
    """Public ones, too: a public one can be written as such."""
    number = int(inner)
    mapped = 0xFFFF << 32 | number
    nat64 = 0x0064FF9B << 96 | number
    six_to_four = 0x2002 << 112 | number << 80 | 1
    teredo = 0x20010000 << 96 | 0x4136E378 << 64 | (number ^ 0xFFFFFFFF)
    isatap = [0x2A001450_40010830 << 64 | mark << 32 | number for mark in (0x5EFE, 0x02005EFE)]
    for form in (number, mapped, nat64, six_to_four, teredo, *isatap):
        assert PUBLIC.refusal(IPv6Address(form)) is not None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",  # AWS, Google, Azure, DigitalOcean
        "169.254.170.2",  # AWS, containers
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "168.63.129.16",  # Azure, its machines' agent
    ],
)
def test_metadata_of_clouds_is_refused(address: str) -> None:
    assert PUBLIC.refusal(ip_address(address)) is not None


def test_an_operator_names_networks() -> None:
    reach = Reach(map(read_network, ["10.1.0.0/16", "192.168.7.7", "fd12:3456::/32"]))

    for address in ("10.1.2.3", "192.168.7.7", "fd12:3456::1", "1.1.1.1"):
        assert reach.refusal(ip_address(address)) is None
    for address in ("10.2.0.0", "192.168.7.8", "fd12:3457::1", "::ffff:10.1.2.3", "127.0.0.1"):
        assert reach.refusal(ip_address(address)) is not None


@pytest.mark.parametrize("text", ["", "10.1", "10.0.0.1/8", "10.0.0.0/33", "here", "fe80::1%eth0/64"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_network(text)


@given(address=st.ip_addresses())
def test_anywhere_is_anywhere(address: IPv4Address | IPv6Address) -> None:
    assert ANYWHERE.refusal(address) is None


# Of this machine's own addresses one is asked in these tests, and another stands for what must not be reached.
ONE: Final = Reach([ip_network("127.0.0.1")])
OTHER: Final = "127.0.0.2"


class Names:
    """Leads a name to one list of addresses after the other, the last one again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        return list(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


async def test_a_name_that_leads_elsewhere_the_second_time() -> None:
    """Whoever looks it up once to check it and once more to connect would reach the other."""
    names = Names(["127.0.0.1"], [OTHER])
    async with receiving() as receiver, receiving(host=OTHER, port=receiver.port) as other:
        async with Outbound(ONE, resolve=names) as client:
            first = await client.send(Request("GET", f"http://rebinding.example:{receiver.port}"))
        assert names.asked == ["rebinding.example"]
        async with Outbound(ONE, resolve=names) as client:
            second = await client.send(Request("GET", f"http://rebinding.example:{receiver.port}"))
        assert len(receiver.exchanges) == 1
        assert other.exchanges == []

    assert isinstance(first, Answer)
    assert isinstance(second, Failure)
    assert second.kind is Kind.ADDRESS
    assert second.unsent
    assert second.reason == f"The host rebinding.example is not asked: {OTHER} is this machine's own"


@pytest.mark.parametrize("addresses", [["127.0.0.1", OTHER], [OTHER, "127.0.0.1"], [OTHER, OTHER, "127.0.0.1", "::1"]])
async def test_of_several_addresses_only_good_ones_are_tried(addresses: list[str]) -> None:
    async with receiving() as receiver, receiving(host=OTHER, port=receiver.port) as other:
        async with Outbound(ONE, resolve=Names(addresses)) as client:
            answer = await client.send(Request("GET", f"http://several.example:{receiver.port}"))
        assert isinstance(answer, Answer)
        # Nor when the good one is not there.
        unused = await free_port()
        async with receiving(host=OTHER, port=unused) as lonely, Outbound(ONE, resolve=Names(addresses)) as client:
            failure = await client.send(Request("GET", f"http://several.example:{unused}"))
            assert lonely.exchanges == []
        assert other.exchanges == []

    assert isinstance(failure, Failure)
    assert failure.kind is Kind.CONNECT_REFUSED


async def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.mark.parametrize(
    "address",
    [OTHER, "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fe80::1%lo", "0.0.0.0"],
)
async def test_a_name_that_leads_inside(address: str) -> None:
    async with Outbound(ONE, resolve=Names([address])) as client:
        failure = await client.send(Request("GET", "http://inside.example"))

    assert isinstance(failure, Failure)
    assert failure.kind is Kind.ADDRESS


@pytest.mark.parametrize(
    "host",
    [OTHER, "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"],
)
async def test_an_address_that_leads_inside(host: str) -> None:
    names = Names(["127.0.0.1"])
    async with Outbound(ONE, resolve=names) as client:
        failure = await client.send(Request("GET", f"http://{host}:1"))

    assert isinstance(failure, Failure)
    assert failure.kind is Kind.ADDRESS
    assert names.asked == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.0.0.1", "127.0.0.1.."])
async def test_an_address_in_disguise(host: str) -> None:
    names = Names(["127.0.0.1"])
    async with Outbound(ONE, resolve=names) as client:
        failure = await client.send(Request("GET", f"http://{host}:1"))

    assert isinstance(failure, Failure)
    assert failure.kind is Kind.URL
    assert names.asked == []


async def test_a_name_without_an_address() -> None:
    async def unknown(host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def failing(host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    for resolve, reason in ((unknown, "has no address"), (failing, "cannot be looked up now")):
        async with Outbound(ONE, resolve=resolve) as client:
            failure = await client.send(Request("GET", "http://missing.example"))
        assert isinstance(failure, Failure)
        assert failure.kind is Kind.DNS
        assert reason in failure.reason


async def test_a_name_server_that_never_answers() -> None:
    """Not for the first who asks, nor for those who wait with it."""

    async def waiting(host: str) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    async with Outbound(ONE, Times(connect=0.2), resolve=waiting) as client:
        failures = await asyncio.gather(*(client.send(Request("GET", "http://slow.example")) for _ in range(3)))

    for failure in failures:
        assert isinstance(failure, Failure)
        assert failure.kind is Kind.DNS


async def test_a_port_where_nobody_listens(client: Outbound) -> None:
    failure = await client.send(Request("GET", f"http://127.0.0.1:{await free_port()}"))

    assert isinstance(failure, Failure)
    assert failure.kind is Kind.CONNECT_REFUSED


async def test_the_systems_resolver_is_asked() -> None:
    async with receiving() as receiver, Outbound(Reach([ip_network("127.0.0.0/8"), ip_network("::1")])) as client:
        answer = await client.send(Request("GET", f"http://localhost:{receiver.port}"))

    assert isinstance(answer, Answer)

"""What can be told of a URL from its text."""

import asyncio
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.outbound.client import Outbound
from connectors.outbound.headers import METHODS
from connectors.outbound.message import Failure, Outcome, Request
from connectors.outbound.url import BadUrl, checked_url, parsed
from engine.values.errors import ErrorCode
from tests.connectors.outbound.receiver import LOOPBACK


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM/A", "https://example.com/A"),
        ("  http://example.com/a  ", "http://example.com/a"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("https://example.com./a", "https://example.com/a"),
        ("https://example.com?a=b", "https://example.com/?a=b"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://ＥＸＡＭＰＬＥ.com", "https://example.com/"),
        ("https://faß.example", "https://xn--fa-hia.example/"),
        ("https://my_service:8080/in", "https://my_service:8080/in"),
        ("http://93.184.215.14/", "http://93.184.215.14/"),
        ("http://[2A00:1450:4001:830::200E]:8080/", "http://[2a00:1450:4001:830::200e]:8080/"),
        ("https://example.com/a/../b", "https://example.com/a/../b"),
        ("https://example.com//evil.example/", "https://example.com//evil.example/"),
    ],
)
def test_what_a_url_means(text: str, meant: str) -> None:
    assert str(checked_url(text)) == meant
    assert parsed(meant) == parsed(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not whole"),
        ("example.com", "not whole"),
        ("//example.com", "not whole"),
        ("https:/example.com", "not whole"),
        ("https:example.com", "not whole"),
        ("ftp://example.com", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://example.com", "scheme"),
        ("https://user@example.com", "password"),
        ("https://user:password@example.com", "password"),
        ("https://example.com@evil.example", "password"),
        ("https://example.com#@evil.example", "fragment"),
        ("https://example.com/#a", "fragment"),
        ("https://example.com\\@evil.example", "backslash"),
        ("https://example.com/\r\nX: y", "line break"),
        ("https://example.com/\0", "control"),
        ("https://exam\u200bple.com/", "control"),
        ("https:///path", "no host"),
        ("https://:80/", "no host"),
        ("https://./", "no host"),
        ("https://exa mple.com/", "no name"),
        ("https://exam%70le.com/", "no name"),
        ("https://a..b/", "no name"),
        ("https://-a.example/", "no name"),
        ("https://a" + "a" * 63 + ".example/", "no name"),
        ("https://" + "a." * 130 + "example/", "no name"),
        ("https://☃\ufe0f.example/", "no name"),
        ("https://example.com:/", "port"),
        ("https://example.com:0/", "port"),
        ("https://example.com:65536/", "port"),
        ("https://example.com:+80/", "port"),
        ("https://example.com:٨٠/", "port"),
        ("https://[::1/", "IPv6"),
        ("https://[::1]x/", "IPv6"),
        ("https://[::g]/", "IPv6"),
        ("https://[127.0.0.1]/", "IPv6"),
        ("https://[fe80::1%25eth0]/", "interface"),
        ("https://[fe80::1%eth0]/", "interface"),
        ("https://example.com/" + "a" * 3000, "characters"),
        ("https://example.com/\ud800", "control"),
    ],
)
def test_what_is_no_url_to_ask(text: str, why: str) -> None:
    with pytest.raises(BadUrl, match=why) as caught:
        checked_url(text)

    assert caught.value.code is ErrorCode.VALIDATION
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7F.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "127.0.0.01",
        "256.0.0.1",
        "1.2.3.4.5",
        "0",
        "0x",
        "example.123",
        "１２７.0.0.1",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
    ],
)
def test_addresses_in_disguise_are_refused_wherever_they_lead(host: str) -> None:
    with pytest.raises(BadUrl):
        checked_url(f"http://{host}/")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::]",
        "[fd00::1]",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "ｌｏｃａｌｈｏｓｔ",
    ],
)
def test_this_machine_and_its_neighbours_are_refused_at_once(host: str) -> None:
    with pytest.raises(BadUrl, match="not asked"):
        checked_url(f"https://{host}/")

    assert parsed(f"https://{host}/").host


def test_an_operators_own_network_is_not() -> None:
    for host in ("127.0.0.1", "localhost", "shop.localhost"):
        assert checked_url(f"http://{host}/", LOOPBACK).host == host
    with pytest.raises(BadUrl):
        checked_url("http://10.0.0.1/", LOOPBACK)


WRITTEN = st.text() | st.text().map(lambda t: f"https://{t}") | st.text().map(lambda t: f"http://example.com/{t}")


@given(text=WRITTEN)
def test_whatever_is_written(text: str) -> None:
    """It is a URL that means the same when it is read again, in ASCII without a blank, or a sentence."""
    try:
        url = checked_url(text)
    except BadUrl:
        return
    written = str(url)
    assert written.isascii()
    assert written.isprintable()
    assert " " not in written
    assert parsed(written) == url


@given(url=WRITTEN, name=st.text(), value=st.text(), method=st.sampled_from(METHODS) | st.text())
def test_whatever_is_asked_has_an_outcome(url: str, name: str, value: str, method: str) -> None:
    async def nowhere(host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def asked() -> Outcome:
        async with Outbound(resolve=nowhere, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
            return await client.send(Request(method, url, [(name, value)]))

    failure = asyncio.run(asked())

    assert isinstance(failure, Failure)
    assert failure.unsent
    assert failure.reason.isprintable()

"""Over TLS the name counts: in the certificate, in SNI and in Host, whatever the address is."""

import ssl
from datetime import timedelta

import pytest

from connectors.outbound.client import Outbound, Times
from connectors.outbound.message import Answer, Failure, Kind, Outcome, Request
from tests.connectors.outbound.authority import Authority
from tests.connectors.outbound.receiver import LOOPBACK, Behaviour, Exchange, polite, receiving

NAME = "receiver.example"


async def here(host: str) -> list[str]:
    """Every name leads to this machine."""
    return ["127.0.0.1"]


async def asked(
    trust: ssl.SSLContext | None,
    serving: ssl.SSLContext | None,
    *,
    behaviour: Behaviour = polite,
    host: str = NAME,
    connect: float = 5,
) -> tuple[Outcome, list[bytes]]:
    """What comes of asking a receiver that serves so, over TLS, and what it got."""
    async with (
        receiving(behaviour, tls=serving) as receiver,
        Outbound(LOOPBACK, Times(connect), resolve=here, tls=trust) as client,
    ):
        outcome = await client.send(Request("POST", f"https://{host}:{receiver.port}/in", body=b"{}"))
        return outcome, receiver.requests


def reason(outcome: Outcome, kind: Kind = Kind.TLS) -> str:
    assert isinstance(outcome, Failure), outcome
    assert outcome.kind is kind, outcome
    return outcome.reason


@pytest.mark.parametrize("host", [NAME, f"{NAME}.", "RECEIVER.example", "127.0.0.1"])
async def test_a_name_is_asked_for_at_its_address(authority: Authority, trust: ssl.SSLContext, host: str) -> None:
    name = host.lower().removesuffix(".")
    serving = authority.serving(name)
    asked_for: list[str | None] = []
    serving.sni_callback = lambda _, sni, __: asked_for.append(sni)

    outcome, requests = await asked(trust, serving, host=host)

    assert isinstance(outcome, Answer), outcome
    assert asked_for == [None if name[0].isdigit() else name]
    assert f"\r\nHost: {name}:".encode() in requests[0]


async def test_the_certificate_of_another(authority: Authority, trust: ssl.SSLContext) -> None:
    outcome, requests = await asked(trust, authority.serving("other.example"))

    assert NAME in reason(outcome)
    assert requests == []


async def test_a_certificate_that_has_ended(authority: Authority, trust: ssl.SSLContext) -> None:
    outcome, _ = await asked(trust, authority.serving(NAME, ends=timedelta(days=-1)))

    assert "expired" in reason(outcome)


async def test_an_authority_that_nobody_knows(authority: Authority) -> None:
    outcome, _ = await asked(None, authority.serving(NAME))

    assert "issuer" in reason(outcome) or "self-signed" in reason(outcome)


async def test_versions_that_are_no_longer_safe(trust: ssl.SSLContext) -> None:
    async def old(exchange: Exchange) -> None:
        await exchange.take(1)
        await exchange.send(b"\x15\x03\x01\x00\x02\x02\x46")  # an alert: fatal, the version of the protocol
        await exchange.left()

    outcome, _ = await asked(trust, None, behaviour=old)

    assert reason(outcome) == "TLS could not be agreed: tlsv1 alert protocol version"


async def test_plain_http_where_tls_is_expected(trust: ssl.SSLContext) -> None:
    async def talking(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await exchange.left()

    outcome, _ = await asked(trust, None, behaviour=talking)

    assert reason(outcome) == "What answers does not speak TLS at this port"


async def test_tls_where_plain_http_is_expected(authority: Authority, trust: ssl.SSLContext) -> None:
    async with receiving(tls=authority.serving(NAME)) as receiver, Outbound(LOOPBACK, resolve=here) as client:
        outcome = await client.send(Request("GET", f"http://{NAME}:{receiver.port}"))

    assert isinstance(outcome, Failure)
    assert outcome.kind in (Kind.CLOSED, Kind.RESET, Kind.PROTOCOL)


async def test_tls_that_is_closed_at_once(trust: ssl.SSLContext) -> None:
    async def closing(exchange: Exchange) -> None:
        await exchange.take(1)

    async def resetting(exchange: Exchange) -> None:
        await exchange.take(1)
        exchange.reset()

    for behaviour in (closing, resetting):
        outcome, _ = await asked(trust, None, behaviour=behaviour)
        assert reason(outcome) == "The connection was closed while TLS was agreed"


async def test_tls_that_is_never_agreed(trust: ssl.SSLContext) -> None:
    outcome, _ = await asked(trust, None, behaviour=Exchange.left, connect=0.2)

    assert "0.2 seconds" in reason(outcome, Kind.CONNECT_TIMEOUT)


async def test_tls_that_breaks_off_within_an_answer(authority: Authority, trust: ssl.SSLContext) -> None:
    async def cut(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
        exchange.reset()

    outcome, _ = await asked(trust, authority.serving(NAME), behaviour=cut)

    assert isinstance(outcome, Failure)
    assert outcome.kind in (Kind.RESET, Kind.CLOSED)

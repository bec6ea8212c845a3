"""Clients that may ask this machine."""

import ssl
from collections.abc import AsyncIterator

import pytest

from connectors.outbound.client import Outbound, Times
from tests.connectors.outbound.authority import Authority
from tests.connectors.outbound.receiver import LOOPBACK


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def trust(authority: Authority) -> ssl.SSLContext:
    return authority.trusting()


@pytest.fixture
async def client(trust: ssl.SSLContext) -> AsyncIterator[Outbound]:
    async with Outbound(LOOPBACK, tls=trust) as opened:
        yield opened


@pytest.fixture
async def hasty(trust: ssl.SSLContext) -> AsyncIterator[Outbound]:
    """Gives up soon: for receivers that never do what is waited for. What they do before has to come by then."""
    async with Outbound(LOOPBACK, Times(total=1.0), tls=trust) as opened:
        yield opened

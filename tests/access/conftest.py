from collections.abc import Iterator

import pytest

from tests.access.issuer import IssuerServer, issuing


@pytest.fixture
def issuer() -> Iterator[IssuerServer]:
    with issuing() as server:
        yield server

"""The recorded store with rows in the tables that its recording left empty, so that each relation leads somewhere."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from db.catalog.download import DownloadRow
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.commerce.customer import AddressType, CustomerAddressRow, CustomerRow
from db.commerce.order import OrderAddressRow, OrderRow
from db.store.row import Row, table
from tests import factories
from tests.gateway import Gateway, opened
from tests.recorded import Imported

ID = 900_001  # beyond what the recording numbers


async def fill(url: str) -> None:
    async with opened(url) as gateway:
        await factories.store_rows(gateway, await _rows(gateway))


async def _rows(gateway: Gateway) -> list[Row]:
    async def first(row: type[Row]) -> int:
        async with gateway.database.read() as connection:
            (key,) = table(row).primary_key.columns
            found: int = (await connection.execute(select(key).order_by(key).limit(1))).scalar_one()
            return found

    product, variant, file = await first(ProductRow), await first(VariantRow), await first(DownloadRow)
    order, customer = await first(OrderRow), await first(CustomerRow)
    return [
        factories.user(ID, role_key="super_admin"),
        factories.application_password(ID, ID),
        factories.attribute_group(ID),
        factories.attribute_term(ID, ID),
        factories.variant_attribute(variant, ID),
        factories.subscription(ID, customer_id=customer, parent_order_id=order, product_id=product, variant_id=variant),
        factories.download_permission(ID, order, file, variant_id=variant, customer_id=customer),
        CustomerAddressRow(id=ID, customer_id=customer, type=AddressType.BILLING),
        OrderAddressRow(id=ID, order_id=order, type=AddressType.BILLING),
    ]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled_url(request: pytest.FixtureRequest) -> Iterator[str]:
    imported: Imported = request.getfixturevalue(f"imported_on_{request.param}")
    with imported.copy() as url:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(fill(url))).result()
        yield url


@pytest.fixture
async def filled_store(filled_url: str) -> AsyncIterator[Gateway]:
    """A gateway to it, for reading only."""
    async with opened(filled_url) as gateway:
        yield gateway

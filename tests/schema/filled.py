"""The recorded store with rows in the tables that its recording left empty, so that each relation leads somewhere."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from db.catalog.download import DownloadRow
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.commerce.address import AddressType
from db.commerce.customer import CustomerAddressRow, CustomerRow
from db.commerce.order import OrderAddressRow, OrderRow
from db.integration.feed import FeedRow
from db.integration.setting import IntegrationSettingRow
from db.store.row import Row, table
from db.work.delivery import DeliveryRow
from db.work.target import TargetRow
from tests import factories
from tests.gateway import Gateway, opened
from tests.recorded import Imported

_FEED = table(FeedRow)
ID = 900_001  # beyond what the recording numbers


async def fill(url: str) -> None:
    async with opened(url) as gateway:
        await factories.store_rows(gateway, await _rows(gateway))
        first = select(func.min(_FEED.c.id)).where(_FEED.c.provider_key != "webhook").scalar_subquery()
        async with gateway.database.write() as connection:
            await connection.execute(update(_FEED).where(_FEED.c.id == first).values(target_id=ID + 1))
            await connection.commit()


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
        factories.push_subscription(ID, ID),
        factories.attribute_group(ID),
        factories.attribute_term(ID, ID),
        factories.variant_attribute(variant, ID),
        factories.subscription(ID, customer_id=customer, parent_order_id=order, product_id=product, variant_id=variant),
        factories.download_permission(ID, order, file, variant_id=variant, customer_id=customer),
        factories.order_bump(ID, variant),
        factories.order_bump(ID + 1, variant, parent_id=ID, conditions=[]),
        *_licensed(product, variant, order, customer),
        CustomerAddressRow(id=ID, customer_id=customer, type=AddressType.BILLING),
        factories.coupon(ID, included_variants=[variant], excluded_categories=[1]),
        factories.applied_coupon(ID, order, ID),
        factories.tax_class(ID),
        factories.tax_rate(ID, ID, for_shipping=190_000),
        factories.order_tax(ID, order, ID, for_shipping=190_000),
        factories.shipping_method(ID, weight_tiers=[{"min": 0, "max": None, "cost": 500}], free_from=5000),
        OrderAddressRow(id=ID, order_id=order, type=AddressType.BILLING),
        factories.event(ID, "product.updated", f"Product:{product}", position=ID),
        TargetRow(id=ID, kind="webhook", key=str(ID)),
        factories.feed(ID, "webhook", target_id=ID),
        factories.connected_store("0b9f6f1c-2a8e-4a53-a8b8-f7d3c9e01a77"),
        IntegrationSettingRow(key="webhook"),
        DeliveryRow(id=ID, event_id=ID, target_id=ID, key="0123456789abcdef"),
        TargetRow(id=ID + 1, kind="feed", key="1"),
        DeliveryRow(id=ID + 1, event_id=ID, target_id=ID + 1, key="0123456789abcdef", order_id=order, revoking=False),
        factories.workflow(ID, target_id=ID),
        factories.workflow_run(ID, ID, ID),
        factories.workflow_step(ID, ID),
    ]


def _licensed(product: int, variant: int, order: int, customer: int) -> list[Row]:
    of = {"product_id": product, "variant_id": variant}
    return [
        factories.licence(ID, **of, order_id=order, customer_id=customer, subscription_id=ID),
        factories.licence(ID + 1, **of, parent_id=ID),
        factories.license_site(ID),
        factories.license_activation(ID, ID, ID, **of),
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

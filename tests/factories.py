"""One function per table: a row with what it must have, and what the test says of it."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.bundle import BundleItemRow
from db.catalog.download import DownloadRow, DownloadVariantRow
from db.catalog.media import MediaRow
from db.catalog.product import FulfillmentType, ProductRow, ProductStatus, sort_key
from db.catalog.taxonomy import BRANDS, CATEGORIES, ProductTermRow, TaxonomyRow, TermRow
from db.catalog.upgrade_path import UpgradePathRow, UpgradePathTargetRow
from db.catalog.variant import VariantRow
from db.commerce.customer import CustomerRow
from db.commerce.order import OrderItemRow, OrderRow, PaymentStatus
from db.commerce.store import StoreRow
from db.commerce.subscription import SubscriptionRow, SubscriptionStatus
from db.integration.feed import FeedRow, FeedScope
from db.integration.provider import ProviderRow
from db.row import Row
from tests.gateway import Gateway

R = TypeVar("R", bound=Row)


async def store_rows(gateway: Gateway, rows: Sequence[Row]) -> None:
    """Write rows as they are, in this order, in one transaction."""
    async with gateway.database.write() as connection:
        for row in rows:
            await _insert(connection, row)
        await connection.commit()


async def _insert(connection: AsyncConnection, row: Row) -> None:
    values = {name: getattr(row, name) for name in type(row).model_fields}
    if values.get("id", 0) is None:
        del values["id"]
    await connection.execute(insert(type(row)).values(values))


def _made(row: type[R], given: Mapping[str, Any], values: Mapping[str, Any]) -> R:
    return row(**{**given, **values})


def store(**values: Any) -> StoreRow:
    return _made(StoreRow, {"name": "Test Store"}, values)


def product(id: int, **values: Any) -> ProductRow:
    title = values.setdefault("title", f"Product {id}")
    return _made(
        ProductRow,
        {
            "id": id,
            "title_key": sort_key(title),
            "slug": f"product-{id}",
            "status": ProductStatus.PUBLISH,
            "fulfillment_type": FulfillmentType.DIGITAL,
        },
        values,
    )


def variant(id: int, product_id: int, **values: Any) -> VariantRow:
    return _made(
        VariantRow,
        {
            "id": id,
            "product_id": product_id,
            "title": f"Variant {id}",
            "sku": f"SKU-{id}",
            "fulfillment_type": FulfillmentType.DIGITAL,
        },
        values,
    )


def taxonomy(name: str, label: str, plural: str, singular: str) -> TaxonomyRow:
    return TaxonomyRow(name=name, label=label, plural_label=plural, singular_label=singular)


def categories() -> TaxonomyRow:
    return taxonomy(CATEGORIES, "Product Categories", "Categories", "Category")


def brands() -> TaxonomyRow:
    return taxonomy(BRANDS, "Product Brands", "Brands", "Brand")


def term(id: int, taxonomy: str = CATEGORIES, **values: Any) -> TermRow:
    name = values.setdefault("name", f"Term {id}")
    return _made(TermRow, {"id": id, "taxonomy": taxonomy, "name_key": sort_key(name), "slug": f"term-{id}"}, values)


def product_term(product_id: int, term_id: int) -> ProductTermRow:
    return ProductTermRow(product_id=product_id, term_id=term_id)


def download(id: int, product_id: int, **values: Any) -> DownloadRow:
    return _made(DownloadRow, {"id": id, "product_id": product_id, "title": f"File {id}"}, values)


def download_variant(download_id: int, variant_id: int) -> DownloadVariantRow:
    return DownloadVariantRow(download_id=download_id, variant_id=variant_id)


def media(id: int, **values: Any) -> MediaRow:
    return _made(MediaRow, {"id": id, "url": f"https://images.example.com/{id}.jpg"}, values)


def bundle_item(variant_id: int, child_id: int, position: int = 1) -> BundleItemRow:
    return BundleItemRow(variant_id=variant_id, child_id=child_id, position=position)


def upgrade_path(id: int, from_variant_id: int, **values: Any) -> UpgradePathRow:
    return _made(UpgradePathRow, {"id": id, "from_variant_id": from_variant_id}, values)


def upgrade_target(path_id: int, variant_id: int, position: int = 1) -> UpgradePathTargetRow:
    return UpgradePathTargetRow(path_id=path_id, variant_id=variant_id, position=position)


def customer(id: int, **values: Any) -> CustomerRow:
    return _made(CustomerRow, {"id": id, "uuid": f"customer-{id}", "email": f"customer-{id}@example.com"}, values)


def order(id: int, **values: Any) -> OrderRow:
    """Paid unless said otherwise."""
    return _made(
        OrderRow, {"id": id, "uuid": f"order-{id}", "currency": "USD", "payment_status": PaymentStatus.PAID}, values
    )


def order_item(id: int, order_id: int, **values: Any) -> OrderItemRow:
    return _made(OrderItemRow, {"id": id, "order_id": order_id, "fulfillment_type": FulfillmentType.DIGITAL}, values)


def subscription(id: int, **values: Any) -> SubscriptionRow:
    return _made(SubscriptionRow, {"id": id, "uuid": f"subscription-{id}", "status": SubscriptionStatus.ACTIVE}, values)


def provider(key: str, **values: Any) -> ProviderRow:
    return _made(
        ProviderRow, {"key": key, "title": key.title(), "scopes": ["global", "product"], "enabled": True}, values
    )


def feed(id: int, provider_key: str, **values: Any) -> FeedRow:
    """A global feed, or one of the product that is named."""
    scope = FeedScope.PRODUCT if "product_id" in values else FeedScope.GLOBAL
    return _made(
        FeedRow, {"id": id, "source_id": id, "provider_key": provider_key, "scope": scope, "name": f"Feed {id}"}, values
    )

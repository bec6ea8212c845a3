"""A small store in which each relation leads somewhere, not all of it for everyone."""

from typing import Final

from db.catalog.product import ProductStatus
from db.catalog.variant import VariantStatus
from db.commerce.address import AddressType
from db.commerce.customer import CustomerAddressRow
from db.commerce.order import OrderAddressRow
from db.store.row import Row
from tests import factories as f
from tests.engine.shelves import catalogue, stored
from tests.gateway import Gateway

CONDITIONS: Final = (
    {"field": "variant", "operator": "any_of", "variant_ids": [2, 999, 1, 92]},
    {"field": "total", "operator": "at_least", "amount": 100},
    {"field": "category", "operator": "none_of", "category_ids": [1]},
    {"field": "product", "operator": "all_of", "product_ids": [11, 3]},
)


async def furnished(gateway: Gateway) -> None:
    await stored(gateway, everything())
    async with gateway.database.write() as connection:
        statement = "UPDATE product SET default_variant_id = (SELECT min(v.id) FROM product_variant v WHERE "
        await connection.exec_driver_sql(f"{statement}v.product_id = product.id) WHERE id % 2 = 1")
        await connection.commit()


def everything() -> list[Row]:
    """Parents before children, as `stored` writes them."""
    return [
        f.tax_class(1, priority=2),
        f.tax_class(2, priority=1, categories=[1]),
        *(f.tax_rate(n, 1 + n % 2, for_shipping=n * 10_000 if n % 2 else None, compound=n == 3) for n in (1, 2, 3)),
        *(f.shipping_class(n) for n in (1, 2)),
        *catalogue(10),
        f.product(11, status=ProductStatus.DRAFT, tax_class_id=1, shipping_class_id=2),
        f.product(12, tax_class_id=2, default_media={"z": [1, {"b": None, "a": 0.5}], "a": "ü"}, extra={"k": [True]}),
        f.variant(91, 11),
        f.variant(92, 10, status=VariantStatus.INACTIVE, sku=None),
        f.variant(93, 12, cost=55, shipping_class_id=1, compare_price=12_345_678_900),
        f.media(1, product_id=11),
        f.media(2, variant_id=92),
        *(f.media(n, product_id=10, position=n) for n in (3, 4)),
        *(f.media(n, variant_id=93, position=n) for n in (5, 6)),
        f.download_variant(2, 1),
        f.bundle_item(93, 1, 1),
        f.bundle_item(93, 2, 2),
        f.bundle_item(91, 93),
        *(f.upgrade_path(n, n, discount_amount=n * 10) for n in (1, 2, 93)),
        f.upgrade_target(1, 2),
        f.upgrade_target(1, 92, 2),
        f.upgrade_target(93, 3),
        *(f.attribute_group(n) for n in (1, 2)),
        *(f.attribute_term(n, 1 + n % 2) for n in (1, 2, 3)),
        *(f.variant_attribute(93, n) for n in (1, 2)),
        f.provider("mailer"),
        f.provider("ledger", enabled=False),
        f.feed(1, "mailer", event_triggers=["order_paid"]),
        f.feed(2, "mailer", product_id=12, conditionals={"status": True}),
        f.feed(3, "ledger", product_id=1),
        f.feed_variant(2, 93),
        *(f.customer(n) for n in (1, 2, 3)),
        CustomerAddressRow(id=1, customer_id=1, type=AddressType.BILLING),
        *(f.shipping_method(n, enabled=n < 3) for n in (1, 2, 3)),
        *(f.coupon(n, priority=n % 2) for n in (1, 2, 3)),
        *(f.order_bump(n, n, conditions=CONDITIONS[:n]) for n in (1, 2, 3, 4)),
        f.order_bump(5, 5, conditions=CONDITIONS[:1]),
        *(f.order(n, customer_id=1 + n % 2) for n in range(1, 8)),
        *(f.order_tax(n, 1 + n % 2, n, priority=3 - n, amount=n) for n in (1, 2, 3)),
        OrderAddressRow(id=1, order_id=1, type=AddressType.BILLING),
        *(f.order_item(n, 1 + n % 7, product_id=1 + n % 3, variant_id=1 + n % 9, quantity=n) for n in range(1, 22)),
        f.download_permission(1, 1, 2, variant_id=1, customer_id=1),
        f.subscription(1, customer_id=1, parent_order_id=1, product_id=1, variant_id=1),
        f.licence(1, customer_id=1, order_id=1, product_id=1, variant_id=1, activation_count=2),
        f.licence(2, customer_id=2, product_id=11),
        *(f.license_site(n) for n in (1, 2)),
        *(f.license_activation(n, 1, n) for n in (1, 2)),
        f.user(1, role_key="manager"),
        f.user(2, role_key="super_admin"),
        f.user(3),
        f.application_password(1, 1),
        *(f.token(n, permissions=["products/view"]) for n in (1, 2)),
        *(
            f.event(n, name, entity)
            for n, (name, entity) in enumerate(
                [
                    ("product.created", "Product:1"),
                    ("product.updated", "Product:11"),
                    ("variant.updated", "ProductVariant:92"),
                    ("product.deleted", "Product:999"),
                    ("product.updated", "Product:12"),
                ],
                start=1,
            )
        ),
        *(f.audit_entry(n, "productUpdate") for n in (1, 2, 3)),
        *(f.trusted_document(n) for n in (1, 2)),
    ]

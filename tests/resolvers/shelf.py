"""One product with three variants on it, an editor of them, and a look behind the graph."""

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy import update as update_

from db.access.viewer import Viewer
from db.catalog.derivations import refresh_bundles, refresh_products, refresh_products_search
from db.catalog.product import FulfillmentType, ProductRow
from db.catalog.variant import BillingInterval, PaymentType, VariantRow
from db.store.outbox import EventRow
from db.store.row import table
from db.tables import METADATA
from db.text.search import search_text
from engine.values import identity
from tests import factories
from tests.gateway import ADMIN, Gateway

PRODUCT: Final = 1
ONE_TIME, SUBSCRIPTION, MANAGED = 11, 12, 13

# As callers see a variant: every field that an update can name, and what follows from them.
FIELDS: Final = """
title sku status position fulfillmentType downloadable description
price { cents } comparePrice { cents } manageCost cost { cents }
manageStock stockStatus totalStock available committed onHold expectedAvailable
paymentType interval billingTimes trialDays billingSummary
hasSetupFee setupFee { cents } setupFeeLabel setupFeePerItem installment
licensed licenseLimit licenseMonths
packageSlug weight weightUnit length width height
soldIndividually shippingClassId: shippingClass { id }
media { attachmentId url title }
"""
DOCUMENT: Final = f"""
mutation Update($input: VariantUpdateInput!, $key: String, $dry: Boolean! = false) {{
  variantUpdate(input: $input, idempotencyKey: $key, validateOnly: $dry) {{
    variant {{ databaseId version updatedAt {FIELDS} }}
    product {{ version minPrice {{ cents }} maxPrice {{ cents }} stockAvailability }}
    events {{ name entityId version changedFields }}
    userErrors {{ code message field }}
  }}
}}
"""


# A subscription with a value in each of its terms.
TERMS: Final[dict[str, Any]] = {
    "price": 2000,
    "payment_type": PaymentType.SUBSCRIPTION,
    "interval": BillingInterval.MONTHLY,
    "billing_times": 12,
    "trial_days": 7,
    "billing_summary": "A year",
    "has_setup_fee": True,
    "setup_fee": 500,
    "setup_fee_label": "Setup",
    "setup_fee_per_item": True,
    "installment": True,
    "licensed": True,
    "license_limit": 3,
    "license_months": 12,
}


async def stock_shelf(gateway: Gateway) -> None:
    """Product 1 with a one-time variant (11), a subscription (12) and one with managed stock (13)."""
    managed: dict[str, Any] = {"manage_stock": True, "fulfillment_type": FulfillmentType.PHYSICAL, "available": 4}
    rows = [
        factories.product(PRODUCT, manage_stock=True),
        factories.variant(ONE_TIME, PRODUCT, price=1000, compare_price=1500),
        factories.variant(SUBSCRIPTION, PRODUCT, **TERMS),
        factories.variant(MANAGED, PRODUCT, price=3000, **managed),
    ]
    await factories.store_rows(gateway, rows)
    await derive(gateway, PRODUCT)


async def clear_shelf(gateway: Gateway) -> None:
    """Variants and pictures go with their product."""
    async with gateway.database.write() as connection:
        for row in (ProductRow, EventRow):
            await connection.execute(delete(row))
        await connection.commit()


async def derive(gateway: Gateway, *products: int) -> None:
    """What the database holds twice, after rows were written as they are."""
    variants = table(VariantRow)
    async with gateway.database.write() as connection:
        for row in (await connection.execute(select(variants.c.id, variants.c.title, variants.c.sku))).all():
            found = search_text(row.title, row.sku)
            await connection.execute(update_(variants).where(variants.c.id == row.id).values(search_text=found))
        await refresh_bundles(connection)
        for product in products:
            await refresh_products(connection, [product])
            await refresh_products_search(connection, [product])
        await connection.commit()


def id_of(variant: int) -> str:
    return identity.encode("ProductVariant", variant)


async def update(
    gateway: Gateway, variant: int, input: Mapping[str, Any], *, viewer: Viewer = ADMIN, **arguments: Any
) -> dict[str, Any]:
    """The payload of one update. `arguments` are `key` and `dry`."""
    variables = {"input": {"id": id_of(variant), **input}, **arguments}
    payload: dict[str, Any] = (await gateway(DOCUMENT, variables, viewer))["variantUpdate"]
    return payload


async def updated(gateway: Gateway, variant: int, input: Mapping[str, Any], **arguments: Any) -> dict[str, Any]:
    """The variant after an update that has to succeed."""
    payload = await update(gateway, variant, input, **arguments)
    assert payload["userErrors"] == [], payload["userErrors"]
    changed: dict[str, Any] = payload["variant"]
    return changed


async def broken(gateway: Gateway, variant: int, input: Mapping[str, Any], **arguments: Any) -> list[tuple[str, str]]:
    """The code and field of each user error of an update that has to fail."""
    payload = await update(gateway, variant, input, **arguments)
    assert payload["variant"] is None
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


async def shown(gateway: Gateway, variant: int) -> dict[str, Any]:
    found: dict[str, Any] = (
        await gateway(
            f"query Show($id: ID!) {{ productVariant(by: {{ id: $id }}) {{ databaseId version updatedAt {FIELDS} }} }}",
            {"id": id_of(variant)},
        )
    )["productVariant"]
    return found


UPDATED: Final = "variant.updated"


async def events(gateway: Gateway, name: str | None = None) -> list[dict[str, Any]]:
    """All that were written (of one name), in the writers' order."""
    async with gateway.database.read() as connection:
        rows = await connection.execute(select(table(EventRow)).order_by(table(EventRow).c.id))
        return [dict(row) for row in rows.mappings() if name in (None, row["name"])]


async def dump(gateway: Gateway) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    async with gateway.database.read() as connection:
        found = {}
        for each in METADATA.sorted_tables:
            rows = await connection.execute(select(each).order_by(*each.primary_key.columns))
            names = each.columns.keys()
            found[each.name] = [dict(zip(names, row, strict=True)) for row in rows]
        return found


async def as_stored(gateway: Gateway) -> dict[str, Sequence[Any]]:
    """Every row of every table as the driver gives it: enough to compare stores by, and quicker than a dump."""
    tables = {each.name: [f'"{column.name}"' for column in each.primary_key.columns] for each in METADATA.sorted_tables}
    if gateway.database.embedded:
        with contextlib.closing(sqlite3.connect(str(gateway.database.url.database))) as looking:
            asked = {name: f'SELECT * FROM "{name}" ORDER BY {", ".join(key)}' for name, key in tables.items()}
            return {name: looking.execute(statement).fetchall() for name, statement in asked.items()}
    rows = ", ".join(f'ARRAY(SELECT t::text FROM "{name}" t ORDER BY {", ".join(key)})' for name, key in tables.items())
    async with gateway.database.read() as connection:
        # One statement: to ask table by table takes a trip for each.
        found = (await connection.exec_driver_sql(f"SELECT {rows}")).one()
    return dict(zip(tables, found, strict=True))

"""What is done to variants."""

from typing import Any

import strawberry
from sqlalchemy import delete, insert, select
from sqlmodel import col

from db.catalog.media import MediaRow
from db.catalog.product import FulfillmentType
from db.catalog.variant import BillingInterval, PaymentType, VariantRow, VariantStatus
from db.derivations import refresh_products, refresh_products_search
from db.row import now, table
from db.writing import edit
from engine.errors import ErrorCode
from engine.input import finds, identifies
from engine.mutation import mutation
from engine.payload import Keys
from engine.scalars import URL, Cents
from engine.unit import Event, Unit
from resolvers import text
from resolvers.catalog import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.catalog.locking import VARIANT, locked_variant
from resolvers.catalog.variant_rules import check_variant
from resolvers.editing import graphql_names, named, refuse_outdated

MEDIA = table(MediaRow)


@strawberry.input(one_of=True, description="Exactly one of these.")
class ProductVariantBy:
    id: strawberry.Maybe[strawberry.ID] = finds(VariantRow.id, identifies="ProductVariant")
    database_id: strawberry.Maybe[int] = finds(VariantRow.id, description="The store's own number.")
    sku: strawberry.Maybe[str] = finds(VariantRow.sku)


@strawberry.input(description="A picture; `attachmentId` 0 is one that lives elsewhere.")
class MediaInput:
    attachment_id: int
    url: URL
    title: str = ""


@strawberry.input(
    description="What is named changes, null clears, what is absent stays. The rules hold for the result."
)
class VariantUpdateInput:
    id: strawberry.ID = identifies("ProductVariant")
    expected_version: int | None = strawberry.field(
        default=None, description="The version you edited; a newer one makes a CONFLICT and nothing is written."
    )
    title: strawberry.Maybe[str]
    sku: strawberry.Maybe[str | None]
    status: strawberry.Maybe[VariantStatus]
    position: strawberry.Maybe[int]
    fulfillment_type: strawberry.Maybe[FulfillmentType]
    downloadable: strawberry.Maybe[bool]
    description: strawberry.Maybe[str | None]
    price: strawberry.Maybe[Cents | None]
    compare_price: strawberry.Maybe[Cents | None]
    manage_cost: strawberry.Maybe[bool]
    cost: strawberry.Maybe[Cents | None]
    manage_stock: strawberry.Maybe[bool]
    total_stock: strawberry.Maybe[int]
    available: strawberry.Maybe[int]
    committed: strawberry.Maybe[int]
    on_hold: strawberry.Maybe[int]
    payment_type: strawberry.Maybe[PaymentType]
    interval: strawberry.Maybe[BillingInterval | None]
    billing_times: strawberry.Maybe[int | None]
    trial_days: strawberry.Maybe[int | None]
    billing_summary: strawberry.Maybe[str | None]
    has_setup_fee: strawberry.Maybe[bool]
    setup_fee: strawberry.Maybe[Cents | None]
    setup_fee_label: strawberry.Maybe[str | None]
    setup_fee_per_item: strawberry.Maybe[bool]
    installment: strawberry.Maybe[bool]
    package_slug: strawberry.Maybe[str | None]
    weight: strawberry.Maybe[float | None]
    weight_unit: strawberry.Maybe[str | None]
    length: strawberry.Maybe[float | None]
    width: strawberry.Maybe[float | None]
    height: strawberry.Maybe[float | None]
    media: strawberry.Maybe[list[MediaInput] | None] = strawberry.field(
        default=None, description="Replaces the pictures; an empty list removes them."
    )


@mutation(
    permission="products/edit",
    rest="POST /products/variants/{variantId}",
    emits=("variant.updated",),
)
async def variant_update(unit: Unit, input: VariantUpdateInput) -> Keys:
    """Change a variant; its product's prices and availability follow."""
    row = await locked_variant(unit, input.id, "id")
    entity = f"ProductVariant:{row['id']}"
    await refuse_outdated(unit, entity, input.expected_version, row["version"])

    values = check_variant(unit, row, named(input, leave=("id", "expected_version", "media")))
    await _check_sku(unit, values.get("sku"))
    media = None if input.media is None else await _other_media(unit, row["id"], input.media.value or [])
    unit.settle()

    changed = [name for name in values if name != "search_text"] + (["media"] if media is not None else [])
    if changed:
        await edit(unit.connection, VARIANT, row["id"], row["version"], values)
        if media is not None:
            await _replace_media(unit, row["id"], media)
        await refresh_products(unit.connection, [row["product_id"]])
        if "search_text" in values:
            await refresh_products_search(unit.connection, [row["product_id"]])
        unit.emit(
            Event(
                "variant.updated",
                entity,
                version=row["version"] + 1,
                changed=graphql_names(changed),
                payload={"variantId": row["id"], "productId": row["product_id"], "sku": values.get("sku", row["sku"])},
            )
        )
    return {"variant": row["id"], "product": row["product_id"]}


async def _check_sku(unit: Unit, sku: str | None) -> None:
    """Told together with the other rules; between two writers at once the unique constraint decides."""
    taken = select(VARIANT.c.id).where(VARIANT.c.sku == sku)
    if sku is not None and (await unit.connection.execute(taken)).first() is not None:
        unit.refuse(ErrorCode.CONFLICT, "sku is taken already", "sku")


async def _other_media(unit: Unit, variant_id: int, given: list[MediaInput]) -> list[dict[str, Any]] | None:
    """The pictures as rows; None when they are those that the variant has already."""
    wanted = [{"attachment_id": m.attachment_id, "url": m.url, "title": text.line(m.title)} for m in given]
    for index, picture in enumerate(wanted):
        if not text.is_web_address(str(picture["url"])):
            unit.refuse(ErrorCode.VALIDATION, "A picture needs an http or https URL", "media", str(index), "url")
    columns = (MEDIA.c.attachment_id, MEDIA.c.url, MEDIA.c.title)
    statement = select(*columns).where(col(MediaRow.variant_id) == variant_id).order_by(MEDIA.c.position, MEDIA.c.id)
    present = [dict(m) for m in (await unit.connection.execute(statement)).mappings()]
    return None if present == wanted else wanted


async def _replace_media(unit: Unit, variant_id: int, media: list[dict[str, Any]]) -> None:
    await unit.connection.execute(delete(MEDIA).where(MEDIA.c.variant_id == variant_id))
    if media:
        stamp = {"variant_id": variant_id, "version": 1, "created_at": now(), "updated_at": now()}
        await unit.connection.execute(
            insert(MEDIA), [{**m, **stamp, "position": i} for i, m in enumerate(media, start=1)]
        )

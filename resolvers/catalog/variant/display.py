"""How a variant is shown: its pictures, and its text in the pricing table."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import strawberry
from sqlalchemy import or_, select

from db.catalog.derivations import mark_modified
from db.catalog.events import VARIANT_UPDATED
from db.store.writing import edit
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.scalars import URL
from resolvers.catalog.locking import VARIANT, locked_variant
from resolvers.catalog.media import MEDIA, checked_pictures, pictures_of, replace_pictures
from resolvers.catalog.variant.input import MediaInput
from resolvers.editing import text
from resolvers.editing.updating import refuse_outdated

# The documents give the pricing table's text no limit, and the same text 255 characters elsewhere.
LONGEST_DESCRIPTION: Final = 2000
EXPECTED: Final = "The version you edited; a newer one makes a CONFLICT and nothing is written."


@strawberry.input(description="A picture by its attachment; what is left out is taken from the product's pictures.")
class VariantPictureInput:
    attachment_id: int = strawberry.field(description="0: a picture that lives elsewhere.")
    url: URL | None = strawberry.field(
        default=None,
        description="An http or https address; absent, that of the product's picture with this attachment.",
    )
    title: str | None = strawberry.field(
        default=None,
        description="What stands in its place; absent, that of the product's picture with this attachment.",
    )


@strawberry.input(description="The pictures of a variant.")
class VariantMediaSetInput:
    id: strawberry.ID = identifies("ProductVariant")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    media: list[VariantPictureInput] = strawberry.field(description="All its pictures; an empty list removes them.")


@strawberry.input(description="What the pricing table says of a variant.")
class VariantPricingTableUpdateInput:
    id: strawberry.ID = identifies("ProductVariant")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    description: str = strawberry.field(
        description=f"Up to {LONGEST_DESCRIPTION} characters in lines as they are; an empty text removes it."
    )


@mutation(permission="products/edit", rest="POST /products/variants/{variantId}/setMedia", emits=(VARIANT_UPDATED,))
async def variant_media_set(unit: Unit, input: VariantMediaSetInput) -> Keys:
    """Replace the pictures of a variant."""
    row = await _variant(unit, input.id, input.expected_version)
    media = checked_pictures(unit, await _complete(unit, row["product_id"], input.media))
    unit.settle()
    if media != await pictures_of(unit.connection, MEDIA.c.variant_id, row["id"]):
        await edit(unit.connection, VARIANT, row["id"], row["version"], {})
        await mark_modified(unit.connection, [row["id"]])
        await replace_pictures(unit.connection, MEDIA.c.variant_id, {row["id"]: media})
        unit.emit(VARIANT_UPDATED(row, {}, ("media",)))
    return {"variant": row["id"]}


@mutation(permission="products/edit", rest="PUT /products/variants/{variantId}/pricing-table", emits=(VARIANT_UPDATED,))
async def variant_pricing_table_update(unit: Unit, input: VariantPricingTableUpdateInput) -> Keys:
    """Write what the pricing table says of a variant: its description."""
    row = await _variant(unit, input.id, input.expected_version)
    description = text.lines(input.description)
    if len(description) > LONGEST_DESCRIPTION:
        unit.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_DESCRIPTION} characters", "description")
    unit.settle()
    if description != row["description"]:
        changes = {"description": description}
        await edit(unit.connection, VARIANT, row["id"], row["version"], changes)
        await mark_modified(unit.connection, [row["id"]])
        unit.emit(VARIANT_UPDATED(row, changes))
    return {"variant": row["id"]}


async def _variant(unit: Unit, id: str, expected_version: int | None) -> dict[str, Any]:
    row = await locked_variant(unit, id, "id")
    await refuse_outdated(unit, f"ProductVariant:{row['id']}", expected_version, row["version"])
    return row


async def _complete(unit: Unit, product_id: int, given: Sequence[VariantPictureInput]) -> list[MediaInput]:
    """With what the product knows of its pictures. One that it does not know stays without an address."""
    bare = {picture.attachment_id for picture in given if picture.url is None} - {0}
    known: Mapping[int, Any] = {}
    if bare:
        own = select(VARIANT.c.id).where(VARIANT.c.product_id == product_id)
        statement = (
            select(MEDIA.c.attachment_id, MEDIA.c.url, MEDIA.c.title)
            .where(or_(MEDIA.c.product_id == product_id, MEDIA.c.variant_id.in_(own)))
            .where(MEDIA.c.attachment_id.in_(bare))
            .order_by(MEDIA.c.id)
        )
        known = {row.attachment_id: row for row in await unit.connection.execute(statement)}
    complete = []
    for picture in given:
        found = known.get(picture.attachment_id) if picture.url is None else None
        # An address that is still missing is refused with those that are none.
        url = picture.url or URL("" if found is None else found.url)
        title = picture.title if picture.title is not None or found is None else found.title
        complete.append(MediaInput(attachment_id=picture.attachment_id, url=url, title=title or ""))
    return complete

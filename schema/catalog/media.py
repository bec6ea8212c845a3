"""Pictures of products and variants."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.catalog import visibility
from db.catalog.media import MediaRow
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.values.scalars import URL

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant


@entity(MediaRow, visible=visibility.media, description="A picture in a product's gallery, or of a variant.")
class Media(Node):
    attachment_id: int = column(
        MediaRow.attachment_id, description="The store's media library entry; 0 for a picture that lives elsewhere."
    )
    url: URL = computed(URL, MediaRow.url, description="Where browsers load it from, http or https.")
    title: str = column(
        MediaRow.title, description="What stands in its place where it cannot be seen; empty when there is none."
    )
    position: int = column(MediaRow.position, description="1 is shown first; a gallery's first is the featured image.")
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id, to=MediaRow.product_id, description="The product whose gallery it is in."
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to=MediaRow.variant_id, description="The variant it shows."
    )

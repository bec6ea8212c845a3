"""What can be followed."""

import strawberry

from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from engine.declared.batch import Argument
from engine.declared.declaration import related
from engine.declared.entity import entity_of
from engine.declared.following import Follower, followed
from engine.standard.context import Context
from engine.values.viewer import SIGNED_IN
from resolvers.catalog.product.listing import ProductBy, ProductFilter
from resolvers.live import events, inventory, products
from schema.catalog.product import Product
from schema.catalog.variant import ProductVariant
from schema.integration.event import Event


@strawberry.type(description="A product that changed, as it is now.")
class ProductChange:
    position: int = strawberry.field(description="Its place among all events: the `after` to come back with.")
    product_id: strawberry.ID = strawberry.field(description="The product's `id`, also when it is gone.")
    gone: bool = strawberry.field(
        description="Whether it is not there any more, or not for you, or does not pass the filter (any more): a copy "
        "of it is to be dropped."
    )
    product: Product | None = related(
        ProductRow.id, to="product", description="As it is now, which may be later than that position; null when gone."
    )


@strawberry.type(description="Stock that changed, as it is now.")
class InventoryChange:
    position: int = strawberry.field(description="Its place among all events: the `after` to come back with.")
    sku: str = strawberry.field(description="The SKU, as you wrote it.")
    gone: bool = strawberry.field(description="Whether no variant has this SKU any more, or none that you see.")
    variant: ProductVariant | None = related(
        VariantRow.id, to="variant", description="As it is now, which may be later than that position; null when gone."
    )


async def _product(context: Context, by: ProductBy) -> Follower:
    return await products.follow_one(context, entity_of(Product), by)


_VIEW = "products/view"


@strawberry.type(
    description="What can be followed, over a WebSocket (graphql-transport-ws) or as Server-Sent Events (graphql-sse). "
    "Every answer says in `extensions.position` where it stands; `after` goes on from there."
)
class Subscription:
    events: Event | None = followed(
        events.follow,
        Argument("types", list[str] | None, "Names of events: `product.updated`. All when absent.", default=None),
        Argument("entities", list[strawberry.ID] | None, "What happened to one of these.", default=None),
        permission=SIGNED_IN,
        description="What happens, each event once, in the order of `events`. Each needs the permission of what it "
        "tells of, asked again each time; visitors follow none.",
    )
    product_changed: ProductChange | None = followed(
        _product,
        Argument("by", ProductBy, "The product that has this key now; it is followed by its id from then on."),
        description="One product: how it stands first (unless `after` is given), then whenever it or what belongs to "
        "it changed. Changes that come together are told as one. What is hidden is told as gone, like what is deleted.",
    )
    products_changed: ProductChange | None = followed(
        products.follow_all,
        Argument(
            "filter", ProductFilter | None, "Only those that pass, as they are now; others are gone.", default=None
        ),
        permission=_VIEW,
        description="All products that pass, whenever one of them or what belongs to it changed. Changes that come "
        "together are told as one. GONE when a first import fills the store, which is not told row by row.",
    )
    inventory_changed: InventoryChange | None = followed(
        inventory.follow,
        Argument("skus", list[str], f"1 to {inventory.MOST_SKUS} SKUs, whatever their case."),
        permission=_VIEW,
        description="The stock of variants, whenever it changed, and their end. Changes that come together are told as "
        "one. GONE when a first import fills the store, which is not told row by row.",
    )


__all__ = ["InventoryChange", "ProductChange", "Subscription"]

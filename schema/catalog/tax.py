"""Tax classes and their rates."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.catalog import visibility
from db.catalog.product import ProductRow
from db.catalog.tax import TaxClassRow
from db.catalog.tax_rate import POINTS, TaxRateRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.lookup import lookup, picked
from resolvers.catalog.product.listing import PRODUCTS
from resolvers.catalog.tax import TAX_CLASSES
from resolvers.catalog.tax_rate import LISTED, TAX_RATES, TaxRateBy
from schema.simple import edits

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.taxonomy import Term


@entity(TaxClassRow, visible=visibility.staff, description="Which tax rates apply to a product.")
class TaxClass(Node):
    database_id: int = column(TaxClassRow.id)
    title: str = column(TaxClassRow.title, description="What the store calls it: 1 to 192 characters.")
    slug: str = column(
        TaxClassRow.slug,
        description="Its name for programs, unique among tax classes, up to 100 characters: `reduced-rate`.",
    )
    description: str = column(
        TaxClassRow.description,
        description="A note for those who choose it, up to 500 characters; empty when there is none.",
    )
    priority: int = column(
        TaxClassRow.priority, description="Of several classes that apply, the lowest comes first. Not below 0."
    )
    category_database_ids: list[int] = computed(list, TaxClassRow.categories, description="Categories it is meant for.")
    categories: list[Annotated["Term", strawberry.lazy("schema.catalog.taxonomy")]] = picked(
        TaxClassRow.categories, description="Categories it is meant for."
    )
    products: Connection[Annotated["Product", strawberry.lazy("schema.catalog.product")]] | None = connected(
        PRODUCTS,
        key=ProductRow.tax_class_id,
        to=TaxClassRow.id,
        description="The products of this class. When it is deleted, they have none.",
    )
    rates: Connection["TaxRate"] | None = connected(
        LISTED,
        key=TaxRateRow.tax_class_id,
        to=TaxClassRow.id,
        description="What its products are taxed by, where a store has taxes on. Its rates go with it.",
    )


def percent(points: int) -> Decimal:
    """Of a rate as it is stored."""
    return Decimal(points) / POINTS


@entity(
    TaxRateRow, visible=visibility.staff, description="What the products of a tax class are taxed by at an address."
)
class TaxRate(Node):
    database_id: int = column(TaxRateRow.id)
    name: str = column(TaxRateRow.name, description="What customers read: 1 to 192 characters.")
    country: str = column(TaxRateRow.country, description="Where it applies: two letters (ISO 3166-1).")
    state: str = column(
        TaxRateRow.state,
        description="The only state where it applies, by the shop's code in capitals; empty: all of them.",
    )
    city: str = column(TaxRateRow.city, description="The only town or city where it applies; empty: all of them.")
    postcodes: list[str] = computed(
        list,
        TaxRateRow.postcodes,
        description="The only postal codes where it applies, in capitals and without spaces and dashes, and ranges of "
        "digits: `73300...73399`; empty: all of them.",
    )
    rate: Decimal = computed(percent, TaxRateRow.rate, description='Percent of the price, exact: "8.25".')
    for_shipping: Decimal | None = computed(
        lambda points: None if points is None else percent(points),
        TaxRateRow.for_shipping,
        description="Percent of what sending costs; null: that is not taxed by it.",
    )
    compound: bool = column(
        TaxRateRow.compound, description="Whether it is on the price together with the taxes before it."
    )
    priority: int = column(
        TaxRateRow.priority, description="Of several rates that apply, the lowest is reckoned first. Not below 0."
    )
    tax_class: TaxClass | None = related(
        TaxClassRow.id, to=TaxRateRow.tax_class_id, description="The class whose products it is for."
    )


@strawberry.type
class TaxRateQueries:
    tax_rates: Connection[TaxRate] | None = connected(
        LISTED, permission="products/view", description="The rates of all tax classes, the oldest first unless sorted."
    )
    tax_rate: TaxRate | None = lookup(
        TaxRateBy, permission="products/view", description="One tax rate; null when absent."
    )


@edits(TaxRate, TAX_RATES)
class TaxRateMutations:
    """Its create, update and delete."""


@edits(TaxClass, TAX_CLASSES)
class TaxClassMutations:
    """Its create, update and delete."""

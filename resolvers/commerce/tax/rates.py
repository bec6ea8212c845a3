"""Whether and how a store taxes, and which rates apply to products at an address."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, and_, select

from db.catalog.product import ProductRow
from db.catalog.tax import TaxClassRow
from db.catalog.tax_rate import TaxRateRow, for_postcodes
from db.catalog.taxonomy import ProductTermRow
from db.commerce.order import TaxBehavior
from db.commerce.store_option import ADDRESS, TAX_BASIS, TAX_ENABLED, TAX_INCLUSION, TaxBasis, TaxInclusion
from db.commerce.sums.tax import Place, Rate, applying, class_of, codes_of
from db.store.row import table
from resolvers.commerce.rows import Rows

CLASS: Final = table(TaxClassRow)
PRODUCT: Final = table(ProductRow)
RATE: Final = table(TaxRateRow)
LINK: Final = table(ProductTermRow)
_OF_CLASS: Final = ("priority", "categories")
_OF_RATE: Final = ("name", "rate", "for_shipping", "compound", "priority", "country", "state", "city", "postcodes")


@dataclass(frozen=True, slots=True)
class Terms:
    """`home` is where the store is."""

    enabled: bool
    behavior: TaxBehavior
    basis: TaxBasis
    home: Place

    def place(self, billing: Mapping[str, Any] | None, shipping: Mapping[str, Any] | None) -> Place | None:
        """Whose rates apply to what is billed and sent there; None while nobody has said where that is."""
        if self.basis is TaxBasis.STORE:
            return self.home
        found = (billing or shipping) if self.basis is TaxBasis.BILLING else (shipping or billing)
        return None if found is None else Place.of(found)


def terms_of(settings: Mapping[str, Any]) -> Terms:
    """By the settings of the store that have no column."""
    included = TAX_INCLUSION.read(settings) is TaxInclusion.INCLUDED
    return Terms(
        enabled=TAX_ENABLED.read(settings),
        behavior=TaxBehavior.INCLUSIVE if included else TaxBehavior.EXCLUSIVE,
        basis=TAX_BASIS.read(settings),
        home=Place.of({name: ADDRESS[name].read(settings) for name in Place._fields}),
    )


async def rates_of(rows: Rows, place: Place | None, products: Collection[int]) -> dict[int, list[Rate]]:
    """The rates of products at an address by the products' keys, in the order in which they are reckoned: two
    statements, whatever the number of products. What is not there has none."""
    if place is None or not products:
        return {}
    classes: dict[int, dict[str, Any]] = {}
    rates: dict[int, list[Rate]] = {}
    for found in await rows(_rates_at(place)):
        row = found._mapping
        classes.setdefault(row["class_id"], {"id": row["class_id"], **{n: row[f"class_{n}"] for n in _OF_CLASS}})
        if row["id"] is not None:
            rates.setdefault(row["class_id"], []).append(dict(row))
    own: dict[int, int | None] = {}
    terms: dict[int, set[int]] = {}
    for product, class_id, term in await rows(_products(products)):
        own[product] = class_id
        terms.setdefault(product, set()).add(term)
    at_place = {key: applying(of, place) for key, of in rates.items()}
    of_product = {key: class_of(one, terms[key], classes.values()) for key, one in own.items()}
    return {key: at_place[one] for key, one in of_product.items() if one in at_place}


def _rates_at(place: Place) -> Select[Any]:
    """All classes, with their rates for the country and the state that may be for the postal code: a class without any
    takes its products from one of a higher priority all the same."""
    there = and_(
        RATE.c.country == place.country,
        RATE.c.state.in_(("", place.state)),
        for_postcodes(codes_of(place)),
    )
    return (
        select(
            CLASS.c.id.label("class_id"),
            *(CLASS.c[name].label(f"class_{name}") for name in _OF_CLASS),
            RATE.c.id,
            *(RATE.c[name] for name in _OF_RATE),
        )
        .select_from(CLASS.outerjoin(RATE, and_(RATE.c.tax_class_id == CLASS.c.id, there)))
        .order_by(CLASS.c.id, RATE.c.id)
    )


def _products(keys: Collection[int]) -> Select[Any]:
    """Products with their own class, once for each term that they have."""
    return (
        select(PRODUCT.c.id, PRODUCT.c.tax_class_id, LINK.c.term_id)
        .select_from(PRODUCT.outerjoin(LINK, LINK.c.product_id == PRODUCT.c.id))
        .where(PRODUCT.c.id.in_(sorted(keys)))
    )

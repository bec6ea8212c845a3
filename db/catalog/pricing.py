"""A change of a variant's price alone, in as few statements as a database allows.

It either does all of it (the checks, the price, the new version, the product's minimum and maximum) or nothing, and
then says nothing about why: the general way, which waits and explains, is for that.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Result,
    Select,
    Update,
    and_,
    bindparam,
    case,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.derivations import price_ranges, refresh_products
from db.catalog.events import VARIANT_UPDATED
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.store.row import MONEY, now, table
from engine.unit.unit import Event

PRODUCT = table(ProductRow)
VARIANT = table(VariantRow)

Run = Callable[[Executable, Mapping[str, Any]], Awaitable[Result[Any]]]


@dataclass(frozen=True, slots=True)
class Priced:
    """A variant whose price has changed, the event that tells of it, and whether that is written already."""

    product_id: int
    event: Event
    told: bool


async def change_prices(
    connection: AsyncConnection,
    variant_id: int,
    prices: Mapping[str, int],
    *conditions: ColumnElement[bool],
    deed: Mapping[str, Any],
    expected_version: int | None = None,
    run: Run | None = None,
) -> Priced | None:
    """Write `prices` (`price`, `compare_price` or both, in cents, not below 0) to a variant that they all differ from,
    that is at the expected version (at any, if None), meets the conditions, and keeps the rule between both prices.

    One statement on PostgreSQL, which writes the event too, as the `deed` of a unit; two on SQLite. None when any of
    that does not hold, when there is no such variant or, on PostgreSQL, when somebody else is writing to its product:
    nothing was written then. `run` may commit the one statement with its answer."""
    whole = connection.dialect.name == "postgresql"
    statement = _statement(connection.dialect.name, frozenset(prices), expected_version is not None, conditions)
    values: dict[str, Any] = {f"to_{name}": value for name, value in prices.items()}
    values |= {"of_variant": variant_id, "moment": now()}
    if expected_version is not None:
        values["at_version"] = expected_version
    if whole:
        values |= {**deed, "changed": list(VARIANT_UPDATED.shown(prices))}
    ran = run(statement, values) if run is not None and whole else connection.execute(statement, values)
    row = (await ran).one_or_none()
    if row is None:
        return None
    if not whole:
        await refresh_products(connection, [row.product_id], modified=True)
    before = {"id": variant_id, "product_id": row.product_id, "sku": row.sku, "version": row.version - 1}
    return Priced(row.product_id, VARIANT_UPDATED(before, prices), whole)


# A viewer who may not see everything brings conditions of its own each time, hence the bound.
@lru_cache(maxsize=64)
def _statement(
    dialect: str, names: frozenset[str], versioned: bool, conditions: tuple[ColumnElement[bool], ...]
) -> Executable:
    """Made once: to make it and to find its compiled text takes longer than to send it."""
    to = {name: bindparam(f"to_{name}", type_=MONEY) for name in sorted(names)}
    price, compare = to.get("price", VARIANT.c.price), to.get("compare_price", VARIANT.c.compare_price)
    change = (
        update(VARIANT)
        .where(VARIANT.c.id == bindparam("of_variant"), *conditions)
        .where(*(VARIANT.c[name] != value for name, value in to.items()))
        .where(or_(compare == 0, compare >= price))
        .values(**to, version=VARIANT.c.version + 1, updated_at=bindparam("moment"))
    )
    if versioned:
        change = change.where(VARIANT.c.version == bindparam("at_version"))
    return _whole(change, to.get("price")) if dialect == "postgresql" else change.returning(*_told())


def _told() -> tuple[ColumnElement[Any], ...]:
    return VARIANT.c.id, VARIANT.c.product_id, VARIANT.c.sku, VARIANT.c.version


def _whole(change: Update, price: ColumnElement[int] | None) -> Select[Any]:
    """All parts of a statement see the rows as they were when it began, so the other variants' prices may be old by
    the time that the product is locked. But whoever changes a variant's price holds its product and writes to it: if
    the product that was locked is the very version of the row (`xmin`) that was seen, no price has changed meanwhile.
    """
    owner = select(VARIANT.c.product_id).where(VARIANT.c.id == bindparam("of_variant")).scalar_subquery()
    held = (
        select(PRODUCT.c.id, literal_column("product.xmin").label("at"))
        .where(PRODUCT.c.id == owner)
        .with_for_update(skip_locked=True)
        .cte("held")
    )
    seen = PRODUCT.alias("seen")
    unchanged = and_(seen.c.id == held.c.id, literal_column("seen.xmin") == held.c.at)
    fresh = select(held.c.id).join(seen, unchanged).cte("fresh")
    changed = change.where(VARIANT.c.product_id == fresh.c.id).returning(*_told()).cte("changed")

    priced = (
        VARIANT.c.price
        if price is None
        else case((VARIANT.c.id == bindparam("of_variant"), price), else_=VARIANT.c.price)
    )
    ranges = (
        select(VARIANT.c.product_id, *(value.label(name) for name, value in price_ranges(priced).items()))
        .join(changed, changed.c.product_id == VARIANT.c.product_id)
        .group_by(VARIANT.c.product_id)
        .cte("ranges")
    )
    derived = (
        update(PRODUCT)
        .where(PRODUCT.c.id == ranges.c.product_id)
        .values({name: ranges.c[name] for name in price_ranges(priced)} | {"modified_at": bindparam("moment")})
        .returning(PRODUCT.c.id)
        .cte("derived")
    )
    told = VARIANT_UPDATED.written(dict(changed.c)).cte("told")
    return select(changed).add_cte(derived, told)

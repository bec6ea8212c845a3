"""What order bumps offer their variants for."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from db.catalog import visibility
from db.catalog.variant import VariantRow
from db.commerce.money import Amount, money_format
from db.commerce.order_bump import OrderBumpRow, offered_price
from db.commerce.store import MONEY_FORMAT
from db.store.row import table
from engine.standard.context import Context
from engine.values.statement import among

BUMP, VARIANT = table(OrderBumpRow), table(VariantRow)
_COLUMNS: Final = (BUMP.c.id, BUMP.c.discount_type, BUMP.c.discount_amount, VARIANT.c.price)


async def discounted_prices(context: Context, keys: Sequence[int]) -> list[Amount | None]:
    """Of each bump; None where its variant is hidden from the viewer."""
    statement = (
        select(*_COLUMNS, MONEY_FORMAT.label("money_format"))
        .select_from(BUMP.join(VARIANT, VARIANT.c.id == BUMP.c.source_variant_id))
        .where(among(BUMP.c.id, "keys", context.dialect), visibility.variants(context.viewer))
    )
    found = {
        row.id: Amount(offered_price(row.price, row.discount_type, row.discount_amount), money_format(row.money_format))
        for row in await context.rows(statement, {"keys": list(keys)})
    }
    return [found.get(key) for key in keys]

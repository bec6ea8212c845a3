"""What whoever bought is told of their order: as it is placed, and by its hash ever after."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, select

from connectors.payments import METHODS
from db.commerce.license import LicenseRow, status_at
from db.commerce.order import OrderItemRow, OrderRow, OrderTaxRow, TaxBehavior
from db.commerce.payment_method import PaymentMethodRow
from db.commerce.store import MONEY_FORMAT
from db.commerce.visibility import shows_keys, shows_order
from db.store.row import now, table
from engine.standard.context import Context
from resolvers.commerce.amounts import amounts
from resolvers.commerce.rows import Rows

_ITEM: Final = table(OrderItemRow)
_LICENSE: Final = table(LicenseRow)
_METHOD: Final = table(PaymentMethodRow)
_ORDER: Final = table(OrderRow)
_TAX: Final = table(OrderTaxRow)
_TOLD: Final = ("license_key", "status", "activation_limit", "activation_count", "expires_at")
MOST_LICENSES: Final = 100  # of which a receipt tells: what is more is listed by the staff
_TAXES: Final = select(_TAX).order_by(_TAX.c.priority, _TAX.c.tax_rate_id)


async def receipt(context: Context, uuid: str) -> dict[str, Any] | None:
    """Who knows the hash of an order is who was told it. No names and no addresses stand in what they read."""
    if not shows_order(context.viewer, uuid):
        return None
    found = await context.rows(select(_ORDER).where(_ORDER.c.uuid == uuid))
    if not found:
        return None
    order = found[0]._asdict()
    keys = shows_keys(context.viewer, uuid)
    return await receipt_of(context.rows, order) | {"licenses": await _licenses(context.rows, order) if keys else None}


async def receipt_of(rows: Rows, order: Mapping[str, Any]) -> dict[str, Any]:
    """As `schema.commerce.cart.checkout.CheckoutReceipt` has it, of an order as it is written."""
    names = ("product_title", "title", "quantity", "unit_price", "line_total")
    lines = await rows(
        select(*(_ITEM.c[name] for name in names))
        .where(_ITEM.c.order_id == order["id"])
        .order_by(_ITEM.c.position, _ITEM.c.id)
    )
    (packed,) = [row[0] for row in await rows(select(MONEY_FORMAT))]
    # An order keeps the currency that it was made in.
    cents = amounts(" ".join((order["currency"], *(packed or "USD before dot").split(" ")[1:])))

    # Of an order without tax there is nothing to ask for.
    taxed = order["tax_behavior"] is not TaxBehavior.NONE
    taxes = await rows(_TAXES.where(_TAX.c.order_id == order["id"])) if taxed else ()

    return {
        "uuid": order["uuid"],
        "number": order["id"],
        "status": order["status"].value,
        "payment_status": order["payment_status"].value,
        "shipping_status": None if order["shipping_status"] is None else order["shipping_status"].value,
        "payment_method": order["payment_method"],
        "payment_instructions": await _instructions(rows, order["payment_method"]),
        "items": [
            {**row._asdict(), "unit_price": cents(row.unit_price), "line_total": cents(row.line_total)} for row in lines
        ],
        **{name: cents(order[name]) for name in ("subtotal", "coupon_discount_total", "shipping_total", "total")},
        "tax_behavior": order["tax_behavior"].value,
        "tax": cents(order["tax_total"] + order["shipping_tax"]),
        "taxes": [
            {"name": row.name, "points": row.rate, "amount": cents(row.amount + row.shipping_amount)} for row in taxes
        ],
        "tracking_url": order["tracking_url"],
        # What a mutation answers is kept to be repeated: no keys stand in it.
        "licenses": None,
    }


async def _licenses(rows: Rows, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those that the order brought, as what was bought was called then."""
    columns, line = _LICENSE.c, _ITEM.alias()
    same = line.c.order_id == columns.order_id, line.c.variant_id == columns.variant_id
    first = select(func.min(line.c.id)).where(*same).correlate(_LICENSE).scalar_subquery()
    names = (*(columns[name] for name in _TOLD), _ITEM.c.product_title, _ITEM.c.title)
    found = await rows(
        select(*names)
        .select_from(_LICENSE.outerjoin(_ITEM, _ITEM.c.id == first))
        .where(columns.order_id == order["id"])
        .order_by(columns.id)
        .limit(MOST_LICENSES)
    )
    at = now()
    return [{**row._asdict(), "status": status_at(row._asdict(), at)} for row in found]


async def _instructions(rows: Rows, method: str) -> str:
    found = await rows(select(_METHOD.c.settings).where(_METHOD.c.key == method))
    return found[0].settings.get("checkout_instructions") or "" if found else ""


async def ways_to_pay(rows: Rows) -> list[dict[str, Any]]:
    """The methods that customers may choose, as they see them."""
    found = await rows(select(_METHOD.c.key, _METHOD.c.settings).where(_METHOD.c.active).order_by(_METHOD.c.key))
    return [
        {
            "method": row.key,
            "title": row.settings.get("checkout_label") or (METHODS[row.key].title if row.key in METHODS else row.key),
            "logo": row.settings.get("checkout_logo") or None,
            "instructions": row.settings.get("checkout_instructions") or "",
        }
        for row in found
    ]

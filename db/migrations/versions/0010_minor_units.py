"""Imported amounts of currencies without cents, or with mills, were kept as the store told them, in hundredths; now
they are minor units of their currency, once and for all. What somebody wrote here was in minor units already."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from db.commerce.currency import MINOR_DIGITS, digits, map_from_hundredths, whole_from_hundredths
from db.store.row import DOCUMENT

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BATCH: Final = 500  # rows in memory at once
ORDER: Final = (
    *("subtotal", "manual_discount_total", "coupon_discount_total", "discount_tax", "shipping_total", "shipping_tax"),
    *("fee_total", "tax_total", "total", "total_paid", "total_refund"),
)
ITEM: Final = (
    *("unit_price", "cost", "subtotal", "tax_amount", "shipping_charge", "discount_total", "line_total"),
    "refund_total",
)
SUBSCRIPTION: Final = ("setup_fee", "initial_tax_total", "recurring_amount", "recurring_tax_total", "recurring_total")
# By the fields of the graph, which events name.
VARIANT: Final = {"price": "price", "comparePrice": "compare_price", "cost": "cost", "setupFee": "setup_fee"}
PATH: Final = {"discountAmount": "discount_amount"}
CLASS: Final = {"cost": "cost"}


def upgrade() -> None:
    for number in sorted(set(MINOR_DIGITS.values())):
        codes = [code for code, digits_ in MINOR_DIGITS.items() if digits_ == number]
        order, item = _table("orders", ORDER, "currency"), _table("order_item", ITEM, "order_id")
        payment = _table("order_transaction", ("total",), "currency", "order_id")
        ordered = sa.select(order.c.id).where(order.c.currency.in_(codes))
        _convert(item, ITEM, number, item.c.order_id.in_(ordered))
        of_its_order = payment.c.currency.is_(None) & payment.c.order_id.in_(ordered)
        _convert(payment, ("total",), number, payment.c.currency.in_(codes) | of_its_order)
        _convert(order, ORDER, number, order.c.currency.in_(codes))
    _purchases()
    here = op.get_bind()
    currency = here.scalar(sa.text("SELECT currency FROM store WHERE id = 1"))
    if currency is None or digits(currency) == 2:
        return
    _convert(_table("subscription", SUBSCRIPTION), SUBSCRIPTION, digits(currency))
    customer = _table("customer", ("lifetime_value", "average_order_value"))
    _convert(customer, ("lifetime_value",), digits(currency))
    average = sa.func.round(
        customer.c.average_order_value * sa.literal_column(f"{10.0 ** (digits(currency) - 2):f}"), 2
    )
    op.execute(customer.update().values(average_order_value=average))
    if here.scalar(sa.text("SELECT count(*) FROM import_source")):
        _convert_told("product_variant", "ProductVariant", VARIANT, currency)
        _convert_told("upgrade_path", "UpgradePath", PATH, currency)
        _convert_told("shipping_class", "ShippingClass", CLASS, currency, "type = 'fixed'")
        _reprice()


def _table(name: str, amounts: Collection[str], *others: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, dict.fromkeys(("id", *amounts, *others))))


def _convert(
    table: sa.TableClause, columns: Sequence[str], number: int, where: sa.ColumnElement[bool] | None = None
) -> None:
    """Halves are rounded away from zero: integers are divided towards it on both databases."""
    told = "({0} + CASE WHEN {0} < 0 THEN -50 ELSE 50 END) / 100" if number == 0 else f"{{0}} * {10 ** (number - 2)}"
    values: dict[str, Any] = {column: sa.literal_column(told.format(column)) for column in columns}
    op.execute(table.update().where(sa.true() if where is None else where).values(values))


def _purchases() -> None:
    customer = sa.table("customer", sa.column("id"), sa.column("purchase_value", DOCUMENT))
    for row in _rows(customer, customer.c.purchase_value.is_not(None)):
        if (converted := map_from_hundredths(row["purchase_value"])) != row["purchase_value"]:
            op.execute(customer.update().where(customer.c.id == row["id"]).values(purchase_value=converted))


def _convert_told(name: str, entity: str, fields: Mapping[str, str], currency: str, where: str = "true") -> None:
    """Rows that were imported, but for the columns that somebody has written here since, as events tell."""
    written = _written_here(entity, fields)
    table = _table(name, fields.values())
    for row in _rows(table, sa.text(where)):
        values = {
            column: whole_from_hundredths(row[column], currency)
            for column in fields.values()
            if row[column] and column not in written[row["id"]]
        }
        if row.get("compare_price") is not None:
            result = {**row, **values}
            values["compare_price"] = 0 if result["compare_price"] < result["price"] else result["compare_price"]
        if values:
            op.execute(table.update().where(table.c.id == row["id"]).values(values))


def _written_here(entity: str, fields: Mapping[str, str]) -> defaultdict[int, set[str]]:
    event = sa.table(
        "event", *(sa.column(name, sa.String) for name in ("name", "entity")), sa.column("changed", DOCUMENT)
    )
    written: defaultdict[int, set[str]] = defaultdict(set)
    told = sa.select(event).where(event.c.entity.startswith(f"{entity}:"))
    for row in op.get_bind().execute(told):
        made = row.name.endswith(".created")
        columns = {column for field, column in fields.items() if made or field in row.changed}
        written[int(row.entity.rpartition(":")[2])] |= columns
    return written


def _reprice() -> None:
    product, variant = (
        _table("product", ("min_price", "max_price")),
        _table("product_variant", ("price",), "product_id"),
    )
    mine = sa.select(sa.func.coalesce(sa.func.min(variant.c.price), 0)).where(variant.c.product_id == product.c.id)
    most = sa.select(sa.func.coalesce(sa.func.max(variant.c.price), 0)).where(variant.c.product_id == product.c.id)
    op.execute(product.update().values(min_price=mine.scalar_subquery(), max_price=most.scalar_subquery()))


def _rows(table: sa.TableClause, where: sa.ColumnElement[bool] | sa.TextClause) -> Iterator[Mapping[str, Any]]:
    """In the order of their keys, a batch at a time: each may be written while the next are read."""
    statement = sa.select(table).where(where).order_by(table.c.id).limit(BATCH)
    rows: Collection[Any] = op.get_bind().execute(statement).mappings().all()
    while rows:
        yield from rows
        last = [row["id"] for row in rows][-1]
        rows = op.get_bind().execute(statement.where(table.c.id > last)).mappings().all()

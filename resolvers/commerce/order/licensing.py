"""Licences that an order misses, made by hand."""

from db.commerce.order import OrderStatus, OrderType
from db.commerce.sums.validity import brings
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.license.input import LicensesGenerateInput
from resolvers.commerce.license.issuing import ISSUES, issue_licenses
from resolvers.commerce.order.stock import hold_variants
from resolvers.commerce.order.writing import ORDER, hold_customers, lines_of


@mutation(permission="licenses/manage", rest=None, emits=ISSUES, audited=True)
async def licenses_generate(unit: Unit, input: LicensesGenerateInput) -> Keys:
    """Make the licences that a paid order misses, as its payment would: of one that was paid before its variant was
    licensed, or in a shop that an import has brought it from. They last from now on. What is there is not made again,
    nor what is DISABLED, nor what is of pieces that came back. At most 1000 at a time: `missing` says how many are
    left."""
    row = await ORDER.load(unit, input.order_id, path="orderId")
    if row["type"] is OrderType.RENEWAL:
        message = "A renewal brings none of its own: those of the order that it renews last longer"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "orderId")
    elif row["status"] is OrderStatus.CANCELED:
        unit.refuse(ErrorCode.BUSINESS_RULE, "It is CANCELED", "orderId")
    elif not brings(row):
        message = f"It is not paid: {row['payment_status'].name}"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "orderId")
    unit.settle()
    lines = list((await lines_of(unit, row["id"])).values())
    # In the order in which whoever writes an order holds them.
    await hold_customers(unit, [row["customer_id"]])
    shelf = await hold_variants(unit, sorted({line["variant_id"] for line in lines} - {None}))
    issued = await issue_licenses(unit, row, lines, shelf.variants)
    return {"order": row["id"], "licenses": issued.keys, "missing": issued.left}

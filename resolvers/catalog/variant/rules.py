"""The rules of a variant's fields: of one field, where it changes; between fields, for the result of the change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.product import FulfillmentType, StockStatus
from db.catalog.shipping import ShippingClassRow
from db.catalog.sku import key_of_stored, written
from db.catalog.variant import NO_SETUP_FEE, ONE_TIME, PaymentType, VariantRow, stock_status
from db.store.row import now, table
from db.text.search import search_text
from engine.unit.unit import Errors, Refuses
from engine.values.errors import ErrorCode
from engine.values.naming import camel
from resolvers.editing import text
from resolvers.editing.updating import differences

Refuse: TypeAlias = Callable[[str, str], None]  # a column, what is wrong with it

VARIANT = table(VariantRow)

LONGEST_TRIAL: Final = 365
LONGEST_LICENSE: Final = 1200  # months; whatever lasts longer is for life
FEWEST_INSTALLMENTS: Final = 2
LONGEST: Final = {
    "title": 200,
    "sku": 30,
    "description": 255,
    "billing_summary": 255,
    "setup_fee_label": 100,
    "package_slug": 100,
    "weight_unit": 10,
}
NOT_NEGATIVE: Final = (
    "price",
    "compare_price",
    "cost",
    "total_stock",
    "available",
    "committed",
    "on_hold",
    "billing_times",
    "setup_fee",
    "license_limit",
    "weight",
    "length",
    "width",
    "height",
)
# Null clears, and so does an empty text: this is stored where the column has no null.
CLEARED: Final = {
    "title": "",
    "description": "",
    "price": 0,
    "compare_price": 0,
    "cost": 0,
    "billing_times": 0,
    "trial_days": 0,
    "billing_summary": "",
    "license_limit": 0,
}


# A variant of which nothing has been said. Rows are made by the thousand: a copy of this costs less than another row.
BLANK: Final = VariantRow(product_id=0, title="", fulfillment_type=FulfillmentType.DIGITAL).model_dump(exclude={"id"})


def _holds(values: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [VARIANT.c[name].is_not_distinct_from(value) for name, value in values.items()]


# Rows of which a change of prices alone changes nothing else and breaks no other rule than that between the prices: the
# same as `_check_together` and `check_variant` below say, for a statement that writes without reading first.
PRICES_ALONE: Final = and_(
    or_(
        and_(VARIANT.c.payment_type == PaymentType.ONETIME, *_holds(ONE_TIME)),
        and_(
            VARIANT.c.payment_type == PaymentType.SUBSCRIPTION,
            VARIANT.c.interval.is_not(None),
            or_(
                and_(VARIANT.c.has_setup_fee, VARIANT.c.setup_fee.is_not(None), VARIANT.c.setup_fee_label != ""),
                and_(~VARIANT.c.has_setup_fee, *_holds(NO_SETUP_FEE)),
            ),
            ~and_(VARIANT.c.installment, VARIANT.c.billing_times.between(0, FEWEST_INSTALLMENTS - 1)),
        ),
    ),
    or_(
        and_(
            VARIANT.c.stock_status == StockStatus.IN_STOCK,
            VARIANT.c.supplied,
            or_(~VARIANT.c.manage_stock, VARIANT.c.available > 0),
        ),
        and_(
            VARIANT.c.stock_status == StockStatus.OUT_OF_STOCK,
            or_(~VARIANT.c.supplied, and_(VARIANT.c.manage_stock, VARIANT.c.available == 0)),
        ),
    ),
)
DERIVED: Final = frozenset({"stock_status", "search_text", "sku_key"})


def check_variant(errors: Refuses, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What to write to a row for what was asked of it: the columns that change, derived ones included; none when the
    caller changes nothing. Refuses broken rules on their fields."""

    def refuse(name: str, message: str) -> None:
        errors.refuse(ErrorCode.VALIDATION, message, camel(name))

    values = {name: _stored(row, name, value) for name, value in asked.items()}
    _check_alone(differences(row, values), refuse)
    result = {**row, **values}
    if result["manage_cost"] and "cost" in asked and asked["cost"] is None:
        refuse("cost", "A managed cost needs a cost")
    _check_together(result, refuse)

    if result["payment_type"] is PaymentType.ONETIME:
        values |= ONE_TIME
    elif not result["has_setup_fee"]:
        values |= NO_SETUP_FEE
    values["stock_status"] = stock_status(
        managed=result["manage_stock"], available=result["available"], supplied=result["supplied"]
    )
    values["search_text"] = search_text(result["title"], result["sku"])
    values["sku_key"] = key_of_stored(result["sku"])
    changes = differences(row, values)
    return changes if changes.keys() - DERIVED else {}


def check_new_variant(errors: Refuses, asked: Mapping[str, Any], **given: Any) -> VariantRow:
    """The row of a variant that is to be made: `new_variant` as a row."""
    return VariantRow(**new_variant(errors, asked, **given))


def new_variant(errors: Refuses, asked: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    """The columns of a variant that is to be made, all but its key. `given` are those that the caller cannot name or
    may leave out: at least `product_id` and `position`. Refuses broken rules on their fields: those of an update, for
    all of the row, and what a new variant has to say."""

    def refuse(name: str, message: str) -> None:
        errors.refuse(ErrorCode.VALIDATION, message, camel(name))

    moment = now()
    blank = {**BLANK, "created_at": moment, "updated_at": moment, **given}
    changes = check_variant(errors, blank, asked)
    if not blank["title"] and "title" not in changes:
        refuse("title", "A title is required")
    if asked.get("manage_cost") and "cost" not in asked:
        refuse("cost", "A managed cost needs a cost")
    if asked.get("payment_type") is PaymentType.SUBSCRIPTION and "has_setup_fee" not in asked:
        refuse("has_setup_fee", "A subscription says whether it has a setup fee")
    made = {**blank, **changes}
    made["stock_status"] = stock_status(
        managed=made["manage_stock"], available=made["available"], supplied=made["supplied"]
    )
    made["search_text"] = search_text(made["title"], made["sku"])
    made["sku_key"] = key_of_stored(made["sku"])
    return made


class SkuWanted(NamedTuple):
    """What a variant is to have for a SKU, by its key; None: none, so that it gives up the one that it has. `errors`
    are of the change that it is part of, at its place."""

    errors: Errors
    variant: int | None  # None: it is to be made
    key: str | None


async def refuse_taken_skus(connection: AsyncConnection, wanted: Sequence[SkuWanted]) -> None:
    """Refuse SKUs that another variant would have too, each where it was named; in one statement. What a variant gives
    up in the same request is free, unless the change that it is part of is refused. Of two that want the same the first
    gets it, and one that is refused anyway gets none. Told together with the other rules; between two writers at once
    the unique index decides."""
    asked = {each.key for each in wanted if each.key is not None}
    if not asked:
        return
    statement = select(VARIANT.c.sku_key, VARIANT.c.id).where(VARIANT.c.sku_key.in_(asked))
    owners: dict[str, int] = {row.sku_key: row.id for row in await connection.execute(statement)}
    refused = [each for each in wanted if each.errors]
    good = [each for each in wanted if not each.errors]
    while taken := _taken(good, owners):
        _refuse_taken(taken)
        good = [each for each in good if not each.errors]
    # Whoever mends the rest is told of these too.
    for change in {id(each.errors.found): each.errors.found for each in refused}.values():
        own = [each for each in refused if each.errors.found is change]
        _refuse_taken(each for each in _taken([*good, *own], owners) if each in own)


def _refuse_taken(wanted: Iterable[SkuWanted]) -> None:
    for each in wanted:
        each.errors.refuse(ErrorCode.CONFLICT, "sku is taken already", "sku")


def _taken(wanted: Sequence[SkuWanted], owners: Mapping[str, int]) -> list[SkuWanted]:
    """Those that meet another, were all of these written."""
    changing = {each.variant for each in wanted}
    found, given = [], set()
    for each in wanted:
        if each.key is None:
            continue
        if each.key in given or owners.get(each.key, each.variant) not in changing:
            found.append(each)
        given.add(each.key)
    return found


async def refuse_missing_shipping_classes(
    connection: AsyncConnection, wanted: Sequence[tuple[Refuses, int | None]]
) -> None:
    """Refuse shipping classes that are not there, each at `shippingClassId`; in one statement."""
    asked = {key for _, key in wanted if key is not None}
    if not asked:
        return
    id_of = table(ShippingClassRow).c.id
    there = set((await connection.execute(select(id_of).where(id_of.in_(asked)))).scalars())
    for errors, key in wanted:
        if key is not None and key not in there:
            errors.refuse(ErrorCode.VALIDATION, "No such shipping class", "shippingClassId")


def _stored(row: Mapping[str, Any], name: str, value: Any) -> Any:
    if name == "sku" and value is not None:
        value = written(text.line(value)) or None
    elif name in LONGEST and value is not None:
        value = (text.lines(value) if name == "description" else text.line(value)) or None
    if name in LONGEST and value is not None:
        value = text.bounded(value, LONGEST[name], row.get(name))
    return CLEARED.get(name) if value is None else value


def _check_alone(changes: Mapping[str, Any], refuse: Refuse) -> None:
    if changes.get("title") == "":
        refuse("title", "A title is required")
    for name, most in LONGEST.items():
        if len(changes.get(name) or "") > most:
            refuse(name, f"At most {most} characters")
    for name in NOT_NEGATIVE:
        if (changes.get(name) or 0) < 0:
            refuse(name, "Not below 0")
    if not 0 <= changes.get("trial_days", 0) <= LONGEST_TRIAL:
        refuse("trial_days", f"A trial has 0 to {LONGEST_TRIAL} days")
    months = changes.get("license_months")
    if months is not None and not 1 <= months <= LONGEST_LICENSE:
        refuse("license_months", f"A licence lasts 1 to {LONGEST_LICENSE} months, or for life (null)")


def _check_together(result: Mapping[str, Any], refuse: Refuse) -> None:
    if result["compare_price"] and 0 <= result["compare_price"] < result["price"]:
        refuse("compare_price", "Compare price must not be below the price")
    if result["payment_type"] is PaymentType.ONETIME:
        return
    if result["interval"] is None:
        refuse("interval", "A subscription needs an interval")
    if result["has_setup_fee"] and result["setup_fee"] is None:
        refuse("setup_fee", "A setup fee needs an amount")
    if result["has_setup_fee"] and not result["setup_fee_label"]:
        refuse("setup_fee_label", "A setup fee needs a label")
    if result["installment"] and 0 <= result["billing_times"] < FEWEST_INSTALLMENTS:
        refuse("billing_times", f"Installments need at least {FEWEST_INSTALLMENTS} billing times")

"""Rules of what order bumps offer, and when."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, select

from db.catalog import visibility
from db.catalog.product import ProductRow
from db.catalog.taxonomy import CATEGORIES, TermRow
from db.catalog.variant import PaymentType, VariantRow
from db.commerce.order_bump import FIELDS, OrderBumpDiscountType
from db.commerce.sums.share import WHOLE
from db.store.row import table
from db.text.address import LONGEST_MAIL_ADDRESS
from engine.unit.unit import Errors, Refuses, Unit
from engine.values.errors import ErrorCode
from engine.values.naming import camel
from resolvers.commerce.bump.input import OrderBumpConditionInput, OrderBumpDiscountInput
from resolvers.editing import text
from resolvers.editing.locking import MOST_REFERENCED, key_of

MOST_CONDITIONS: Final = 20
PRODUCT, TERM, VARIANT = table(ProductRow), table(TermRow), table(VariantRow)
_VALUES: Final = tuple(looked.value for looked in FIELDS.values())


async def offered(unit: Unit, id: str) -> int:
    """The key of a variant that may be offered, held as it is until the transaction ends."""
    key = key_of(id)
    statement = (
        select(VARIANT.c.payment_type)
        .where(VARIANT.c.id == key, visibility.variants(unit.viewer))
        .with_for_update(read=True)
    )
    kind = (await unit.connection.execute(statement)).scalar()
    if kind is None:
        unit.refuse(ErrorCode.NOT_FOUND, "No such variant", "variantId")
    elif kind is PaymentType.SUBSCRIPTION:
        # Nobody says which of its payments the discount is for.
        unit.refuse(ErrorCode.BUSINESS_RULE, "A subscription is no offer beside a cart", "variantId")
    return key


def discount(errors: Refuses, asked: OrderBumpDiscountInput | None) -> dict[str, Any]:
    """As it is stored, in two columns."""
    if asked is None:
        return {"discount_type": None, "discount_amount": None}
    if asked.amount < 0:
        errors.refuse(ErrorCode.VALIDATION, "Not below 0", "discount", "amount")
    elif asked.type is OrderBumpDiscountType.PERCENTAGE and asked.amount > WHOLE:
        message = f"A percentage is at most 100 ({WHOLE} hundredths)"
        errors.refuse(ErrorCode.VALIDATION, message, "discount", "amount")
    return {"discount_type": asked.type, "discount_amount": int(asked.amount)}


async def conditions(unit: Unit, asked: Sequence[OrderBumpConditionInput]) -> list[dict[str, Any]]:
    """As they are stored (`db.commerce.order_bump.offered` reads them), each refused in its place."""
    if len(asked) > MOST_CONDITIONS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_CONDITIONS} conditions", "conditions")
        return []
    kept = [_condition(unit.at("conditions", str(index)), one) for index, one in enumerate(asked)]
    for name, of, what, seen in (
        ("variant_ids", VARIANT, "variant", visibility.variants(unit.viewer)),
        ("product_ids", PRODUCT, "product", visibility.products(unit.viewer)),
        ("category_ids", TERM, "category", TERM.c.taxonomy == CATEGORIES),
    ):
        named = {index: one[name] for index, one in enumerate(kept) if one.get(name)}
        found = await _found(unit, of, {key for keys in named.values() for key in keys}, seen)
        for index, keys in named.items():
            for place, key in enumerate(keys):
                if key not in found:
                    path = ("conditions", str(index), camel(name), str(place))
                    unit.refuse(ErrorCode.NOT_FOUND, f"No such {what}", *path)
            kept[index][name] = list(dict.fromkeys(keys))
    return kept


def _condition(errors: Errors, asked: OrderBumpConditionInput) -> dict[str, Any]:
    looked, word = FIELDS[asked.field], asked.field.name
    if asked.operator not in looked.operators:
        takes = ", ".join(operator.name for operator in looked.operators)
        errors.refuse(ErrorCode.VALIDATION, f"{word} takes {takes}", "operator")
    for name in _VALUES:
        if name != looked.value and getattr(asked, name) is not None:
            errors.refuse(ErrorCode.VALIDATION, f"{word} takes none; it takes {camel(looked.value)}", camel(name))
    value = _value(errors, looked.value, getattr(asked, looked.value))
    return {"field": asked.field.value, "operator": asked.operator.value, looked.value: value}


def _value(errors: Errors, name: str, given: Any) -> Any:
    path = camel(name)
    if given is None or given == []:
        errors.refuse(ErrorCode.VALIDATION, "It needs a value", path)
        return None
    if isinstance(given, list):
        if len(given) > MOST_REFERENCED:
            errors.refuse(ErrorCode.VALIDATION, f"At most {MOST_REFERENCED} of them", path)
            return None
        return [key_of(each) for each in given]
    if isinstance(given, str):
        kept = text.line(given)
        if not kept:
            errors.refuse(ErrorCode.VALIDATION, "It needs a value", path)
        elif len(kept) > LONGEST_MAIL_ADDRESS:
            errors.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_MAIL_ADDRESS} characters", path)
        return kept[:LONGEST_MAIL_ADDRESS]
    if given < 0:
        errors.refuse(ErrorCode.VALIDATION, "Not below 0", path)
    return int(given)


async def _found(unit: Unit, of: Table, keys: set[int], seen: ColumnElement[bool]) -> set[int]:
    """Those of the keys that there are. Nothing is locked: a condition may outlive what it names, and is met by no cart
    then, or with NONE_OF by every one."""
    if not keys:
        return set()
    found = await unit.connection.execute(select(of.c.id).where(of.c.id.in_(keys), seen))
    return set(found.scalars())

"""What is done to coupons."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Table

from db.catalog import visibility as catalog
from db.catalog.taxonomy import CATEGORIES, TermRow
from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.coupon import FOUND_BY, CouponRow
from db.commerce.events import COUPON_CREATED, COUPON_DELETED, COUPON_UPDATED
from db.store.row import now, table
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.naming import camel
from resolvers.commerce.coupon.input import CouponCreateInput, CouponDeleteInput, CouponUpdateInput
from resolvers.commerce.coupon.rules import check
from resolvers.editing import text
from resolvers.editing.editable import Editable, Text
from resolvers.editing.locking import referenced
from resolvers.editing.updating import named, said

COUPONS: Final = Editable(
    CouponRow,
    visibility.coupons,
    *(COUPON_CREATED, COUPON_UPDATED, COUPON_DELETED),
    texts={
        "title": Text(200, required="A title is required"),
        "code": Text(50, required="A code is required"),
        "notes": Text(5000, text.lines),
    },
    not_negative=("priority", "min_purchase", "max_purchase", "max_discount"),
)
VARIANT: Final = table(VariantRow)
TERM: Final = table(TermRow)
# Lists of ids by the input's names: the column, and what one of them is.
_LISTS: Final[Mapping[str, tuple[str, Table, str]]] = {
    **{f"{which}_variant_ids": (f"{which}_variants", VARIANT, "variant") for which in ("included", "excluded")},
    **{f"{which}_category_ids": (f"{which}_categories", TERM, "category") for which in ("included", "excluded")},
    **{f"{which}_variant_ids": (f"{which}_variants", VARIANT, "variant") for which in ("buy", "get")},
}
# What a new coupon is unless its input says otherwise.
_BLANK: Final[Mapping[str, Any]] = {
    name: CouponRow.model_fields[name].get_default(call_default_factory=True)
    for name in ("start_at", "end_at", "min_purchase", "max_purchase", "max_uses", "max_per_customer")
}


@mutation(permission="coupons/manage", rest="POST /coupons", emits=(COUPON_CREATED,))
async def coupon_create(unit: Unit, input: CouponCreateInput) -> Keys:
    """Make a coupon. No other has its code, whatever the case."""
    values = await _checked(unit, _BLANK, said(input))
    made = await COUPONS.make(unit, {**values, **_found_by(values)})
    return {"coupon": made["id"]}


@mutation(permission="coupons/manage", rest="PUT /coupons/{id}", emits=(COUPON_UPDATED,))
async def coupon_update(unit: Unit, input: CouponUpdateInput) -> Keys:
    """Change a coupon. Orders that were placed with it stay as they were."""
    row = await COUPONS.load(unit, input.id, input.expected_version)
    values = await _checked(unit, row, named(input, leave=("id", "expected_version")))
    await COUPONS.change(unit, row, {**values, **_found_by({**row, **values})})
    return {"coupon": row["id"]}


@mutation(permission="coupons/delete", rest="DELETE /coupons/{id}", emits=(COUPON_DELETED,))
async def coupon_delete(unit: Unit, input: CouponDeleteInput) -> Keys:
    """Delete a coupon. Orders that were placed with it keep its code and what it took off."""
    row = await COUPONS.load(unit, input.id, input.expected_version)
    await COUPONS.remove(unit, row)
    return {"deleted_id": row["id"]}


def _found_by(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: made(row) for name, made in FOUND_BY.items()}


async def _checked(unit: Unit, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored."""
    values = COUPONS.checked(unit, asked)
    for name, (column, of, what) in _LISTS.items():
        if name in values:
            among = _among(unit, of)
            values[column] = await referenced(unit, of, values.pop(name), among, what=what, path=camel(name))
    return check(unit, row, values, now())


def _among(unit: Unit, of: Table) -> ColumnElement[bool]:
    return catalog.variants(unit.viewer) if of is VARIANT else TERM.c.taxonomy == CATEGORIES

"""How coupons are found and listed."""

from typing import Final

from sqlalchemy import ColumnElement, and_

from db.commerce.coupon import CouponRow, CouponStatus, CouponType, code_key
from db.store.row import table
from engine.declared.filter_input import filter_input
from engine.declared.input import finds, lookup_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.filtering import filters
from engine.values.operators import CentsOperators, DateTimeOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing.searching import of_text

COUPON: Final = table(CouponRow)

CouponBy: Final = lookup_input(
    "Coupon", CouponRow.id, code=finds(CouponRow.code_key, fold=code_key, description="Whatever its case.")
)


def _of_fixed(_operator: str, comparison: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of a percentage the same column holds basis points."""
    return and_(COUPON.c.type == CouponType.FIXED, comparison)


@filter_input()
class CouponFilter:
    database_id: IntOperators | None = filters(CouponRow.id)
    code: TextOperators | None = filters(CouponRow.code_key, fold=code_key, description="Whatever the case.")
    type: EnumOperators[CouponType] | None = filters(CouponRow.type)
    status: EnumOperators[CouponStatus] | None = filters(
        CouponRow.status, description="By its `status`, which may follow its dates by some seconds."
    )
    amount: CentsOperators | None = filters(
        CouponRow.amount, within=_of_fixed, description="What a FIXED coupon takes off; others do not pass."
    )
    use_count: IntOperators | None = filters(CouponRow.use_count)
    start_at: DateTimeOperators | None = filters(CouponRow.start_at)
    end_at: DateTimeOperators | None = filters(CouponRow.end_at)
    created_at: DateTimeOperators | None = filters(CouponRow.created_at)


COUPONS: Final = Listing(
    sorting=sortable(
        "Coupon",
        description="What coupons can be sorted by. A single field is answered from an index.",
        default=("ID", SortDirection.DESC),  # the documented default
        ID=CouponRow.id,
        CODE=(CouponRow.code_key, "By their codes, whatever the case."),
        TITLE=(CouponRow.title_key, "By their titles, whatever the case and accents."),
        PRIORITY=CouponRow.priority,
        STATUS=CouponRow.status,
    ),
    filter=CouponFilter,
    search=of_text(COUPON.c.search_text, "titles and codes"),
)

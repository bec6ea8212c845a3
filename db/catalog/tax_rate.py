"""Tax rates: what a tax class costs at an address."""

from typing import Any, Final

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, SORTED_TEXT, VersionedRow

# A rate is whole ten-thousandths of a percent: 82500 is 8.25 %. So it is exact, and the same on both databases.
DECIMALS: Final = 4  # of a percentage
POINTS: Final = 10**DECIMALS
ALL: Final = 100 * POINTS


class TaxRateRow(VersionedRow, table=True):
    """`country` is two capital letters, `state` the shop's code in capitals; an empty `state` or `city` is any.
    `postcodes` are codes, or ranges of digits as `73300...73399`; none: any. `rate` and `for_shipping` are points."""

    __tablename__ = "tax_rate"
    __table_args__ = (
        CheckConstraint(f"rate >= 0 AND rate <= {ALL}", name="rate"),
        CheckConstraint(f"for_shipping >= 0 AND for_shipping <= {ALL}", name="for_shipping"),
        Index("ix_tax_rate_country_state", "country", "state"),
        Index("ix_tax_rate_tax_class_id", "tax_class_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    tax_class_id: int = Field(foreign_key="tax_class.id", ondelete="CASCADE", sa_type=KEY)
    name: str
    country: str = Field(sa_type=SORTED_TEXT)
    state: str = ""
    city: str = ""
    postcodes: list[Any] = Field(default_factory=list, sa_type=DOCUMENT)
    rate: int
    for_shipping: int | None = None  # None: shipping is not taxed by it
    compound: bool = False
    priority: int = 1

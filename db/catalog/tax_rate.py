"""Tax rates: what a tax class costs at an address."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    String,
    and_,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, SORTED_TEXT, VersionedRow, table
from db.text.portable import is_portable

# A rate is whole ten-thousandths of a percent: 82500 is 8.25 %. So it is exact, and the same on both databases.
DECIMALS: Final = 4  # of a percentage
POINTS: Final = 10**DECIMALS
ALL: Final = 100 * POINTS
RANGE: Final = "..."  # between the ends of a range of postal codes


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


class _elements(FunctionElement[str]):
    """The texts of a list in a document, as rows of `value`."""

    type = String()
    inherit_cache = True


@compiles(_elements, "sqlite")
def _elements_on_sqlite(element: _elements, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_elements, "postgresql")
def _elements_on_postgresql(element: _elements, compiler: SQLCompiler, **kw: Any) -> str:
    return f"jsonb_array_elements_text({compiler.process(element.clauses, **kw)})"


def for_postcodes(codes: Collection[str]) -> ColumnElement[bool]:
    """Whether a rate may be for one of these postal codes, plain and in capitals: it names none, or one of them, or a
    range that one of them is in. All that `db.commerce.sums.tax.matches` are among them, and hardly any other."""
    postcodes = table(TaxRateRow).c.postcodes
    any_code = cast(postcodes, String) == literal_column("'[]'")
    sought = sorted(code for code in codes if code and is_portable(code))
    if not sought:
        return any_code
    wanted = cast(_elements(postcodes).table_valued("value", name="wanted").c.value, SORTED_TEXT)
    named = [wanted.in_(sought), *(_in_range(wanted, code) for code in sought if code.isdecimal())]
    return or_(any_code, exists(select(literal_column("1")).where(or_(*named))))


def _in_range(wanted: ColumnElement[str], code: str) -> ColumnElement[bool]:
    first, last = func.substr(wanted, 1, len(code)), func.substr(wanted, len(code) + len(RANGE) + 1)
    between = func.substr(wanted, len(code) + 1, len(RANGE)) == RANGE
    return and_(between, first <= code, last >= code)

"""Rows as the documents name their columns: what partners of the documented system know."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import ColumnElement, Executable, Select, Table, select

from db.commerce.customer import CustomerRow
from db.commerce.order import OrderAddressRow, OrderItemRow, OrderRow, OrderTransactionRow
from db.commerce.subscription import SubscriptionRow
from db.integration.template.value import moment
from db.secrets.confidential import without_secrets
from db.store.row import table
from engine.values.viewer import Viewer

Columns: TypeAlias = Mapping[str, Any]  # by our own names


class Rows(Protocol):
    """How statements are asked: `db.store.statements.ConnectionStatements.rows`."""

    async def __call__(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class Seer:
    """Whose statements are kept: viewers who see the same rows have the same ones."""

    key: Hashable
    viewer: Viewer = field(compare=False)

    @classmethod
    def of(cls, viewer: Viewer) -> "Seer":
        return cls(viewer.visibility_key, viewer)


@dataclass(frozen=True, slots=True)
class Record:
    """`renamed`: the documented names of columns that are called otherwise here. `left_out` is told to nobody."""

    table: Table
    renamed: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    def statement(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """All that may be told of the rows, in the order of their ids."""
        columns = [column for column in self.table.c if column.name not in self.left_out]
        return select(*columns).where(*conditions).order_by(self.table.c.id)

    def told(self, row: Columns) -> dict[str, Any]:
        """As JSON holds it: amounts in minor units, moments as texts."""
        return {self.renamed.get(name, name): plain(value) for name, value in row.items()}


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value


def columns(row: Any) -> Columns:
    """Of a row that was read. Its documents are left without what looks like a secret: a template cannot name one."""
    return {
        name: without_secrets(value) if isinstance(value, dict | list) else value
        for name, value in row._mapping.items()
    }


def by(column: str, rows: Iterable[Any]) -> dict[Any, list[Columns]]:
    """Rows by what they say in a column, each in the order that they came in."""
    found: dict[Any, list[Columns]] = {}
    for row in rows:
        found.setdefault(getattr(row, column), []).append(columns(row))
    return found


_VERSION: Final = frozenset({"version"})
_FOUND_BY: Final = frozenset({"email_key", "name_key", "search_text"})
ORDER: Final = Record(
    table(OrderRow),
    {"total": "total_amount"},
    # Whether another shop was told is this one's affair.
    _VERSION | _FOUND_BY | {"tracking_told_at", "tracking_problem", "tracking_former"},
)
ITEM: Final = Record(
    table(OrderItemRow),
    {"product_id": "post_id", "variant_id": "object_id", "product_title": "post_title", "position": "cart_index"},
    # What a thing cost the store is nothing for whoever is told of orders.
    _VERSION | _FOUND_BY | {"cost"},
)
TRANSACTION: Final = Record(
    table(OrderTransactionRow),
    {"type": "transaction_type", "card_last4": "card_last_4", "extra": "meta"},
    _VERSION,
)
ADDRESS: Final = Record(
    table(OrderAddressRow), {"address1": "address_1", "address2": "address_2", "extra": "meta"}, _VERSION
)
CUSTOMER: Final = Record(
    table(CustomerRow),
    {
        "lifetime_value": "ltv",
        "average_order_value": "aov",
        "first_purchase_at": "first_purchase_date",
        "last_purchase_at": "last_purchase_date",
    },
    # What the staff notes of people is for the staff.
    _VERSION | _FOUND_BY | {"notes"},
)
SUBSCRIPTION: Final = Record(
    table(SubscriptionRow),
    {
        "order_id": "parent_order_id",
        "variant_id": "variation_id",
        "interval": "billing_interval",
        "setup_fee": "signup_fee",
        "next_billing_at": "next_billing_date",
    },
    _VERSION | _FOUND_BY,
)

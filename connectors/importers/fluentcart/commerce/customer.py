"""`GET /customers`, and of each `GET /customers/{id}/address`."""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from connectors.importers.fluentcart.asking import NotTold, together, told
from connectors.importers.fluentcart.client import Client
from connectors.importers.fluentcart.commerce.address import PLACE
from connectors.importers.fluentcart.money import convert, currency_of
from connectors.importers.fluentcart.remote_list import Batch, RemoteList
from connectors.importers.fluentcart.values import (
    branch,
    cents,
    document,
    entries,
    exact,
    flag,
    key,
    moment,
    name,
    paragraphs,
    plain,
    present,
    reference,
    shown,
    whole,
    word,
)
from connectors.importers.mapping import Columns, Field, Mapped, Record, Tells, Unreadable
from connectors.importers.report import Skipped
from db.commerce.address import AddressType
from db.commerce.counted.bought import COUNTED
from db.commerce.currency import from_hundredths, map_from_hundredths
from db.commerce.customer import FOUND_BY, CustomerAddressRow, CustomerRow, CustomerStatus
from db.commerce.events import (
    CUSTOMER_ADDRESS_CREATED,
    CUSTOMER_ADDRESS_DELETED,
    CUSTOMER_ADDRESS_UPDATED,
    CUSTOMER_CREATED,
    CUSTOMER_UPDATED,
)
from db.commerce.sums.exact import rounded

CUSTOMER: Final = Mapped(
    "customers",
    CustomerRow,
    {
        "id": Field("id", key),
        "uuid": Field("uuid", name()),
        "user_id": Field("user_id", reference),
        "contact_id": Field("contact_id", reference),
        "email": Field("email", present(name())),
        "first_name": Field("first_name", plain("")),
        "last_name": Field("last_name", plain("")),
        "status": Field("status", word(CustomerStatus, CustomerStatus.ACTIVE)),
        "purchase_value": Field("purchase_value", lambda value: map_from_hundredths(document(branch(value))) or {}),
        "purchase_count": Field("purchase_count", whole(0, least=0)),
        "lifetime_value": Field("ltv", cents(least=-(2**53) + 1)),
        "average_order_value": Field("aov", exact(Decimal(0), digits=15, places=2)),
        "first_purchase_at": Field("first_purchase_date", moment),
        "last_purchase_at": Field("last_purchase_date", moment),
        "notes": Field("notes", paragraphs("")),
        "country": Field("country", plain("")),
        "city": Field("city", plain("")),
        "state": Field("state", plain("")),
        "postcode": Field("postcode", plain("")),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    unique=("uuid", "email"),
    tells=Tells(CUSTOMER_CREATED, CUSTOMER_UPDATED),
    # Counted here as soon as orders of theirs were made or changed here.
    quiet=COUNTED,
    found_by=FOUND_BY,
)

ADDRESS: Final = Mapped(
    "customer addresses",
    CustomerAddressRow,
    {
        "id": Field("id", key),
        "customer_id": Field("customer_id", key),
        "is_primary": Field("is_primary", flag()),
        "type": Field("type", word(AddressType)),
        "status": Field("status", plain("active")),
        "label": Field("label", plain("")),
        **PLACE,
        "phone": Field("phone", plain("")),
        "email": Field("email", plain("")),
        "extra": Field("meta", document),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    tells=Tells(CUSTOMER_ADDRESS_CREATED, CUSTOMER_ADDRESS_UPDATED, CUSTOMER_ADDRESS_DELETED),
)


@dataclass(slots=True)
class Customer:
    """`listed` are all addresses that the source names; None: it did not tell them, and the stored ones stay.
    `counted`: what they bought is no column that the source tells: it is `told` (how many orders, what they spent in
    minor units, of which currency), else counted of their orders (connectors.connected_stores.totals)."""

    row: Columns
    addresses: dict[int, Columns] = field(default_factory=dict)
    listed: set[int] | None = field(default_factory=set)
    counted: bool = False
    told: tuple[int, int, str] | None = None

    @property
    def id(self) -> int:
        identifier: int = self.row["id"]
        return identifier


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    id: int
    record: Record
    addresses: tuple[tuple[AddressType, Record], ...] | None


async def _complete(client: Client, fresh: list[tuple[int, Record]]) -> tuple[list[ListedCustomer], list[Skipped]]:
    skipped: list[Skipped] = []

    async def whole_of(identifier: int, record: Record) -> ListedCustomer:
        addresses = []
        for kind in AddressType:
            try:
                answer = await told(client, f"/customers/{identifier}/address", {"type": kind.value})
            except NotTold as reason:
                skipped.append(Skipped(ADDRESS.entity, f"of customer {identifier}", "", str(reason)))
                return ListedCustomer(identifier, record, None)
            addresses.append((kind, answer))
        return ListedCustomer(identifier, record, tuple(addresses))

    return await together(whole_of(identifier, record) for identifier, record in fresh), skipped


CUSTOMERS: Final = RemoteList(CUSTOMER.entity, "/customers", "customers", _complete)


def read_customers(batch: Batch[ListedCustomer], source: str) -> tuple[list[Customer], list[Skipped]]:
    """The customers of a batch, and what of it cannot be read. Never raises."""
    customers: list[Customer] = []
    skipped = list(batch.skipped)
    for listed in batch.records:
        try:
            row = CUSTOMER.read(listed.record)
            currency = currency_of(listed.record)
            convert(CUSTOMER, row, currency)
        except Unreadable as unreadable:
            skipped.append(Skipped(CUSTOMER.entity, str(listed.id), unreadable.field, unreadable.reason))
            continue
        row["average_order_value"] = rounded(Fraction(from_hundredths(row["average_order_value"], currency)), 2)
        row["uuid"] = row["uuid"] or str(uuid5(NAMESPACE_URL, f"{source}/customers/{listed.id}"))
        customer = Customer(row)
        for kind, answer in listed.addresses or ():
            try:
                told_addresses = entries(answer.get("addresses"))
            except Unreadable as unreadable:
                place = f"of customer {listed.id}"
                skipped.append(Skipped(ADDRESS.entity, place, "addresses", unreadable.reason))
                customer.listed = None
                break
            for entry in told_addresses:
                _read_address(customer, entry, kind, skipped)
        if listed.addresses is None:
            customer.listed = None
        _one_primary(customer, skipped)
        customers.append(customer)
    return customers, skipped


def _read_address(customer: Customer, entry: Any, kind: AddressType, skipped: list[Skipped]) -> None:
    try:
        record = branch(entry)
        identifier = ADDRESS.columns["id"](record, branch)
        if customer.listed is not None:
            if identifier in customer.listed:
                return  # a store that ignores the type tells each address twice
            customer.listed.add(identifier)
        row = ADDRESS.read({"customer_id": customer.id, "type": kind.value, **record})
        if row["customer_id"] != customer.id:
            raise Unreadable(f"belongs to customer {row['customer_id']}, not to {customer.id}", "customer_id")
        customer.addresses[row["id"]] = row
    except Unreadable as unreadable:
        identifier_shown = shown(entry.get("id") if isinstance(entry, dict) else entry)
        place = f"{identifier_shown} of customer {customer.id}"
        skipped.append(Skipped(ADDRESS.entity, place, unreadable.field, unreadable.reason))


def _one_primary(customer: Customer, skipped: list[Skipped]) -> None:
    """The lowest identifier stays the primary address of its type."""
    primary: dict[AddressType, int] = {}
    for identifier, row in sorted(customer.addresses.items()):
        if row["is_primary"] and primary.setdefault(row["type"], identifier) != identifier:
            row["is_primary"] = False
            place, reason = f"of customer {customer.id}", f"{primary[row['type']]} is the primary one already"
            skipped.append(Skipped("links", f"{place}, address {identifier}", "is_primary", reason))

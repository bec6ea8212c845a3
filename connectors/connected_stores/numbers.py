"""Numbers of records: which source's are ours, and which are given to what is made here."""

from typing import Any, Final

from sqlalchemy import Select, Table, delete, exists, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connected_stores.declared import StoreKind
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.commerce.coupon import CouponRow
from db.commerce.customer import CustomerRow
from db.commerce.order import OrderRow
from db.commerce.subscription import SubscriptionRow
from db.integration.connected_store import ConnectedStoreRow, RemoteRecordRow
from db.store.importing import ImportRow
from db.store.primary_keys import begin_at
from db.store.row import table

SHOP: Final = table(ConnectedStoreRow)
RECORD: Final = table(RemoteRecordRow)
IMPORT: Final = table(ImportRow)
# Tables whose numbers callers see (`databaseId`) and a source gives.
NUMBERED: Final[tuple[Table, ...]] = tuple(
    table(row) for row in (ProductRow, VariantRow, CustomerRow, CouponRow, OrderRow, SubscriptionRow)
)
# What is made here is numbered from this on, once a source keeps its own: a shop that gives a number so high has had
# a billion orders. GraphQL's Int ends at 2 147 483 647.
OURS: Final = 1_000_000_000
# Only this importer takes its shop's numbers over.
_KEEPS: Final = "fluentcart"


async def keeps_numbers(connection: AsyncConnection, kind: StoreKind, site: str) -> bool:
    """Whether the shop's numbers are the rows' own. What came of it under an earlier connection decides: its rows are
    known by the numbers that they got then."""
    known = exists(select(RECORD.c.local_id).where(RECORD.c.connection == SHOP.c.guid))
    earlier = _earlier(kind, site).where(SHOP.c.keeps_numbers | known)
    found = (await connection.execute(earlier.limit(1))).mappings().first()
    return await first_source(connection, kind, site) if found is None else bool(found["keeps_numbers"])


async def take_over(connection: AsyncConnection, guid: str, kind: StoreKind, site: str) -> None:
    """Which number is which, of the shop's earlier connections, is known to this one, whose row is there. What the
    newest of them says counts."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    names = ["connection", "kind", "remote_id", "local_id", "recognised"]
    for earlier in (await connection.execute(_earlier(kind, site))).mappings().all():
        theirs = RECORD.c.connection == earlier["guid"]
        moved = select(literal(guid), *(RECORD.c[name] for name in names[1:])).where(theirs)
        await connection.execute(insert(RECORD).from_select(names, moved).on_conflict_do_nothing())
        await connection.execute(delete(RECORD).where(theirs))


def _earlier(kind: StoreKind, site: str) -> Select[Any]:
    """Connections of the same shop that were removed, the newest first."""
    same = (
        SHOP.c.provider == kind.key,
        SHOP.c.store_url == site,
        SHOP.c.removed_at.is_not(None),
    )
    return select(SHOP.c.guid, SHOP.c.keeps_numbers).where(*same).order_by(SHOP.c.removed_at.desc())


async def first_source(connection: AsyncConnection, kind: StoreKind, site: str) -> bool:
    """Whether the shop's numbers are the rows' own: it is the one that everything here was imported from, or nothing is
    here yet."""
    if kind.key != _KEEPS:
        return False
    others = select(SHOP.c.guid).where(SHOP.c.keeps_numbers, SHOP.c.store_url != site)
    if (await connection.execute(others.limit(1))).first() is not None:
        return False
    sites = set((await connection.scalars(select(IMPORT.c.source).distinct())).all())
    if sites:
        return sites == {site}
    for one in NUMBERED:
        if (await connection.execute(select(exists(select(one.c.id))))).scalar_one():
            return False
    return True


async def reserve(connection: AsyncConnection) -> None:
    """From here on new rows are numbered beyond what the source may ever give."""
    await begin_at(connection, NUMBERED, OURS)

"""Links to downloads: a merchant's to any file, and those that an order gives its customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from connectors.storage import Links
from db.catalog import visibility
from db.catalog.download import DownloadRow
from db.commerce.entitlement import Entitlement, Verdict, entitlements
from db.commerce.order import DownloadPermissionRow
from db.store.row import now, table
from engine.standard.context import Context
from engine.values import identity
from engine.values.scalars import URL

DOWNLOAD, PERMISSION = table(DownloadRow), table(DownloadPermissionRow)


@dataclass(frozen=True, slots=True)
class OrderedFile:
    """A file of an order, as its customer meets it now. `link` is what a link for them says: the order and the file's
    identifier; None while the order permits no download."""

    download: int
    title: str | None
    type: str | None
    file_name: str | None
    file_size: int | None
    status: Verdict
    link: tuple[int, str] | None
    remaining: int | None
    expires_at: datetime | None


async def download_url(context: Context, id: str) -> URL | None:
    """A link to a file, for who may see it; None for a file that is absent or hidden."""
    key = identity.number(identity.decode(id).key)
    statement = select(DOWNLOAD.c.identifier).where(DOWNLOAD.c.id == key, visibility.downloads(context.viewer))
    found = await context.rows(statement) if key is not None else ()
    return URL(context.database.port(Links).url(found[0].identifier)) if found else None


async def download_urls(context: Context, keys: Sequence[str]) -> list[URL]:
    """For each file's identifier such a link."""
    links = context.database.port(Links)
    return [URL(links.url(identifier)) for identifier in keys]


async def ordered_files(context: Context, keys: Sequence[int]) -> list[list[OrderedFile]]:
    """For each order the files that its customer receives."""
    found: dict[int, list[OrderedFile]] = {key: [] for key in keys}
    for entitlement in await entitlements(context.rows, keys, at=now()):
        found[entitlement.order_id].append(_file(entitlement))
    return [found[key] for key in keys]


async def customer_urls(context: Context, keys: Sequence[tuple[int, str] | None]) -> list[URL | None]:
    """For each such pair a link; None for none."""
    return [None if key is None else _url(context, *key) for key in keys]


async def permission_urls(context: Context, keys: Sequence[int]) -> list[URL | None]:
    """For each permission a link for its customer; None where the order permits no download now."""
    statement = (
        select(PERMISSION.c.id, PERMISSION.c.order_id, DOWNLOAD.c.identifier)
        .join(DOWNLOAD, DOWNLOAD.c.id == PERMISSION.c.download_id)
        .where(PERMISSION.c.id.in_(keys))
    )
    places = {row.id: (row.order_id, row.identifier) for row in await context.rows(statement)}
    links = {
        (e.order_id, e.download["identifier"]): _link(e)
        for e in await entitlements(context.rows, {order for order, _ in places.values()}, at=now())
    }
    return await customer_urls(context, [links.get(places[key]) if key in places else None for key in keys])


def _file(entitlement: Entitlement) -> OrderedFile:
    download = entitlement.download
    return OrderedFile(
        download=download["id"],
        title=download["title"],
        type=download["type"],
        file_name=download["file_name"],
        file_size=download["file_size"],
        status=entitlement.verdict(now()),
        link=_link(entitlement),
        remaining=entitlement.remaining,
        expires_at=entitlement.expires_at,
    )


def _link(entitlement: Entitlement) -> tuple[int, str] | None:
    if entitlement.verdict(now()) is not Verdict.GRANTED:
        return None
    return entitlement.order_id, entitlement.download["identifier"]


def _url(context: Context, order_id: int, identifier: str) -> URL:
    return URL(context.database.port(Links).url(identifier, order_id=order_id))

"""Files of an order, as its customer meets them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from connectors.storage import Links
from db.catalog.download import DownloadRow
from db.commerce.entitlement import Verdict
from db.commerce.order import OrderRow
from engine.declared.batch import batched
from engine.declared.declaration import related
from engine.standard.context import Context
from engine.values.scalars import URL
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.download import OrderedFile, customer_urls, ordered_files

if TYPE_CHECKING:
    from schema.catalog.download import ProductDownload


@strawberry.type(description="A file that an order brings, with the link for its customer.")
class OrderDownload:
    title: str | None = strawberry.field(description="What buyers see it called; null when it has none.")
    type: str | None = strawberry.field(description="The kind of file, usually its extension; null when not said.")
    file_name: str | None = strawberry.field(description="The name that buyers save it under.")
    file_size: float | None = strawberry.field(description="In bytes, whole; null when not known.")
    status: Verdict = strawberry.field(description="Whether it may be downloaded now.")
    url: URL | None = batched(
        customer_urls,
        to="link",
        ports=(Links,),
        description="A link for the customer, made anew each time it is asked for; it lasts an hour unless the server "
        "says otherwise. Each download through it counts. Null unless the status is GRANTED.",
    )
    remaining: int | None = strawberry.field(description="How many downloads are left; null is any number.")
    expires_at: datetime | None = strawberry.field(description="When the order ceases to permit it; null is never.")
    download: Annotated["ProductDownload", strawberry.lazy("schema.catalog.download")] | None = related(
        DownloadRow.id, to="download", description="The file as the store has it; null without products/view."
    )
    row: strawberry.Private[Any]


async def _of_orders(context: Context, keys: Sequence[int]) -> list[list[OrderDownload]]:
    return [[_shown(file) for file in files] for files in await ordered_files(context, keys)]


def _shown(file: OrderedFile) -> OrderDownload:
    one = object.__new__(OrderDownload)
    one.row = file
    for name in ("title", "type", "file_name", "file_size", "status", "remaining", "expires_at"):
        setattr(one, name, getattr(file, name))
    return one


def order_downloads() -> Any:
    return batched(
        _of_orders,
        to=OrderRow.id,
        description="The files that its customer receives, whether permitted now or not.",
    )

"""Pictures as callers give them, for products' galleries and for variants alike."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Column, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.media import MediaRow
from db.store.row import now, table
from engine.unit.unit import Refuses
from engine.values.errors import ErrorCode
from resolvers.editing import text

MEDIA = table(MediaRow)


class Given(Protocol):
    @property
    def attachment_id(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def title(self) -> str: ...


def checked_pictures(errors: Refuses, given: Sequence[Given], *path: str) -> list[dict[str, Any]]:
    """The pictures as columns, in their order. Refuses addresses that no browser shows and negative attachments, under
    `path` (`media` unless named)."""
    place = path or ("media",)
    for index, picture in enumerate(given):
        if picture.attachment_id < 0:
            errors.refuse(ErrorCode.VALIDATION, "Not below 0", *place, str(index), "attachmentId")
        if not text.is_web_address(picture.url):
            errors.refuse(ErrorCode.VALIDATION, "A picture needs an http or https URL", *place, str(index), "url")
    return [{"attachment_id": p.attachment_id, "url": p.url, "title": text.line(p.title)} for p in given]


async def pictures_of(connection: AsyncConnection, owner: Column[Any], key: int) -> list[dict[str, Any]]:
    """The pictures of one owner, as `checked_pictures` gives them. `owner` is a key column of MEDIA."""
    columns = (MEDIA.c.attachment_id, MEDIA.c.url, MEDIA.c.title)
    statement = select(*columns).where(owner == key).order_by(MEDIA.c.position, MEDIA.c.id)
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def replace_pictures(
    connection: AsyncConnection, owner: Column[Any], pictures: Mapping[int, Sequence[Mapping[str, Any]]]
) -> None:
    """Give each owner these pictures instead of those it has, in at most two statements for all."""
    await connection.execute(delete(MEDIA).where(owner.in_(pictures)))
    stamp = {"version": 1, "created_at": now(), "updated_at": now()}
    rows = [
        {**picture, owner.name: key, **stamp, "position": position}
        for key, of_owner in pictures.items()
        for position, picture in enumerate(of_owner, start=1)
    ]
    if rows:
        await connection.execute(insert(MEDIA), rows)

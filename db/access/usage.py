"""When each credential was used last."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Table, bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.access.application_password import ApplicationPasswordRow
from db.access.session import SessionRow
from db.access.token import TokenRow
from db.store.row import table

_TABLES: Final[Mapping[str, Table]] = {
    "token": table(TokenRow),
    "session": table(SessionRow),
    "application": table(ApplicationPasswordRow),
}


async def mark(connection: AsyncConnection, used: Mapping[str, datetime]) -> None:
    """Note when credentials were used, by their names in `Viewer.credential`; an earlier moment changes nothing."""
    for kind, of in _TABLES.items():
        rows = [
            {"key": int(name.partition(":")[2]), "moment": moment}
            for name, moment in sorted(used.items())
            if name.startswith(f"{kind}:")
        ]
        if rows:
            last = of.c.last_used_at
            earlier = last.is_(None) | (last < bindparam("moment", type_=last.type))
            statement = update(of).where(of.c.id == bindparam("key"), earlier)
            await connection.execute(statement.values(last_used_at=bindparam("moment", type_=last.type)), rows)

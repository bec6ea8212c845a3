"""Changes of what callers may edit. This is the only place that bumps `version`."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.row import now


async def edit(connection: AsyncConnection, table: Table, key: Any, version: int, values: Mapping[str, Any]) -> bool:
    """Write `values` to a row that is still at `version`; False when somebody else was faster."""
    (primary,) = table.primary_key.columns
    result = await connection.execute(
        update(table)
        .where(primary == key, table.c.version == version)
        .values(**values, version=version + 1, updated_at=now())
    )
    return bool(result.rowcount == 1)

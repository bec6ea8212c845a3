"""PostgreSQL's driver, whose broken connections are left without waiting for the server.

SQLAlchemy closes a connection that was broken off in good manners, for up to two seconds: somebody whose time is over
waits them out when the server is silent. Everything else is SQLAlchemy's own dialect.
"""

import asyncio
from typing import Any, Final

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.util import await_
from sqlalchemy.util.concurrency import in_greenlet

DRIVER: Final = "postgresql+leaving"
# In which a server that answers has cancelled the statement and closed; nobody notices it.
_PATIENCE_SECONDS: Final = 0.2

_CLOSING: Final[set[asyncio.Task[None]]] = set()


class Dialect(PGDialect_asyncpg):
    supports_statement_cache = True

    def do_terminate(self, dbapi_connection: Any) -> None:
        if in_greenlet():
            await_(_left(dbapi_connection))
        else:
            dbapi_connection.terminate()  # collected as garbage, where nothing can be waited for


async def _left(connection: Any) -> None:
    """Asks the server to cancel what runs and to close, and goes on without its answer when that takes long."""
    closing = asyncio.create_task(_closed(connection), name="closing a connection")
    _CLOSING.add(closing)
    closing.add_done_callback(_CLOSING.discard)
    await asyncio.wait({closing}, timeout=_PATIENCE_SECONDS)


async def _closed(connection: Any) -> None:
    try:
        await connection._terminate_graceful_close()
    except Exception:  # noqa: BLE001  a connection that cannot be closed is cut
        connection._terminate_force_close()
    except asyncio.CancelledError:
        connection._terminate_force_close()
        raise


registry.register("postgresql.leaving", __name__, "Dialect")

"""The demo store: a recording of a real FluentCart store, imported the way any store is."""

import contextlib
import sqlite3
import sys
from pathlib import Path
from typing import Final

from sqlalchemy import exists, select
from sqlmodel import col

from db.catalog.product import ProductRow
from db.store.database import Database
from db.store.importing import ImportRow
from server.demo.furnishing import furnish, put_files
from server.settings.mistake import Mistake
from server.settings.settings import Settings
from server.startup import alone, named, opened, store_file

# Reserved for examples (RFC 2606): nobody is asked. The store's own links and pictures begin with it.
SITE: Final = "https://store.example"
_RECORDING: Final = "fluentcart-store.jsonl.xz"
# In a wheel in the room that this module is in, in a checkout with the other data of the tests.
_ROOM: Final = Path(__file__).parent.parent
_PLACES: Final = (_ROOM / "demo" / _RECORDING, _ROOM.parent / "tests" / "data" / _RECORDING)


async def fill(database: Database, files: Path) -> None:
    """Import the recording, furnish it and open its shop unless that has been done; what was interrupted goes on.
    `files` is where its files are put. Raises Mistake when the database holds a store of its own: the demo's token
    would open it."""
    await _import(database)
    async with database.write() as connection:
        await furnish(connection)
        await connection.commit()
    from server.demo.opening import open_shop

    await open_shop(database)
    async with database.read() as connection:
        await put_files(connection, files)


async def _import(database: Database) -> None:
    async with database.read() as connection:
        imports = (await connection.execute(select(col(ImportRow.source), col(ImportRow.finished_at)))).all()
        stocked = (await connection.execute(select(exists(select(col(ProductRow.id)))))).scalar_one()
    own = [finished_at for source, finished_at in imports if source == SITE]
    if own and all(own):
        return
    if stocked and not own:
        raise Mistake(f"{named(database)} holds a store of its own: the demo needs a database for itself")
    from connectors.importers.fluentcart import RecordedStore, Source, import_store

    sys.stdout.write("Filling the demo store …\n")
    sys.stdout.flush()
    report = await import_store(database, Source(SITE, "demo", "demo", transport=RecordedStore(recording())))
    for record in report.skipped:  # the recording has no such record
        sys.stdout.write(f"Left out: {record}\n")


def reset(settings: Settings) -> None:
    """Take the demo's store away; the next start fills it anew. Raises Mistake for another store, for a server's
    database, and while somebody serves it."""
    database = opened(settings)
    file = store_file(database)
    if file is None:
        raise Mistake(f"--reset is for the embedded store; make {named(database)} anew instead")
    with alone(database):
        if file.exists() and not _is_demo(file):
            raise Mistake(f"{file} holds a store of its own: it is not the demo's to reset")
        for part in (file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))):
            part.unlink(missing_ok=True)


def _is_demo(file: Path) -> bool:
    """Whether an embedded store holds what the recording had, or nothing."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        try:
            sources = {row[0] for row in connection.execute("SELECT source FROM import_source")}
            stocked = connection.execute("SELECT EXISTS (SELECT 1 FROM product)").fetchone()[0]
        except sqlite3.DatabaseError:
            return False
    return sources == {SITE} or not (sources or stocked)


def recording() -> Path:
    """The bundled recording. Raises Mistake when the installation lacks it."""
    for place in _PLACES:
        if place.is_file():
            return place
    raise Mistake(f"The demo's recording is missing: {_PLACES[0]}")


def welcome(url: str, settings: Settings) -> str:
    """What to print when the demo is up: where it is, the token, three things to try."""
    assert settings.admin_token is not None  # the demo always has one
    token = settings.admin_token.get_secret_value()
    warning = "" if settings.on_loopback else "Whoever can reach this address is an administrator of the demo store.\n"
    return f"""
The demo store is at  {url}
Admin token           {token}

Three things to try:
  1. GraphiQL, with examples in its tabs: open {url} in a browser
  2. What anyone sees, some products and their prices:
     curl -sg '{url}?query={{products(first:3){{totalCount,nodes{{title,minPrice{{formatted}}}}}}}}'
  3. What only the token shows, the stock of a variant:
     curl -s {url} -H 'Content-Type: application/json' -H 'Authorization: Bearer {token}' \\
       -d '{{"query": "{{ products(first: 1) {{ nodes {{ title variants {{ sku totalStock available }} }} }} }}"}}'

What you change stays; `make demo RESET=1` (`storegraph serve --demo --reset`) begins anew.
{warning}"""

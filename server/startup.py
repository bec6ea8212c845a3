"""What has to be true before the first request, or one clear line why the server does not start."""

import fcntl
import multiprocessing
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlmodel import col

from connectors.feeds import targeting
from connectors.providers.furnishing import bring_in_line, in_line
from connectors.providers.registry import BadProvider, Registry, installed
from db import migrations
from db.access import token
from db.access.permission import ALL
from db.access.token import TokenRow
from db.drivers import postgres
from db.drivers.postgres import Pooler
from db.secrets.hashed import hashed, last_four
from db.store.database import SILENCE_SECONDS, Database, shown
from db.store.row import table
from db.store.unit import Units
from engine.standard.schema import Schema
from engine.values.errors import Unavailable
from server.settings import secret_keys
from server.settings.database import Pooling
from server.settings.mistake import Mistake
from server.settings.settings import Settings, variable

log = structlog.get_logger("storegraph.server")

# The name of the token that the setting makes; no other token may take it.
ADMIN: Final = variable("admin_token")


def opened(settings: Settings, *, silence: float | None = SILENCE_SECONDS) -> Database:
    """The database of the settings, not yet connected. `silence`: how long a transaction may ask nothing. Makes the
    data folder, no other. Raises Mistake."""
    try:
        url = make_url(settings.database_url)
    except (ArgumentError, ValueError):
        # What the parser says quotes the URL: of a password that was not escaped a part may be the port to it.
        raise Mistake(
            f"{variable('database_url')}: no URL; write sqlite:///path or postgresql://user:password@host/name. A "
            "password's @ : / ? # and % are escaped: %40"
        ) from None
    try:
        if url.get_backend_name() == "sqlite":
            _check_folder(_file(url).parent, settings.data_folder)
            _check_own(_file(url))
        database = Database.open(
            settings.database_url,
            pool_size=settings.pool_size,
            wait=settings.write_wait_seconds,
            silence=silence,
            pooler=pooler(settings),
        )
    except (ArgumentError, ValueError) as error:
        raise Mistake(f"{variable('database_url')}: {_line(error)}; write sqlite:///path or postgresql://…") from None
    secret_keys.hand_over(settings, database, store_file(database))
    return database


def pooler(settings: Settings) -> Pooler | None:
    """What stands between this and PostgreSQL."""
    return Pooler(settings.database_direct_url) if settings.database_pooler is Pooling.TRANSACTION else None


def store_file(database: Database) -> Path | None:
    """Where an embedded database lives; None for a server's."""
    return _file(database.url) if database.embedded else None


def _file(url: URL) -> Path:
    """The file of an embedded database. Raises Mistake for one that lives in memory."""
    if not url.database or url.database.startswith((":memory:", "file:")):
        raise Mistake(f"{variable('database_url')}: SQLite needs a file, as sqlite:///store.db")
    if url.query:
        raise Mistake(f"{variable('database_url')}: SQLite takes no options: write sqlite:///store.db alone")
    return Path(url.database)


def _check_folder(folder: Path, data_folder: Path) -> None:
    if folder == data_folder:
        with _explained_path(folder):
            folder.mkdir(parents=True, exist_ok=True)
    elif not folder.is_dir():
        raise Mistake(f"{variable('database_url')}: the folder {folder} does not exist")


def _check_own(file: Path) -> None:
    """Raises Mistake for a database that another program made: even to look at it as at a store changes it. What is no
    database at all, or cannot be read, is told when it is opened."""
    if file.is_dir():
        raise Mistake(f"{variable('database_url')}: {file} is a folder; name a file in it")
    if not file.is_file():
        return
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as looking:
        looking.execute("PRAGMA query_only = ON")
        found = {row[0] for row in looking.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
        if found and not migrations.ours(found):
            some = ", ".join(sorted(found)[:3])
            raise Mistake(
                f"{file} is a database of another program (it holds {some}): give the store a file of its own"
            )


def named(database: Database) -> str:
    """The database as whoever set it up knows it: without our driver, and without the password, wherever it stands."""
    return shown(database.url.set(drivername=database.dialect).render_as_string(hide_password=False))


@contextmanager
def alone(database: Database, *, works: bool = False) -> Iterator[None]:
    """Holds the lock that keeps a second server off an embedded database; the system lets it go with the process,
    however that ends. An import beside the server takes no lock. Nothing to hold on PostgreSQL. `works`: the lock that
    keeps a second worker off, be it a server's."""
    if not database.embedded:
        yield
        return
    store = _file(database.url).resolve()
    path = store.with_name(f"{store.name}.worker.lock" if works else f"{store.name}.lock")
    with _explained_path(path):
        file = path.open("a+")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Mistake(_taken(store, file.read().strip() or "unknown", works=works)) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        # The file stays: another process may have it open and wait for this very lock.
        yield


def _taken(store: Path, process: str, *, works: bool) -> str:
    if works:
        return (
            f"Another worker (process {process}) works on {store}: SQLite has one; stop that one (a server is one too, "
            f"without {variable('work')}=false), or use PostgreSQL"
        )
    return (
        f"Another server (process {process}) serves {store}: "
        "SQLite serves from one process; stop that one, or use PostgreSQL"
    )


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[Database]:
    """The database of the settings, ready to be served, for as long as this lasts. Raises Mistake."""
    database = opened(settings)
    with alone(database):
        try:
            await check_schema(database)
            async with explained(database):
                await look_through(database)
                await secret_keys.check(settings, database, store_file(database))
            # Where there are several server processes, the one that starts them has said it.
            if secret_keys.lacking(settings, store_file(database)) and multiprocessing.parent_process() is None:
                log.warning(
                    "no key: links to downloads are null, and secrets of other systems cannot be stored",
                    set=variable("secret_keys"),
                    made_by="storegraph secrets key",
                )
            if settings.admin_token is not None:
                async with explained(database):
                    await _admin(database, settings.admin_token.get_secret_value())
            if settings.demo:
                from server.commands import demo_store
                from server.files import stores as files

                async with explained(database):
                    await demo_store.fill(database, files.folder(settings))
            yield database
        finally:
            await database.close()


async def check_schema(database: Database) -> None:
    """Bring the schema up to date (SQLite) or insist that it is (PostgreSQL). Raises Mistake."""
    async with explained(database):
        revision = await migrations.revision_of(database)
        if revision != migrations.head():
            if not database.embedded:
                raise Mistake(
                    f"The schema of {named(database)} is not the one this version needs: run `storegraph migrate` first"
                )
            await migrate(database)
            log.info("schema brought up to date", before=revision, now=migrations.head())


async def look_through(database: Database) -> None:
    """Says what a pooler keeps from us, once for all processes of a server."""
    if database.pooler is None or multiprocessing.parent_process() is not None:
        return
    if database.listening is None:
        log.warning(
            "behind the pooler nobody tells of commits: they are looked for each second",
            set=variable("database_direct_url"),
        )
    async with database.read() as connection:
        for name, value in postgres.settings(None).items():
            if (await connection.execute(select(func.current_setting(name)))).scalar_one() != value:
                log.warning(
                    "the pooler's sessions lack a setting: some lists take longer than they should",
                    run=f"ALTER ROLE … SET {name} = {value}",
                )


def check_ports(schema: Schema, units: Units) -> None:
    """Raises Mistake for a port that nothing was connected as: it would be missed by the first call."""
    lacking: dict[str, list[str]] = {}
    for place, kind in _needs(schema):
        if not units.has(kind):
            lacking.setdefault(kind.__name__, []).append(place)
    if lacking:
        told = "; ".join(f"{', '.join(places)} cannot do without {kind}" for kind, places in lacking.items())
        raise Mistake(f"Not everything is connected: {told}")


@cache
def _needs(schema: Schema) -> tuple[tuple[str, type[object]], ...]:
    return tuple(schema.needs())


@cache
def registry() -> Registry:
    """The providers of this process. Raises Mistake for one that cannot be used."""
    try:
        return installed()
    except BadProvider as bad:
        raise Mistake(str(bad)) from None


async def furnish(database: Database, registry: Registry) -> None:
    """Bring the rows of providers in line with those of this process. Raises Mistake."""
    async with explained(database):
        async with database.read() as connection:
            if await in_line(connection, registry) and not await targeting.in_line(connection, registry):
                return
        async with database.write() as connection:
            await bring_in_line(connection, registry)
            for provider in await targeting.in_line(connection, registry):
                await targeting.credited(connection, provider)
            await connection.commit()


async def migrate(database: Database) -> None:
    """Raises Mistake when this version is older than the database."""
    try:
        await migrations.migrate(database)
    except migrations.Newer as error:
        raise Mistake(f"{named(database)} was made by a newer version of storegraph ({_line(error)})") from None


async def _admin(database: Database, secret: str) -> None:
    """One token of that name, with this secret and all permissions; kept by its id, which scopes idempotency keys."""
    wanted = {
        "secret_hash": hashed(secret),
        "last_four": last_four(secret),
        "permissions": sorted(ALL),
        "revoked_at": None,
        "expires_at": None,
    }
    async with database.write() as connection:
        found = select(*(table(TokenRow).c[name] for name in ("id", *wanted)))
        rows = (await connection.execute(found.where(col(TokenRow.name) == ADMIN))).mappings().all()
        others = select(col(TokenRow.name)).where(
            col(TokenRow.secret_hash) == wanted["secret_hash"], col(TokenRow.name) != ADMIN
        )
        if (await connection.execute(others)).first():
            raise Mistake(f"{ADMIN} is the secret of another token: choose another")
        if not rows:
            with suppress(IntegrityError):  # another server that starts now has made it this very moment
                await token.issue(connection, name=ADMIN, permissions=ALL, secret=secret)
        elif any(rows[0][name] != value for name, value in wanted.items()):
            await connection.execute(update(TokenRow).where(col(TokenRow.id) == rows[0]["id"]).values(wanted))
        await connection.commit()


@asynccontextmanager
async def explained(database: Database) -> AsyncIterator[None]:
    """Turns what goes wrong between us and the database into Mistake."""
    try:
        yield
    except (Unavailable, OSError, OperationalError, InterfaceError) as error:
        raise Mistake(f"The database {named(database)} cannot be used: {_line(error)}") from None
    except DBAPIError as error:
        raise Mistake(f"The database {named(database)} refuses: {_line(error)}") from None


@contextmanager
def _explained_path(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Mistake(f"{path}: {error.strerror}") from None


def _line(error: BaseException) -> str:
    """The first line of what the driver says, without SQLAlchemy's wrapping and links."""
    if isinstance(error, Unavailable):
        return error.reason
    original = getattr(error, "orig", None) or error
    return (str(original).strip() or type(original).__name__).splitlines()[0]

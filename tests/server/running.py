"""Servers for tests: real uvicorn on loopback, in a thread of this process or as the command itself."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import httpx2
import uvicorn
from starlette.types import ASGIApp

from db.access import token
from db.catalog.product import FulfillmentType, ProductRow, ProductStatus, sort_key
from db.store.database import Database
from server.app import create_app
from server.settings.settings import Settings

ROOT: Final = Path(__file__).parent.parent.parent
SECONDS: Final = 30.0  # far beyond what a start or an end takes; reached only when something hangs

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"


@contextmanager
def running(settings: Settings) -> Iterator[httpx2.Client]:
    """The application on a free port, in a thread; ends with the block."""
    app = create_app(settings)
    with (
        in_a_thread(app, app.router.lifespan_context(app)) as url,
        httpx2.Client(base_url=url, timeout=SECONDS) as client,
    ):
        yield client


@contextmanager
def in_a_thread(app: ASGIApp, lifespan: AbstractAsyncContextManager[object] | None = None) -> Iterator[str]:
    """Any application under uvicorn on a free port; the URL. What its lifespan raises is raised here."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_config=None, access_log=False))
    listener = socket.create_server(("127.0.0.1", 0))
    entered = threading.Event()
    failures: list[BaseException] = []

    async def serve() -> None:
        async with lifespan or nullcontext():
            entered.set()
            await server.serve(sockets=[listener])

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001  raised again where the test is
            failures.append(error)
        finally:
            entered.set()

    thread = threading.Thread(target=run, name="server")
    thread.start()
    try:
        assert entered.wait(SECONDS)
        if failures:
            raise failures[0]
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(SECONDS)
        listener.close()
        assert not thread.is_alive()


class Command:
    """`storegraph …` as a process of its own."""

    def __init__(self, *arguments: str, data_folder: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server.commands.main", *arguments],
            cwd=ROOT,
            env=command_environment(data_folder, **environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []

    def url(self) -> str:
        """Where it serves; waits until it does."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if '"event":"serving"' in line:
                url: str = json.loads(line)["url"]
                return url
        raise AssertionError(f"ended with {self.process.wait(SECONDS)}: {''.join(self.lines)}")

    def ended(self) -> tuple[int, str, str]:
        """Exit code, standard output, standard error (from where `url` stopped reading)."""
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, err

    def stopped(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        return self.ended()


@contextmanager
def serving(*arguments: str, data_folder: Path, **environment: str) -> Iterator[Command]:
    """`storegraph serve` on a free port, stopped at the end if it still runs."""
    command = Command("serve", "--port", "0", *arguments, data_folder=data_folder, **environment)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.process.terminate()
            command.process.communicate(timeout=SECONDS)
        for pipe in (command.process.stdout, command.process.stderr):
            if pipe is not None:
                pipe.close()


def storegraph(*arguments: str, data_folder: Path, **environment: str) -> tuple[int, str, str]:
    """One command to its end: exit code, standard output, standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "server.commands.main", *arguments],
        cwd=ROOT,
        env=command_environment(data_folder, **environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return done.returncode, done.stdout, done.stderr


def command_environment(data_folder: Path, **given: str) -> dict[str, str]:
    """This process's environment without settings of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STOREGRAPH_")}
    return inherited | {"STOREGRAPH_DATA_FOLDER": str(data_folder)} | {f"STOREGRAPH_{n}": v for n, v in given.items()}


def stocked(url: str, *, titles: tuple[str, ...] = ("Tea", "Cup")) -> None:
    """Puts published products into a migrated database, and a draft after them."""

    async def work() -> None:
        database = Database.open(url)
        async with database.write() as connection:
            for number, title in enumerate((*titles, "Draft"), 1):
                row = ProductRow(
                    id=number,
                    title=title,
                    title_key=sort_key(title),
                    slug=title.lower(),
                    status=ProductStatus.DRAFT if title == "Draft" else ProductStatus.PUBLISH,
                    fulfillment_type=FulfillmentType.PHYSICAL,
                )
                await connection.execute(ProductRow.__table__.insert().values(row.model_dump()))  # type: ignore[attr-defined]
            await connection.commit()
        await database.close()

    asyncio.run(work())


def issued(url: str, *permissions: str, **given: Any) -> str:
    """The secret of a new token."""

    async def work() -> str:
        database = Database.open(url)
        async with database.write() as connection:
            secret = await token.issue(connection, name="test", permissions=frozenset(permissions), **given)
            await connection.commit()
        await database.close()
        return secret

    return asyncio.run(work())

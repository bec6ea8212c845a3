"""Servers for tests: real uvicorn on loopback, in a thread of this process or as the command itself."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
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
from tests.forked import Process
from tests.patience import PATIENCE

ROOT: Final = Path(__file__).parent.parent.parent
COMMAND: Final = "server.commands.main"
SECONDS: Final = PATIENCE

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"


@contextmanager
def running(settings: Settings, **options: Any) -> Iterator[httpx2.Client]:
    """The application on a free port, in a thread; ends with the block. `options` are uvicorn's."""
    app = create_app(settings)
    with (
        in_a_thread(app, app.router.lifespan_context(app), **options) as url,
        httpx2.Client(base_url=url, timeout=SECONDS) as client,
    ):
        yield client


@contextmanager
def in_a_thread(
    app: ASGIApp, lifespan: AbstractAsyncContextManager[object] | None = None, **options: Any
) -> Iterator[str]:
    """Any application under uvicorn on a free port; the URL. What its lifespan raises is raised here."""
    options = {"ws": "none"} | options
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, **options))
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
    """`storegraph …` as a process of its own: one that has its imports behind it, or `cold`, as a user starts it."""

    def __init__(self, *arguments: str, data_folder: Path, cold: bool = False, **environment: str) -> None:
        env = command_environment(data_folder, **environment)
        self.process = started(*arguments, env=env) if cold else Process(COMMAND, *arguments, cwd=ROOT, env=env)
        self.lines: list[str] = []

    def url(self) -> str:
        """Where it serves; waits until it does."""
        self.said('"event":"serving"')
        url: str = json.loads(self.lines[-1])["url"]
        return url

    def said(self, words: str, times: int = 1) -> None:
        """Waits until as many lines of its log have the words."""
        missing = times - sum(words in line for line in self.lines)
        while missing > 0:
            line = next(iter(self.process.stderr or ()), None)
            if line is None:
                raise AssertionError(f"ended with {self.process.wait(SECONDS)}: {''.join(self.lines)}")
            self.lines.append(line)
            missing -= words in line

    def ended(self) -> tuple[int, str, str]:
        """Exit code, standard output, standard error (from where `said` stopped reading)."""
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.wait(), out, err

    def stopped(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        return self.ended()


@contextmanager
def serving(*arguments: str, data_folder: Path, cold: bool = False, **environment: str) -> Iterator[Command]:
    """`storegraph serve` on a free port, stopped at the end if it still runs."""
    command = Command("serve", "--port", "0", *arguments, data_folder=data_folder, cold=cold, **environment)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.process.terminate()
            command.process.communicate(timeout=SECONDS)
        for pipe in (command.process.stdout, command.process.stderr):
            if pipe is not None:
                pipe.close()


def storegraph(*arguments: str, data_folder: Path, cold: bool = False, **environment: str) -> tuple[int, str, str]:
    """One command to its end: exit code, standard output, standard error."""
    return Command(*arguments, data_folder=data_folder, cold=cold, **environment).ended()


def started(*arguments: str, env: Mapping[str, str]) -> "subprocess.Popen[str]":
    """`storegraph …`, imports and all."""
    return subprocess.Popen(
        [sys.executable, "-m", COMMAND, *arguments],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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

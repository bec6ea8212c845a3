"""The gateway without HTTP: a document in, an answer out, and the statements that it took."""

import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event

from connectors.connected_stores.asking import Stores
from connectors.feeds.runs import Runs
from connectors.mail.sending import Mail
from connectors.outbound.client import Outbound
from connectors.outbound.door import Door
from connectors.providers.access import Providers
from connectors.providers.bundled import BUNDLED
from connectors.providers.limits import Limits
from connectors.providers.registry import Registry
from connectors.push.keys import VapidKeys
from connectors.push.sending import Identity, Push
from connectors.storage import Links, Storage
from connectors.webhooks.making import Making
from connectors.webhooks.query import Documents
from connectors.workflows.actions import Actions
from connectors.workflows.deeds import Deeds
from connectors.workflows.messengers import Messengers
from db.access.permission import ALL
from db.access.viewer import ANONYMOUS, Viewer
from db.secrets.encrypted import Keyring, unlock
from db.store.database import Database
from db.store.unit import Units
from engine.document.bounds import Allowance
from engine.plan.plans import Plans
from engine.standard.execution import Answer, Executor, Request
from resolvers.access.sign_in import SignIns
from schema.root import schema
from tests.connectors.providers.letterboxes import Letters
from tests.packages.letterbox import Letterbox
from tests.vendors.shops import SHOPS

ADMIN = Viewer("token:admin", "admin", ALL)
CLERK = Viewer("token:clerk", "clerk", frozenset({"products/view"}))
# What an answer says is tried with documents that no server would pay for.
ANY_COST = Allowance(2**53)
# What it keeps of a document is the same for all who ask: making it takes 7 ms, and reading the documents anew more.
_EXECUTOR: Final = Executor(schema, plans=Plans(schema.core, schema.entities))
# What every store has, and what a package of somebody else brings.
_REGISTRY: Final = Registry([*BUNDLED, Letterbox()])
# What secrets are encrypted with.
KEYRING = Keyring(["c3RvcmVncmFwaCB0ZXN0cyBrZWVwIG5vIHNlY3JldHM="])
# Who push services take it for.
IDENTITY = Identity(VapidKeys("c3RvcmVncmFwaCB0ZXN0cyBrZWVwIG5vIHNlY3JldHM"), "mailto:office@shop.example")

__all__ = ["ADMIN", "ANONYMOUS", "CLERK", "Gateway", "opened"]


async def _nobody(host: str) -> list[str]:
    """No name is looked up: stores of files that people set are elsewhere."""
    raise OSError(f"{host} is not known here")


class Gateway:
    """One per test, on one database. `folder` is for files: those of uploads, and `files` of the driver `local`."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.executor = _EXECUTOR
        self.folder = folder
        numbers = itertools.count(1)
        self.door = Door(resolve=_nobody)
        self.storage = Storage(folder / "files", tokens=lambda: f"{next(numbers):016x}", door=self.door)
        self.links = Links("https://api.store.example", lambda: ["a key of the tests"])
        self.outbound = Outbound()
        # What runs documents for others asks of the same store.
        self.documents = Documents(self.executor, Units(database, SignIns(), self.storage, self.links))
        self.making = Making(database, self.documents, self.links)
        self.registry = _REGISTRY
        # What is sent to a Letterbox arrives there, and nobody else is asked.
        self.letters = Letters()
        self.providers = Providers(self.registry, self.letters, Limits(database))
        self.runs = Runs(database, self.links)
        guids = itertools.count(1)
        self.stores = Stores(SHOPS, guids=lambda: f"0b9f6f1c-2a8e-4a53-a8b8-{next(guids):012x}")
        self.mail = Mail(None)
        self.push = Push(IDENTITY, database, self.outbound)
        self.messengers = Messengers()
        self.units = self.made_units()

    def made_units(self) -> Units:
        """Of what this gateway is connected to now."""
        flows = (self.messengers, Actions(self.outbound, self.making, self.messengers), Deeds(lambda: schema.mutations))
        asking = (self.outbound, self.documents, self.making, self.registry, self.providers, self.runs, self.stores)
        return Units(self.database, SignIns(), self.storage, self.links, *asking, self.mail, self.push, *flows)

    def put(self, *paths: str) -> None:
        """Small files where the driver `local` has its own."""
        for path in paths:
            place = self.folder / "files" / path
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.write_bytes(b"%PDF-1.7")

    async def answer(self, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN) -> Answer:
        request = Request(document, variables or {})
        return await self.executor.execute(request, viewer, self.units, "test", ANY_COST)

    async def __call__(
        self, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN
    ) -> dict[str, Any]:
        """The data of an answer that has no errors."""
        answer = await self.answer(document, variables, viewer)
        assert "errors" not in answer.body, answer.body["errors"]
        data: dict[str, Any] = answer.body["data"]
        return data

    async def refused(
        self, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN
    ) -> list[dict[str, Any]]:
        """The errors of a request that did not run."""
        answer = await self.answer(document, variables, viewer)
        assert not answer.executed, answer.body
        errors: list[dict[str, Any]] = answer.body["errors"]
        return errors

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The statements that reach the driver meanwhile, transaction control left out."""
        statements: list[str] = []

        def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not statement.startswith("BEGIN"):
                statements.append(statement)

        for engine in self.database.engines:
            event.listen(engine.sync_engine, "before_cursor_execute", executed)
        try:
            yield statements
        finally:
            for engine in self.database.engines:
                event.remove(engine.sync_engine, "before_cursor_execute", executed)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Gateway]:
    database = Database.open(url, pool_size=5)
    unlock(database, lambda: KEYRING)
    try:
        with tempfile.TemporaryDirectory() as folder:
            gateway = Gateway(database, Path(folder))
            try:
                yield gateway
            finally:
                await gateway.door.close()
    finally:
        await database.close()

"""A store with targets and events, a receiver in this process, and a sender that calls it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

from sqlalchemy import func, insert, select

from connectors.delivery.policy import Policy
from connectors.delivery.sender import Claimed, Exchange, Message, Outcome
from db.store.database import Database
from db.store.outbox import EVENT
from db.store.row import now, table
from db.work import target
from db.work.delivery import AttemptRow, DeliveryRow, DeliveryState
from server.work.worker import Pace, Worker
from tests.patience import PATIENCE

NAME: Final = "product.updated"
DELIVERY: Final = table(DeliveryRow)
ATTEMPT: Final = table(AttemptRow)
# Nothing here waits for minutes.
QUICK: Final = Policy(pauses=(0.01, 0.02, 0.03), jitter=0.0, recovery=0.01)
PACE: Final = Pace(poll=0.05, beat=0.2, dead=3.0, gather=0.0, pause=0.02, longest_pause=0.1, again=0.005)


class Receiver:
    """What comes to each target, and how many at once. `answers` says what a call gets; `open` lets calls end."""

    def __init__(self) -> None:
        self.came: defaultdict[str, list[Claimed]] = defaultdict(list)
        self.most: Counter[str] = Counter()
        self.most_of_all = 0
        self.now: Counter[str] = Counter()
        self.answers: Callable[[Claimed], Outcome] = lambda _claimed: Outcome.delivered()
        self.open = asyncio.Event()
        self.open.set()

    @property
    def count(self) -> int:
        return sum(map(len, self.came.values()))

    async def called(self, claimed: Claimed) -> Outcome:
        key = claimed.target_key
        self.came[key].append(claimed)
        self.now[key] += 1
        self.most[key] = max(self.most[key], self.now[key])
        self.most_of_all = max(self.most_of_all, self.now.total())
        try:
            await self.open.wait()
            await asyncio.sleep(0)
            return self.answers(claimed)
        finally:
            self.now[key] -= 1


class Sender:
    kind: ClassVar[str] = "test"

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.prepares: Callable[[Claimed], Any] = lambda claimed: claimed.key

    async def prepare(self, claimed: Sequence[Claimed]) -> Mapping[int, Any]:
        return {one.delivery_id: self.prepares(one) for one in claimed}

    async def send(self, claimed: Claimed, prepared: Any) -> Outcome:
        del prepared
        return await self.receiver.called(claimed)


async def made_targets(database: Database, *keys: str, names: Sequence[str] = (NAME,), **values: Any) -> list[int]:
    async with database.write() as connection:
        made = [await target.upsert(connection, "test", key, names, **values) for key in keys]
        await connection.commit()
    return made


async def happened(database: Database, count: int = 1, name: str = NAME) -> list[int]:
    """So many events; their ids."""
    row = {"name": name, "entity": "Product:1", "changed": [], "payload": {}, "depth": 0, "occurred_at": now()}
    async with database.write() as connection:
        made = await connection.execute(insert(EVENT).returning(EVENT.c.id), [row] * count)
        ids = list(made.scalars())
        await connection.commit()
    return ids


async def counted(database: Database) -> dict[DeliveryState, int]:
    """Deliveries by state."""
    states = select(DELIVERY.c.state, func.count()).group_by(DELIVERY.c.state)
    async with database.read() as connection:
        return {row[0]: row[1] for row in await connection.execute(states)}


async def rows(database: Database, of: Any) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(of).order_by(*of.primary_key.columns))).all())


async def until(true: Callable[[], Any], *, every: float = 0.005, seconds: float = PATIENCE) -> None:
    """Waits for what is told by nothing that could be waited for, and looks every so many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(every)


async def settled(database: Database, count: int, seconds: float = PATIENCE) -> None:
    """Until so many deliveries are over. Who waits for many looks seldom."""

    async def over() -> bool:
        states = await counted(database)
        waiting = states.get(DeliveryState.WAITING, 0) + states.get(DeliveryState.SENDING, 0)
        return not waiting and sum(states.values()) >= count

    await until(over, every=0.005 if seconds == PATIENCE else 0.5, seconds=seconds)


def worker(database: Database, receiver: Receiver, **values: Any) -> Worker:
    return Worker(database, [Sender(receiver)], **{"policy": QUICK, "pace": PACE, **values})


@asynccontextmanager
async def opened(url: str, **values: Any) -> AsyncIterator[Database]:
    database = Database.open(url, **values)
    try:
        yield database
    finally:
        await database.close()


def exchange(secret: str) -> Exchange:
    """One that shows a secret everywhere."""
    request = Message(
        f"POST https://user:{secret}@shop.example/hook?token={secret}&page=2",
        {"Authorization": f"Bearer {secret}", "X-Api-Key": secret, "Content-Type": "application/json"},
        f'{{"title": "Mug", "apiKey": "{secret}", "deep": [{{"name": "password", "value": "{secret}"}}]}}',
    )
    response = Message("HTTP/1.1 200 OK", {"Set-Cookie": f"session={secret}"}, f"access_token={secret}&page=2")
    form = {**response.headers, "Content-Type": "application/x-www-form-urlencoded"}
    return Exchange(request, Message(response.line, form, response.body), 200)

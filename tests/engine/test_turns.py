"""What only a few may do at a time: each class of callers has its turn, however many of another wait."""

import asyncio

import pytest

from engine.document.bounds import Allowance, Bounds
from engine.document.documents import Documents
from engine.document.turns import Turns
from engine.values.errors import Busy
from schema.root import schema
from tests.patience import PATIENCE


class Line:
    """Callers that take a turn each and keep it until they are let go; `served` are those that had theirs, in order."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.served: list[str] = []
        self._go: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, *names: str) -> None:
        """`anonymous 3` is of the class `anonymous`."""
        for name in names:
            self._go[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._caller(name))
        await _settled()

    async def go(self, *names: str) -> None:
        for name in names:
            self._go[name].set()
            await self._tasks[name]
            await _settled()

    async def leave(self, name: str) -> None:
        self._tasks[name].cancel()
        await _settled()

    async def _caller(self, name: str) -> None:
        async with self.turns.taken(name.split(maxsplit=1)[0]):
            self.served.append(name)
            await self._go[name].wait()


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_many_of_one_class_keep_another_waiting_for_one_turn() -> None:
    line = Line(Turns(1))
    await line.come(*(f"anonymous {n}" for n in range(45)))
    await line.come("admin 0", "token 0", "admin 1")

    await line.go("anonymous 0", "admin 0", "token 0", "anonymous 1", "admin 1", "anonymous 2")

    assert line.served == ["anonymous 0", "admin 0", "token 0", "anonymous 1", "admin 1", "anonymous 2", "anonymous 3"]


async def test_a_turn_is_left_for_another_class() -> None:
    line = Line(Turns(3, of_one=2))
    await line.come(*(f"anonymous {n}" for n in range(45)))
    assert line.served == ["anonymous 0", "anonymous 1"]

    await line.come("admin 0", "admin 1")
    assert line.served[2:] == ["admin 0"]
    await line.go("anonymous 0")
    assert line.served[3:] == ["anonymous 2"]  # it was served longest ago
    await line.go("anonymous 1")
    assert line.served[4:] == ["admin 1"]
    await line.go("admin 0")
    assert line.served[5:] == ["anonymous 3"]


async def test_who_leaves_takes_no_turn() -> None:
    line = Line(Turns(1))
    await line.come("a 0", "a 1", "a 2")
    await line.leave("a 1")
    await line.go("a 0")
    assert line.served == ["a 0", "a 2"]

    await line.leave("a 2")  # while it has its turn
    await line.come("a 3")
    assert line.served[2:] == ["a 3"]


async def test_a_turn_that_does_not_come_in_time() -> None:
    turns = Turns(1)
    line = Line(turns)
    await line.come("a 0")

    with pytest.raises(Busy):
        async with turns.taken("b", 0.01):
            pass
    await line.go("a 0")
    async with turns.taken("b", 0.01):
        pass


async def test_all_turns_come_back() -> None:
    turns = Turns(2)

    async def caller(n: int) -> None:
        async with turns.taken(str(n % 3)):
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(caller(n)) for n in range(60)]
    for n in range(0, 60, 7):
        await asyncio.sleep(0)
        tasks[n].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    async with turns.taken("x", 0.01), turns.taken("x", 0.01):
        pass


async def test_many_new_documents_of_one_class_hold_up_another_by_one() -> None:
    """Also short ones, which are prepared at once."""
    documents = Documents(schema.core, Bounds(), most=100, most_bytes=2**24)
    prepared: list[str] = []

    async def ask(of: str, number: int) -> None:
        await documents.ready(f"query Q{number} {{ __typename }}", allowance=Allowance(of=of))
        prepared.append(of)

    async with asyncio.timeout(PATIENCE):
        await ask("staff", 0)
        anonymous = [asyncio.create_task(ask("anonymous", number)) for number in range(1, 46)]
        staff = [asyncio.create_task(ask("staff", number)) for number in (0, 46)]
        await asyncio.gather(*anonymous, *staff)
    # One that is known waits for nobody, a new one for one of the others'.
    assert prepared[:4] == ["staff", "staff", "anonymous", "staff"]

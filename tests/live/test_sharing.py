"""One look-up for all who ask the same, and nothing for who is told nothing; without a gap and without a double."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import event, insert

from db.access.viewer import ANONYMOUS, Viewer
from db.store.outbox import EVENT, EVENT_LOG
from db.store.row import now
from engine.document.request import RequestErrors
from engine.values.errors import CodedError, ErrorCode, Unavailable
from engine.values.identity import encode
from server.live import group, reader
from server.live.outgoing import Outgoing
from tests.gateway import CLERK, Gateway
from tests.live.following import following
from tests.live.talking import EVENTS, PRODUCT, UPDATE
from tests.server.running import SECONDS


async def test_what_many_ask_is_looked_up_once(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "POLL_SECONDS", SECONDS)
    counts = []
    async with following(gateway, live_subscriptions_of_caller=100) as follow:
        for more in (1, 49):
            viewers = [ANONYMOUS, CLERK]
            heard = [(await follow(PRODUCT, viewer, id=1))[1] for viewer in viewers for _ in range(more)]
            for one in heard:
                await one.body()
            with gateway.counting() as statements:
                await follow.retitled(f"Tea of {more}")
                told = [(await one.body())["data"]["productChanged"]["product"]["title"] for one in heard]
            assert set(told) == {f"Tea of {more}"}
            counts.append(len(statements))
            with gateway.counting() as statements:
                await gateway(
                    f'mutation {{ taxClassCreate(input: {{ title: "A{more}" }}) {{ userErrors {{ message }} }} }}'
                )
                before = len(statements)
                follow.live.wake()
                await asyncio.sleep(0.1)
            assert len(statements) - before <= 4  # the reader's own: nobody follows that

    assert counts[1] <= counts[0]  # the second change asks once less for what is kept


async def test_nothing_is_asked_while_nobody_follows(gateway: Gateway) -> None:
    async with following(gateway) as follow:
        subscriber, heard = await follow(PRODUCT, id=1)
        await heard.body()
        await follow.live.end(subscriber)
        with gateway.counting() as statements:
            follow.live.wake()
            await asyncio.sleep(0.05)

    assert statements == []


async def test_who_comes_and_goes_between_changes_is_told_each_once(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages are short, so that they end in the middle of what happens."""
    monkeypatch.setattr(reader, "AT_ONCE", 3)
    monkeypatch.setattr("server.live.live.AT_ONCE", 3)
    async with following(gateway) as follow:
        _, always = await follow(EVENTS, types=["product.updated"])

        async def changing() -> None:
            for number in range(12):
                await follow.retitled(f"Tea {number}")

        async def coming_and_going() -> list[int]:
            seen: list[int] = []
            after = None
            while len(seen) < 12:
                subscriber, heard = await follow(EVENTS, types=["product.updated"], after=after or start)
                for _ in range(min(4, 12 - len(seen))):
                    body = await heard.body()
                    after = body["extensions"]["position"]
                    seen.append(after)
                await follow.live.end(subscriber)
            return seen

        start = follow.live._reader.position
        _, first, second = await asyncio.gather(changing(), coming_and_going(), coming_and_going())
        every = [(await always.body())["data"]["events"]["position"] for _ in range(12)]

    assert first == second == every
    assert len(set(every)) == 12


async def test_a_position_that_is_forgotten_is_gone(gateway: Gateway) -> None:
    async with following(gateway) as follow:
        async with gateway.database.write() as connection:
            await connection.execute(insert(EVENT_LOG).values(id=1, forgotten=2, announced_at=now()))
            await connection.commit()
        with pytest.raises(CodedError, match="kept still") as gone:
            await follow(EVENTS, after=1)
        await follow(EVENTS, after=2)

    assert gone.value.code is ErrorCode.GONE


@pytest.mark.parametrize("failures", [1, 3, 100])
async def test_what_cannot_be_read_now_is_told_later_or_ends(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    """Nobody is told of a change without what changed: who was not told goes on behind the position that they know."""
    monkeypatch.setattr(reader, "POLL_SECONDS", SECONDS)
    monkeypatch.setattr(group, "_AGAIN_SECONDS", 0.0)
    left = failures

    def fails(_connection: Any, _cursor: Any, statement: str, arguments: Any, *_: Any) -> tuple[str, Any]:
        nonlocal left
        if "product.title" in statement and left:
            left -= 1
            raise Unavailable("The database does not answer: try again", retry_after=5)
        return statement, arguments

    async with following(gateway) as follow:
        _, heard = await follow(PRODUCT, id=1)
        known = (await heard.body())["extensions"]["position"]
        await gateway(UPDATE, {"input": {"id": encode("Product", 1), "title": "Green tea"}})
        for engine in gateway.database.engines:
            event.listen(engine.sync_engine, "before_cursor_execute", fails, retval=True)
        follow.live.wake()
        if failures < 100:
            told = await heard.body()
        else:
            await asyncio.wait_for(heard.ended.wait(), SECONDS)
            assert heard.bodies.empty()
            assert [error["extensions"] for error in heard.errors] == [{"code": "INTERNAL", "retryAfter": 5}]
            left = 0
            told = await (await follow(PRODUCT, id=1, after=known))[1].body()

    assert "errors" not in told
    assert told["data"]["productChanged"]["product"]["title"] == "Green tea"
    assert told["extensions"]["position"] > known


async def test_who_may_no_longer_is_told_so(gateway: Gateway) -> None:
    async with following(gateway) as follow:
        subscriber, heard = await follow("subscription { productsChanged { position } }", CLERK)
        subscriber.caller.viewer = Viewer("token:clerk", "clerk", frozenset())
        await follow.retitled("Secret tea")
        await asyncio.wait_for(heard.ended.wait(), SECONDS)

    assert [error["extensions"]["code"] for error in heard.errors] == ["FORBIDDEN"]
    assert heard.bodies.empty()


async def test_a_first_import_is_not_told_row_by_row(gateway: Gateway) -> None:
    event = {"name": "store.imported", "entity": "StoreSettings:1", "changed": [], "payload": {"first": True}}
    async with following(gateway) as follow:
        _, all_of_them = await follow("subscription { productsChanged { position } }")
        _, one = await follow(PRODUCT, ANONYMOUS, id=1)
        await one.body()
        async with gateway.database.write() as connection:
            await connection.execute(insert(EVENT).values(event))
            await connection.commit()
        follow.live.wake()
        await asyncio.wait_for(all_of_them.ended.wait(), SECONDS)
        told = await one.body()

    assert [error["extensions"]["code"] for error in all_of_them.errors] == ["GONE"]
    assert told["data"]["productChanged"]["product"] == {"title": "Tea"}


async def test_subscriptions_of_a_caller_end(gateway: Gateway) -> None:
    async with following(gateway, live_subscriptions_of_caller=1) as follow:
        subscriber, _ = await follow(PRODUCT, id=1)
        with pytest.raises(RequestErrors):
            await follow(PRODUCT, id=1)
        await follow.live.end(subscriber)
        await follow(PRODUCT, id=1)


async def test_a_group_that_lags_is_dropped(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "MOST_WAITING", 0)
    async with following(gateway) as follow:
        _, heard = await follow(EVENTS)
        async with follow.live._turns, follow.live._turns, follow.live._turns:  # nothing is looked up
            for number in range(3):
                await follow.retitled(f"Tea {number}")
                await asyncio.sleep(0.05)
            await asyncio.wait_for(heard.ended.wait(), SECONDS)

    assert [error["extensions"]["code"] for error in heard.errors] == ["RATE_LIMITED"]


async def test_what_is_not_read_is_bounded() -> None:
    reading, overflows = asyncio.Event(), []
    sent = []

    async def send(message: dict[str, Any]) -> None:
        await reading.wait()
        sent.append(message["n"])

    outgoing = Outgoing(send, 100, lambda: overflows.append(True))
    for number in range(10):
        outgoing.put({"n": number}, 10)
    assert overflows == []
    room = asyncio.create_task(outgoing.room())
    await asyncio.sleep(0)
    assert not room.done()
    reading.set()
    await room
    await outgoing.empty()
    assert sent == list(range(10))
    reading.clear()
    for number in range(12):
        outgoing.put({"n": number}, 10)
    assert (overflows, outgoing.over) == ([True], True)
    outgoing.stop()

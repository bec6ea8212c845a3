"""One transaction with its rows, its events and its idempotency record: all of it, or nothing."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import time_machine
from sqlalchemy import func, insert, select
from sqlmodel import col

from db.access.viewer import Viewer
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.store.idempotency import KEPT, IdempotencyRow
from db.store.outbox import EventRow
from db.store.row import now, table
from db.store.writing import edit
from engine.unit.unit import Event
from engine.values import identity
from engine.values.errors import ErrorCode, Refused
from tests import factories
from tests.engine.shelves import stored
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway
from tests.patience import PATIENCE

HOUR: Final = timedelta(hours=1)
OTHER: Final = replace(ADMIN, id="token:other")
PRODUCT, VARIANT = table(ProductRow), table(VariantRow)
TABLES: Final = (PRODUCT, VARIANT, table(EventRow), table(IdempotencyRow))

UPDATE: Final = """
mutation ($input: VariantUpdateInput!, $key: String, $dry: Boolean! = false) {
  variantUpdate(input: $input, idempotencyKey: $key, validateOnly: $dry) {
    variant { title version }
    userErrors { code message field }
  }
}
"""


async def counts(gateway: Gateway) -> list[int]:
    """How many products, variants, events and idempotency records there are."""
    async with gateway.database.read() as connection:
        return [(await connection.execute(select(func.count()).select_from(known))).scalar_one() for known in TABLES]


async def change(gateway: Gateway, title: str, key: str | None, viewer: Viewer = ADMIN, **more: Any) -> dict[str, Any]:
    """The whole answer of giving variant 1 another title."""
    values = {"id": identity.encode("ProductVariant", 1), "title": title}
    answer = await gateway.answer(UPDATE, {"input": values, "key": key} | more, viewer)
    assert "errors" not in answer.body, answer.body
    return answer.body


def done(title: str, version: int) -> dict[str, Any]:
    return {"variantUpdate": {"variant": {"title": title, "version": version}, "userErrors": []}}


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    await stored(gateway, [factories.product(1), factories.variant(1, 1)])
    return gateway


# All or nothing


async def test_what_is_not_committed_leaves_nothing(gateway: Gateway) -> None:
    async with gateway.units.unit(ADMIN) as unit:
        await unit.recall("noted", "key", "hash")
        await unit.connection.execute(insert(PRODUCT).values(factories.product(1).model_dump()))
        unit.emit(Event("product.created", "Product:1"))

    assert await counts(gateway) == [0, 0, 0, 0]


async def test_what_fails_leaves_nothing(gateway: Gateway) -> None:
    async def fail() -> None:
        async with gateway.units.unit(ADMIN) as unit:
            await unit.recall("noted", "key", "hash")
            await unit.connection.execute(insert(PRODUCT).values(factories.product(1).model_dump()))
            unit.emit(Event("product.created", "Product:1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await counts(gateway) == [0, 0, 0, 0]


async def test_rows_events_and_the_record_are_committed_together(gateway: Gateway) -> None:
    event = Event("product.created", "Product:1", version=1, changed=("title",), payload={"productId": 1, "é": [None]})
    async with gateway.units.unit(CLERK) as unit:
        assert await unit.recall("noted", "key", "hash") is None
        await unit.connection.execute(insert(PRODUCT).values(factories.product(1).model_dump()))
        unit.emit(event)
        unit.emit(replace(event, name="product.noted"))
        assert await counts(gateway) == [0, 0, 0, 0]  # nobody sees a half
        await unit.commit("noted", "key", {"product": 1})

    assert await counts(gateway) == [1, 0, 2, 1]
    async with gateway.database.read() as connection:
        events = (await connection.execute(select(table(EventRow)).order_by("id"))).mappings().all()
    assert [e["name"] for e in events] == ["product.created", "product.noted"]
    assert {name: events[0][name] for name in ("entity", "version", "changed", "payload", "caller", "position")} == {
        "entity": "Product:1",
        "version": 1,
        "changed": ["title"],
        "payload": {"productId": 1, "é": [None]},
        "caller": "token:clerk",
        "position": None,
    }


async def test_an_event_that_cannot_be_written_takes_its_rows_with_it(gateway: Gateway) -> None:
    async def commit() -> None:
        async with gateway.units.unit(ADMIN) as unit:
            await unit.connection.execute(insert(PRODUCT).values(factories.product(1).model_dump()))
            unit.emit(Event("product.created", "Product:1", payload={"moment": object()}))
            await unit.commit("noted", None, None)

    with pytest.raises(Exception, match="serializable"):
        await commit()
    assert await counts(gateway) == [0, 0, 0, 0]


async def test_all_broken_rules_are_told_at_once(gateway: Gateway) -> None:
    async with gateway.units.unit(ADMIN) as unit:
        unit.settle()
        unit.refuse(ErrorCode.VALIDATION, "Not that", "title")
        unit.refuse(ErrorCode.CONFLICT, "Nor this", "variants", "0", "sku")
        unit.refuse(ErrorCode.NOT_FOUND, "Nothing")
        with pytest.raises(Refused) as refused:
            unit.settle()

    assert [(e.code.value, e.message, e.field) for e in refused.value.errors] == [
        ("VALIDATION", "Not that", ["title"]),
        ("CONFLICT", "Nor this", ["variants", "0", "sku"]),
        ("NOT_FOUND", "Nothing", None),
    ]


async def test_an_edit_bumps_the_version_it_knows(shop: Gateway) -> None:
    async with shop.units.unit(ADMIN) as unit:
        assert await edit(unit.connection, VARIANT, 1, 1, {"title": "First"})
        assert not await edit(unit.connection, VARIANT, 1, 1, {"title": "Second"})
        assert not await edit(unit.connection, VARIANT, 404, 1, {"title": "Third"})
        await unit.commit("noted", None, None)

    async with shop.database.read() as connection:
        found = (await connection.execute(select(VARIANT.c.title, VARIANT.c.version, VARIANT.c.updated_at))).one()
    assert tuple(found[:2]) == ("First", 2)
    assert now() - found.updated_at < timedelta(minutes=1)


# Idempotency


async def test_a_repeat_answers_the_same_and_changes_nothing(shop: Gateway) -> None:
    first = await change(shop, "First", "key")
    before = await counts(shop)

    again = await change(shop, "First", "key")

    assert first == {"data": done("First", 2)}
    assert again == {"data": done("First", 2), "extensions": {"idempotent": True}}
    assert await counts(shop) == before == [1, 1, 1, 1]


async def test_a_repeat_reads_its_own_selection(shop: Gateway) -> None:
    """The record holds keys, not answers: what has changed since is seen."""
    await change(shop, "First", "key")
    await change(shop, "Second", "other key")

    assert (await change(shop, "First", "key"))["data"] == done("Second", 3)


async def test_another_input_under_the_key_is_a_conflict(shop: Gateway) -> None:
    await change(shop, "First", "key")

    answer = await change(shop, "Second", "key")

    (error,) = answer["data"]["variantUpdate"]["userErrors"]
    assert (error["code"], error["field"]) == ("CONFLICT", ["idempotencyKey"])
    assert answer["data"]["variantUpdate"]["variant"] is None
    assert await counts(shop) == [1, 1, 1, 1]


async def test_the_same_input_in_other_words_is_the_same(shop: Gateway) -> None:
    await change(shop, "First", "key")
    spelled = (
        'mutation { variantUpdate(idempotencyKey: "key", input: {title: "First", id: "%s", expectedVersion: null})'
    )

    answer = await shop.answer(spelled % identity.encode("ProductVariant", 1) + " { variant { title } } }")

    assert answer.body["extensions"] == {"idempotent": True}


async def test_twins_write_once_and_get_the_same_answer(shop: Gateway) -> None:
    answers = await asyncio.gather(*(change(shop, "First", "key") for _ in range(4)))

    assert [answer["data"] for answer in answers] == [done("First", 2)] * 4
    assert sorted("extensions" in answer for answer in answers) == [False, True, True, True]
    assert await counts(shop) == [1, 1, 1, 1]


async def test_a_twin_waits_until_the_first_has_ended(gateway: Gateway) -> None:
    async def second() -> Any:
        async with gateway.units.unit(ADMIN) as unit:
            return await unit.recall("noted", "key", "hash")

    async with gateway.units.unit(ADMIN) as unit:
        assert await unit.recall("noted", "key", "hash") is None
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await unit.commit("noted", "key", {"product": 1})

    recorded = await asyncio.wait_for(waiting, timeout=PATIENCE)
    assert (recorded.input_hash, recorded.result) == ("hash", {"product": 1})


async def test_a_twin_of_one_that_failed_takes_its_place(gateway: Gateway) -> None:
    async def second() -> Any:
        async with gateway.units.unit(ADMIN) as unit:
            return await unit.recall("noted", "key", "hash")

    async with gateway.units.unit(ADMIN) as unit:
        assert await unit.recall("noted", "key", "hash") is None
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.05)

    assert await asyncio.wait_for(waiting, timeout=PATIENCE) is None


async def test_only_what_was_committed_is_kept(shop: Gateway) -> None:
    """A refusal and a dry run leave the key free."""
    refused = await change(shop, "", "key")
    assert refused["data"]["variantUpdate"]["userErrors"]
    await change(shop, "First", "key", dry=True)

    assert await counts(shop) == [1, 1, 0, 0]
    assert await change(shop, "First", "key") == {"data": done("First", 2)}


async def test_a_key_is_its_callers_own(shop: Gateway) -> None:
    await change(shop, "First", "key")

    assert await change(shop, "Second", "key", OTHER) == {"data": done("Second", 3)}
    assert (await change(shop, "First", "key"))["extensions"] == {"idempotent": True}
    assert await counts(shop) == [1, 1, 2, 2]


async def test_a_key_belongs_to_its_mutation(gateway: Gateway) -> None:
    async with gateway.units.unit(ANONYMOUS) as unit:
        assert await unit.recall("one", "key", "hash") is None
        assert await unit.recall("two", "key", "other hash") is None
        assert (await unit.recall("one", "key", "hash")) is not None


async def test_a_key_is_free_again_after_a_day(shop: Gateway) -> None:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        await change(shop, "First", "key")
    with time_machine.travel(start + KEPT, tick=False):
        assert "extensions" in await change(shop, "First", "key")
    with time_machine.travel(start + KEPT + timedelta(seconds=1), tick=False):
        assert await change(shop, "Second", "key") == {"data": done("Second", 3)}
        assert "extensions" in await change(shop, "Second", "key")

    assert timedelta(hours=24) == KEPT
    assert await counts(shop) == [1, 1, 2, 1]


async def test_any_line_is_a_key(shop: Gateway) -> None:
    for number, key in enumerate(["a" * 255, "😀" * 255, "é'\"%\\;--", " "]):
        await change(shop, f"Title {number}", key)

        assert (await change(shop, f"Title {number}", key))["extensions"] == {"idempotent": True}


# Records that are kept no longer


async def test_old_records_go_a_few_with_each_commit(shop: Gateway) -> None:
    """Nobody asks for them again: whoever writes next takes some of them away, the oldest first."""
    old = [
        IdempotencyRow(
            caller="token:gone", mutation="noted", key=f"{age:03}", input_hash="", created_at=now() - KEPT - age * HOUR
        )
        for age in range(1, 46)
    ]
    young = IdempotencyRow(caller="token:gone", mutation="noted", key="young", input_hash="", created_at=now() - HOUR)
    await stored(shop, [*old, young])

    left = []
    for round_ in range(4):
        await change(shop, f"Title {round_}", f"key {round_}")
        async with shop.database.read() as connection:
            keys = await connection.execute(
                select(col(IdempotencyRow.key)).where(col(IdempotencyRow.caller) == "token:gone")
            )
            left.append(sorted(keys.scalars()))
    assert [len(keys) for keys in left] == [26, 6, 1, 1]
    assert left[1] == ["001", "002", "003", "004", "005", "young"]
    assert left[3] == ["young"]


async def test_without_a_key_nobody_looks_for_old_records(shop: Gateway) -> None:
    with shop.counting() as statements:
        await change(shop, "Title", None)
    assert not any("idempotency" in statement for statement in statements)

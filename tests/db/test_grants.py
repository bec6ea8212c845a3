"""What orders give a customer goes with the last order that gives it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, select

from connectors.feeds.runs import Made, Runs
from connectors.providers.granting import OrderGrants
from connectors.providers.wp_user import WordPressUser
from connectors.providers.wp_user.provider import WordPressUserFeed
from connectors.storage.link import Links
from db.commerce.order import OrderRow
from db.integration.grant import GrantRow
from db.store.database import Database
from db.store.row import table
from tests import factories
from tests.vendors.asking import run_of

ADA, GRACE = 7, 8


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    async with opened.write() as connection:
        for row in (
            factories.customer(ADA, email="ada@example.com"),
            factories.customer(GRACE, email="grace@example.com"),
            *(factories.order(number, customer_id=ADA) for number in (1, 2, 3)),
            factories.order(4, customer_id=GRACE),
            factories.order(5),
            factories.order(6),
        ):
            await factories.insert_row(connection, row)
        await connection.commit()
    yield opened
    await opened.close()


async def test_it_goes_with_the_last_order_that_gives_it(database: Database) -> None:
    first, second = (OrderGrants(database, "fluent_community", order, ADA) for order in (1, 2))
    other = OrderGrants(database, "fluent_community", 4, GRACE)
    for grants in (first, first, second, other):
        await grants.give("space", ["lounge", "makers", "lounge"])
    await second.give("course", ["lounge"])

    assert await first.take("space", ["makers", "lounge"]) == []
    # A revocation that was broken off finds the same again.
    for _ in range(2):
        assert await second.take("space", ["makers", "lounge", "alumni"]) == ["makers", "lounge"]
    assert await second.take("course", ["lounge"]) == ["lounge"]
    assert await other.take("space", ["lounge"]) == ["lounge"]


async def test_what_an_order_did_not_give_it_does_not_take(database: Database) -> None:
    await OrderGrants(database, "fluent_community", 1, ADA).give("space", ["lounge"])
    assert await OrderGrants(database, "fluent_community", 2, ADA).take("space", ["lounge"]) == []
    assert await OrderGrants(database, "wp_user", 1, ADA).take("space", ["lounge"]) == []
    assert await OrderGrants(database, "fluent_community", 1, ADA).take("space", []) == []


async def test_what_is_given_again_is_held_again(database: Database) -> None:
    first, second = (OrderGrants(database, "wp_user", order, ADA) for order in (1, 2))
    await first.give("role", ["member"])
    assert await first.take("role", ["member"]) == ["member"]
    await first.give("role", ["member"])
    await second.give("role", ["member"])
    assert await second.take("role", ["member"]) == []


async def test_orders_without_a_customer_stand_for_themselves(database: Database) -> None:
    for order in (5, 6):
        await OrderGrants(database, "wp_user", order, None).give("role", ["member"])
    assert await OrderGrants(database, "wp_user", 5, None).take("role", ["member"]) == ["member"]


async def test_of_two_orders_that_are_revoked_at_once_one_takes(database: Database) -> None:
    ids = [f"space-{number}" for number in range(5)]
    orders = [OrderGrants(database, "fluent_community", order, ADA) for order in (1, 2, 3)]
    for order in orders:
        await order.give("space", ids)
    taken = await asyncio.gather(*(order.take("space", [one]) for order in orders for one in ids))
    assert sorted(one for some in taken for one in some) == ids


async def test_a_run_of_a_feed_counts_for_its_order(database: Database) -> None:
    made = Made(WordPressUser(), run_of(WordPressUserFeed()), order_id=1, customer_id=ADA)
    runs = Runs(database, Links("https://store.example", lambda: ["key"]))
    assert made.run.grants is None
    assert runs.counted(made).run.grants == OrderGrants(database, "wp_user", 1, ADA)


async def test_an_order_that_is_gone_gives_nothing(database: Database) -> None:
    first, second = (OrderGrants(database, "wp_user", order, ADA) for order in (1, 2))
    await first.give("role", ["member"])
    await second.give("role", ["member"])
    async with database.write() as connection:
        await connection.execute(delete(table(OrderRow)).where(table(OrderRow).c.id == 1))
        await connection.commit()
    assert await second.take("role", ["member"]) == ["member"]
    async with database.read() as connection:
        held = (await connection.execute(select(table(GrantRow).c.order_id))).scalars().all()
    assert held == [2]

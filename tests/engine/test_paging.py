"""Walking a list: every way through it meets the same rows in the same order, whatever happens to others meanwhile."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from db.catalog.product import ProductRow
from tests import factories
from tests.engine.lists import EXAMPLES, Page, Sort, ordered, page, products, sorts
from tests.engine.shelves import cleared, stored
from tests.gateway import Gateway

SIZES = st.integers(1, 5)
BY_TITLE: Sort = [{"field": "TITLE", "direction": "ASC"}]


async def shelve(gateway: Gateway, rows: list[ProductRow]) -> None:
    await cleared(gateway, "product")
    if rows:
        await stored(gateway, rows)


@EXAMPLES
@given(rows=products(), sort=sorts(), size=SIZES)
async def test_walking_forwards(
    gateways: tuple[Gateway, Gateway], rows: list[ProductRow], sort: Sort, size: int
) -> None:
    expected = ordered(rows, sort)
    for gateway in gateways:
        await shelve(gateway, rows)
        seen: list[int] = []
        after: dict[str, Any] = {}
        while True:
            found = await page(gateway, first=size, sort=sort or None, **after)
            seen += found.ids
            assert found.ids == expected[len(seen) - len(found.ids) : len(seen)]
            assert found.info == {
                "hasNextPage": len(seen) < len(expected),
                "hasPreviousPage": bool(after),
                "startCursor": found.cursors[0] if found.cursors else None,
                "endCursor": found.cursors[-1] if found.cursors else None,
                "page": None if after else 1,
                "perPage": size,
                "pageCount": -(-len(expected) // size),
            }
            assert found.total == len(expected)
            if not found.info["hasNextPage"]:
                break
            after = {"after": found.info["endCursor"]}
        assert seen == expected


@EXAMPLES
@given(rows=products(), sort=sorts(), size=SIZES)
async def test_walking_backwards(
    gateways: tuple[Gateway, Gateway], rows: list[ProductRow], sort: Sort, size: int
) -> None:
    """The same rows, page by page from the end; each page still reads forwards."""
    expected = ordered(rows, sort)
    for gateway in gateways:
        await shelve(gateway, rows)
        seen: list[int] = []
        before: dict[str, Any] = {}
        while True:
            found = await page(gateway, last=size, sort=sort or None, **before)
            seen = found.ids + seen
            assert found.info["hasPreviousPage"] == (len(seen) < len(expected))
            assert found.info["hasNextPage"] == bool(before)
            assert found.info["page"] is None
            if not found.info["hasPreviousPage"]:
                break
            before = {"before": found.info["startCursor"]}
        assert seen == expected


@EXAMPLES
@given(rows=products(), sort=sorts(), size=SIZES)
async def test_jumping(gateways: tuple[Gateway, Gateway], rows: list[ProductRow], sort: Sort, size: int) -> None:
    expected = ordered(rows, sort)
    count = -(-len(expected) // size)
    for gateway in gateways:
        await shelve(gateway, rows)
        for number in range(1, count + 2):  # one beyond the last
            found = await page(gateway, first=size, page=number, sort=sort or None)
            assert found.ids == expected[(number - 1) * size : number * size]
            assert found.info["page"] == number
            assert found.info["pageCount"] == count
            assert found.info["hasNextPage"] == (number < count)
            assert found.info["hasPreviousPage"] == (number > 1)


@EXAMPLES
@given(rows=products(), sort=sorts(), data=st.data())
async def test_every_cursor_parts_the_list(
    gateways: tuple[Gateway, Gateway], rows: list[ProductRow], sort: Sort, data: st.DataObject
) -> None:
    """What comes before it, its row, what comes after it. A cursor taken from one database is good for the other."""
    expected = ordered(rows, sort)
    for gateway in gateways:
        await shelve(gateway, rows)
    if not rows:
        return
    at = data.draw(st.integers(0, len(rows) - 1))
    cursor = (await page(gateways[0], first=100, sort=sort or None)).cursors[at]
    for gateway in gateways:
        before = await page(gateway, last=100, before=cursor, sort=sort or None)
        after = await page(gateway, first=100, after=cursor, sort=sort or None)
        assert [*before.ids, expected[at], *after.ids] == expected


@EXAMPLES
@given(rows=products(), others=products(first_id=200), sort=sorts(), size=SIZES, data=st.data())
async def test_what_comes_and_goes_between_pages_neither_repeats_nor_hides_a_row(
    gateways: tuple[Gateway, Gateway],
    rows: list[ProductRow],
    others: list[ProductRow],
    sort: Sort,
    size: int,
    data: st.DataObject,
) -> None:
    """Rows are added while a client walks, and the very row its cursor was taken from is deleted."""
    expected = ordered(rows, sort)
    batches = [others[n::3] for n in range(3)]
    deletes = data.draw(st.booleans(), label="the last row seen is deleted")
    for gateway in gateways:
        await shelve(gateway, rows)
        seen: list[int] = []
        after: dict[str, Any] = {}
        more, turn = True, 0
        while more:
            found = await page(gateway, first=size, sort=sort or None, **after)
            seen += found.ids
            more, after = found.info["hasNextPage"], {"after": found.info["endCursor"]}
            if turn < len(batches) and batches[turn]:
                await stored(gateway, batches[turn])
            if deletes and found.ids:
                await remove(gateway, found.ids[-1])
            turn += 1
        assert len(seen) == len(set(seen))
        assert [n for n in seen if n < 200] == expected


async def remove(gateway: Gateway, id: int) -> None:
    async with gateway.database.write() as connection:
        await connection.exec_driver_sql(f"DELETE FROM product WHERE id = {id}")
        await connection.commit()


async def test_a_page_beyond_the_end_is_empty(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(n) for n in range(1, 4)])

    found = await page(gateway, first=2, page=1000)

    assert found == Page(
        ids=[],
        cursors=[],
        info={
            "hasNextPage": False,
            "hasPreviousPage": True,
            "startCursor": None,
            "endCursor": None,
            "page": 1000,
            "perPage": 2,
            "pageCount": 2,
        },
        total=3,
    )


async def test_an_empty_list_has_no_page(gateway: Gateway) -> None:
    found = await page(gateway)

    assert (found.ids, found.total, found.info["pageCount"], found.info["page"]) == ([], 0, 0, 1)
    assert not found.info["hasNextPage"]
    assert not found.info["hasPreviousPage"]


async def test_ten_when_nobody_says_how_many(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(n) for n in range(1, 13)])

    newest = await page(gateway)
    oldest = await page(gateway, before=newest.cursors[0], sort=None)
    last = await page(gateway, last=3)

    assert newest.ids == list(range(12, 2, -1))
    assert newest.info["perPage"] == 10
    assert oldest.ids == []
    assert last.ids == [3, 2, 1]
    assert (await page(gateway, before=last.cursors[0])).ids == list(range(12, 3, -1))


async def test_counting_stops_where_it_may(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(n) for n in range(1, 8)])

    for up_to, expected in {None: 7, 0: 0, 1: 1, 6: 6, 7: 7, 8: 7, 2**31 - 1: 7}.items():
        assert (await page(gateway, first=2, upTo=up_to)).total == expected


async def test_a_count_below_nothing_is_bad_input(gateway: Gateway) -> None:
    (error,) = await gateway.refused("{ products { totalCount(upTo: -1) } }")

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_is_not_selected_is_not_read(gateway: Gateway) -> None:
    """A count alone reads no page, a page alone counts nothing, and two counts are one statement."""
    await stored(gateway, [factories.product(n) for n in range(1, 4)])

    for selected, statements in {
        "__typename": 0,
        "totalCount": 1,
        "nodes { id }": 1,
        "nodes { id } edges { cursor node { title } } pageInfo { hasNextPage endCursor }": 1,
        "pageInfo { hasNextPage }": 1,
        "nodes { id } totalCount": 2,
        "nodes { id } totalCount pageInfo { pageCount }": 2,
        "totalCount a: totalCount(upTo: 2) pageInfo { pageCount }": 3,
    }.items():
        with gateway.counting() as sql:
            await gateway(f"{{ products {{ {selected} }} }}")
        assert (selected, len(sql)) == (selected, statements)


async def test_what_follows_a_cursor_is_sought_in_an_index(gateway: Gateway) -> None:
    """Each part of what follows is one stretch of the index over (title_key, id); nothing before it is read."""
    await stored(gateway, [factories.product(n) for n in range(1, 4)])
    first = await page(gateway, first=1, sort=BY_TITLE)

    with gateway.counting() as sql:
        await gateway(
            "query($a: String, $s: [ProductSort!]) { products(first: 1, after: $a, sort: $s) { nodes { id } } }",
            {"a": first.cursors[0], "s": BY_TITLE},
        )

    if gateway.database.dialect == "postgresql":
        assert "(product.title_key, product.id) >" in sql[0]
    else:  # whose row comparison seeks by the title alone
        assert "product.title_key = ? AND product.id > ?" in sql[0]
        assert "product.title_key > ?" in sql[0]

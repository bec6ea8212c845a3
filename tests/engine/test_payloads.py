"""What a mutation answers beyond one entity: lists, values, secrets, what is gone, and results of several items."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import strawberry
from sqlalchemy import delete, select
from sqlmodel import col
from structlog.typing import EventDict

from db.catalog import visibility
from db.catalog.product import ProductRow
from db.store.idempotency import IdempotencyRow
from db.store.row import table
from db.store.writing import edit, edit_all
from engine.declared.declaration import column
from engine.declared.entity import Node, entity
from engine.declared.input import identifies
from engine.declared.lookup import node
from engine.declared.mutation import mutation, performed
from engine.declared.payload import ItemResult, Keys, Payload, changed, deleted, item, results, told
from engine.standard.execution import Answer, Executor, Request
from engine.standard.schema import Schema
from engine.unit.unit import Errors, Event, Unit
from engine.values import identity
from engine.values.errors import ErrorCode
from engine.values.viewer import PUBLIC
from tests import factories
from tests.engine.answers import codes
from tests.engine.shelves import stored
from tests.gateway import ADMIN, CLERK, Gateway

PRODUCT = table(ProductRow)


@entity(ProductRow, visible=visibility.products, description="A book.")
class Volume(Node):
    title: str = column(ProductRow.title)
    version: int = column(ProductRow.version)


@strawberry.input
class RetitleInput:
    ids: list[strawberry.ID] = identifies("Volume")
    title: str


async def _rows(unit: Unit, ids: list[strawberry.ID]) -> dict[int, dict[str, Any]]:
    keys = [identity.number(identity.decode(one).key) for one in ids]
    statement = select(PRODUCT).where(col(ProductRow.id).in_(keys))
    return {row["id"]: dict(row) for row in (await unit.connection.execute(statement)).mappings()}


@mutation(permission="products/edit", rest=None, emits=(SimpleNamespace(name="book.retitled"),), rate="bulk")
async def books_retitle(unit: Unit, input: RetitleInput) -> Keys:
    """Give books a title, each for itself."""
    rows = await _rows(unit, input.ids)
    told_of = []
    changes = []
    for index, one in enumerate(input.ids):
        errors = Errors("ids", str(index))
        row = rows.get(identity.number(identity.decode(one).key) or 0)
        if row is None:
            errors.refuse(ErrorCode.NOT_FOUND, "No such book")
            told_of.append(item(index, errors))
            continue
        changes.append((row, {"title": input.title}))
        unit.emit(Event("book.retitled", f"Volume:{row['id']}", row["version"] + 1, ("title",)))
        told_of.append(item(index, book=row["id"]))
    keys = {"results": told_of, "books": [row["id"] for row, _ in changes], "count": len(changes)}
    if not changes:
        unit.refuse(ErrorCode.VALIDATION, "No book was changed")
    unit.settle(keys)
    await edit_all(unit.connection, PRODUCT, changes)
    return keys


@strawberry.type(description="What became of one book.")
class RetitleResult(ItemResult):
    book: Volume | None = changed(ProductRow.id)


@strawberry.type
class RetitlePayload(Payload):
    books: list[Volume] = changed(ProductRow.id)
    count: int | None = told()
    results: list[RetitleResult] = results()


@strawberry.input
class LendInput:
    id: strawberry.ID = identifies("Volume")
    fail: bool = False


DONE: list[str] = []


def _noting(what: str) -> Callable[[], Awaitable[None]]:
    async def act() -> None:
        DONE.append(what)
        if what == "explode":
            raise OSError("the world outside is gone")

    return act


@mutation(permission=PUBLIC, rest=None)
async def book_lend(unit: Unit, input: LendInput) -> Keys:
    """Remove a book and give a ticket."""
    (row,) = (await _rows(unit, [input.id])).values()
    unit.afterwards(committed=_noting("explode"), undone=_noting("undone"))
    unit.afterwards(committed=_noting("committed"))
    if input.fail:
        unit.require("store/sensitive")
        unit.refuse(ErrorCode.BUSINESS_RULE, "Not today", "fail")
    unit.settle()
    await unit.connection.execute(delete(PRODUCT).where(col(ProductRow.id) == row["id"]))
    return {"deleted_id": row["id"], "ticket": "T-1234"}


@strawberry.type
class LendPayload(Payload):
    deleted_id: strawberry.ID | None = deleted("Volume")
    ticket: str | None = told(once=True, description="Shown once.")


@strawberry.type(name="Query")
class Shelf:
    node: Node | None = node()


@strawberry.type(name="Mutation")
class Deeds:
    books_retitle: RetitlePayload | None = performed(books_retitle)
    book_lend: LendPayload | None = performed(book_lend)


LIBRARY = Executor(Schema(Shelf, Deeds, types=[Volume]))
RETITLE = """
mutation ($ids: [ID!]!, $title: String = "New", $key: String, $dry: Boolean = false) {
  booksRetitle(input: {ids: $ids, title: $title}, idempotencyKey: $key, validateOnly: $dry) {
    count
    books { title version }
    results { index book { title } userErrors { code message field } }
    userErrors { code field }
    events { name changedFields }
  }
}
"""
LEND = """
mutation ($id: ID!, $fail: Boolean = false, $key: String, $dry: Boolean = false) {
  bookLend(input: {id: $id, fail: $fail}, idempotencyKey: $key, validateOnly: $dry) {
    deletedId
    ticket
    userErrors { code field }
  }
}
"""


async def asked(gateway: Gateway, text: str, viewer: Any = ADMIN, **variables: Any) -> Answer:
    return await LIBRARY.execute(Request(text, variables), viewer, gateway.units, "test")


def ids(*keys: int) -> list[str]:
    return [identity.encode("Volume", key) for key in keys]


async def test_good_items_are_kept_and_bad_ones_say_why(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(1), factories.product(2)])

    with gateway.counting() as statements:
        answer = await asked(gateway, RETITLE, ids=ids(2, 9, 1))

    assert answer.body["data"]["booksRetitle"] == {
        "count": 2,
        "books": [{"title": "New", "version": 2}, {"title": "New", "version": 2}],
        "results": [
            {"index": 0, "book": {"title": "New"}, "userErrors": []},
            {
                "index": 1,
                "book": None,
                "userErrors": [{"code": "NOT_FOUND", "message": "No such book", "field": ["ids", "1"]}],
            },
            {"index": 2, "book": {"title": "New"}, "userErrors": []},
        ],
        "userErrors": [],
        "events": None,
    }
    # Read, update, events; then the list and the items, each its own columns, in one statement each.
    assert len(statements) == 5


async def test_all_items_bad_say_why_and_nothing_is_written(gateway: Gateway) -> None:
    answer = await asked(gateway, RETITLE, ids=ids(8, 9), key="k")

    told_of = answer.body["data"]["booksRetitle"]
    assert [r["userErrors"][0]["field"] for r in told_of["results"]] == [["ids", "0"], ["ids", "1"]]
    assert (told_of["books"], told_of["count"]) == ([], None)
    assert told_of["userErrors"] == [{"code": "VALIDATION", "field": None}]
    async with gateway.database.read() as connection:
        assert (await connection.execute(select(table(IdempotencyRow)))).all() == []


async def test_a_repeat_says_the_same_of_each_item(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(1)])

    first = await asked(gateway, RETITLE, ids=ids(1, 9), key="k")
    again = await asked(gateway, RETITLE, ids=ids(1, 9), key="k")

    assert again.body == first.body | {"extensions": {"idempotent": True}}


async def test_a_dry_run_shows_no_entity_of_an_item(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(1)])

    answer = await asked(gateway, RETITLE, ids=ids(1, 9), dry=True)

    told_of = answer.body["data"]["booksRetitle"]
    assert (told_of["books"], told_of["count"]) == ([], None)
    assert [(r["book"], len(r["userErrors"])) for r in told_of["results"]] == [(None, 0), (None, 1)]
    assert told_of["events"] == [{"name": "book.retitled", "changedFields": ["title"]}]


async def test_what_is_gone_is_told_by_its_id_and_a_secret_only_once(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(1)])

    first = await asked(gateway, LEND, CLERK, id=ids(1)[0], key="k")
    again = await asked(gateway, LEND, CLERK, id=ids(1)[0], key="k")

    assert first.body["data"]["bookLend"] == {"deletedId": ids(1)[0], "ticket": "T-1234", "userErrors": []}
    assert again.body["data"]["bookLend"] == {"deletedId": ids(1)[0], "ticket": None, "userErrors": []}
    async with gateway.database.read() as connection:
        assert "T-1234" not in str((await connection.execute(select(table(IdempotencyRow)))).all())


async def test_what_is_done_afterwards_follows_the_transaction(gateway: Gateway, logged: list[EventDict]) -> None:
    """Whatever fails out there, the answer is that of the transaction, and the rest is done."""
    await stored(gateway, [factories.product(1)])
    DONE.clear()

    dry = await asked(gateway, LEND, id=ids(1)[0], dry=True)
    assert (dry.body["data"]["bookLend"]["deletedId"], DONE) == (None, ["undone"])
    refused = await asked(gateway, LEND, id=ids(1)[0], fail=True)
    assert refused.body["data"]["bookLend"]["userErrors"] == [{"code": "BUSINESS_RULE", "field": ["fail"]}]
    assert DONE == ["undone", "undone"]
    await asked(gateway, LEND, id=ids(1)[0])

    assert DONE == ["undone", "undone", "explode", "committed"]
    assert [(e["event"], e["committed"]) for e in logged] == [("after a transaction", True)]


async def test_a_permission_may_hang_on_the_input(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(1)])

    answer = await asked(gateway, LEND, CLERK, id=ids(1)[0], fail=True)

    assert codes(answer) == ["FORBIDDEN"]
    assert answer.body["errors"][0]["extensions"]["permission"] == "store/sensitive"
    assert (await asked(gateway, LEND, CLERK, id=ids(1)[0])).body["data"]["bookLend"]["userErrors"] == []


async def test_rows_that_somebody_else_changed_are_not_overwritten(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(1, version=3)])
    async with gateway.database.write() as connection:
        assert not await edit(connection, PRODUCT, 1, 2, {"title": "late"})
        assert await edit(connection, PRODUCT, 1, 3, {"title": "in time"})


async def test_many_rows_are_edited_at_once_each_with_its_own_columns(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(n, excerpt="old") for n in (1, 2, 3)])
    async with gateway.database.write() as connection:
        rows = [dict(r) for r in (await connection.execute(select(PRODUCT).order_by(PRODUCT.c.id))).mappings()]
        with gateway.counting() as statements:
            await edit_all(
                connection, PRODUCT, [(rows[0], {"title": "A"}), (rows[1], {}), (rows[2], {"excerpt": "new"})]
            )
        found = await connection.execute(
            select(PRODUCT.c.title, PRODUCT.c.excerpt, PRODUCT.c.version).order_by(PRODUCT.c.id)
        )

        assert [tuple(r) for r in found] == [("A", "old", 2), ("Product 2", "old", 1), ("Product 3", "new", 2)]
        assert len(statements) == 1

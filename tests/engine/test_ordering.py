"""An order is total, the same on both databases, and what its cursors stand for."""

import base64
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.catalog.product import ProductRow, ProductStatus
from db.store.row import table
from engine.values.errors import BadUserInput
from engine.values.ordering import Order, Term
from tests import factories
from tests.engine.lists import EXAMPLES, Sort, ordered, page, products, sorts
from tests.engine.shelves import cleared, stored
from tests.gateway import Gateway

PRODUCT = table(ProductRow)
BY_DATE = Order((Term("PUBLISHED_AT", PRODUCT.c.published_at, True), Term("id", PRODUCT.c.id, True)))
BY_STATUS = Order((Term("STATUS", PRODUCT.c.status, False), Term("id", PRODUCT.c.id, False)))


@EXAMPLES
@given(rows=products(), sort=sorts())
async def test_both_databases_order_alike_and_as_the_contract_says(
    gateways: tuple[Gateway, Gateway], rows: list[ProductRow], sort: Sort
) -> None:
    for gateway in gateways:
        await cleared(gateway, "product")
        if rows:
            await stored(gateway, rows)
        found = await page(gateway, first=100, sort=sort or None)
        assert found.ids == ordered(rows, sort)


async def test_titles_are_ordered_without_regard_to_case_and_forms(gateway: Gateway) -> None:
    """`title_key` is folded, accents too; what is left is ordered by code point."""
    titles = ["zebra", "Äpfel", "apple", "Apple", "ﬁg", "Fig tree", "STRASSE", "Straße", "", "😀", "\uffff"]
    await stored(gateway, [factories.product(n, title=title) for n, title in enumerate(titles)])

    found = await page(gateway, first=100, sort=[{"field": "TITLE", "direction": "ASC"}])

    in_order = ["", "Äpfel", "apple", "Apple", "ﬁg", "Fig tree", "STRASSE", "Straße", "zebra", "\uffff", "😀"]
    assert [titles[n] for n in found.ids] == in_order


async def test_nulls_come_last_ascending_and_first_descending(gateway: Gateway) -> None:
    early, late = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    dates = {1: None, 2: late, 3: early, 4: None}
    await stored(gateway, [factories.product(n, published_at=date) for n, date in dates.items()])

    rising = await page(gateway, sort=[{"field": "PUBLISHED_AT", "direction": "ASC"}])
    falling = await page(gateway, sort=[{"field": "PUBLISHED_AT", "direction": "DESC"}])

    assert (rising.ids, falling.ids) == ([3, 2, 1, 4], [4, 1, 2, 3])


async def test_an_order_ends_with_its_key(gateway: Gateway) -> None:
    """Fields named after the key order nothing, and do not make another order of it: cursors are exchangeable."""
    await stored(gateway, [factories.product(n, title="same") for n in (1, 2, 3)])
    title, key, slug = ({"field": name, "direction": "ASC"} for name in ("TITLE", "ID", "SLUG"))

    by_key = await page(gateway, first=2, sort=[title, key])
    rest = await page(gateway, sort=[title, key, slug], after=by_key.cursors[-1])

    assert (by_key.ids, rest.ids) == ([1, 2], [3])


ROWS: list[tuple[Order, dict[str, Any]]] = [
    (BY_DATE, {"published_at": None, "id": 7}),
    (BY_DATE, {"published_at": datetime(1, 1, 1, tzinfo=UTC), "id": 1}),
    (BY_DATE, {"published_at": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "id": 2**63 - 1}),
    (BY_STATUS, {"status": ProductStatus.PUBLISH, "id": 1}),
]


@pytest.mark.parametrize(("order", "values"), ROWS)
def test_a_cursor_stands_for_the_values_of_its_row(order: Order, values: dict[str, Any]) -> None:
    row = type("Row", (), values)()

    assert order.place(order.cursor(row)) == [values[c.key] for c in order.columns]


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**63 - 1))
def test_a_cursor_keeps_every_moment(date: datetime, id: int) -> None:
    row = type("Row", (), {"published_at": date, "id": id})()

    assert BY_DATE.place(BY_DATE.cursor(row)) == [date, id]


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


BROKEN = {
    "empty": "",
    "no base64": "§",
    "no JSON": base64.urlsafe_b64encode(b"{").decode(),
    "no UTF-8": base64.urlsafe_b64encode(b'["\xff"]').decode(),
    "JSON null": base64.urlsafe_b64encode(b"null").decode(),
    "nothing in it": cursor(),
    "too short": cursor("PUBLISHED_AT-,id-", None),
    "too long": cursor("PUBLISHED_AT-,id-", None, 1, 1),
    "no date": cursor("PUBLISHED_AT-,id-", "yesterday", 1),
    "a number for a date": cursor("PUBLISHED_AT-,id-", 1, 1),
    "a text for a number": cursor("PUBLISHED_AT-,id-", None, "1"),
    "a truth for a number": cursor("PUBLISHED_AT-,id-", None, True),
    "a fraction for a number": cursor("PUBLISHED_AT-,id-", None, 1.0),
    "null for what is never null": cursor("PUBLISHED_AT-,id-", None, None),
    "a list for a number": cursor("PUBLISHED_AT-,id-", None, [1]),
    "beyond 63 bits": cursor("PUBLISHED_AT-,id-", None, 2**63),
    "beyond 64 bits": base64.urlsafe_b64encode(b'["PUBLISHED_AT-,id-",null,%d]' % 10**400).decode(),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadUserInput, match="cursor"):
        BY_DATE.place(text)


@pytest.mark.parametrize("word", ["published", "PUBLISH", "", None, 1, {}, []])
def test_a_cursor_holds_no_other_words_than_the_column(word: Any) -> None:
    with pytest.raises(BadUserInput, match="broken"):
        BY_STATUS.place(cursor("STATUS+,id+", word, 1))


def test_a_cursor_holds_no_text_that_no_column_holds() -> None:
    """PostgreSQL refuses NUL in a parameter."""
    by_title = Order((Term("TITLE", PRODUCT.c.title_key, False), Term("id", PRODUCT.c.id, False)))

    with pytest.raises(BadUserInput, match="broken"):
        by_title.place(cursor("TITLE+,id+", "a\0b", 1))


def test_a_cursor_of_another_sort_says_so() -> None:
    with pytest.raises(BadUserInput, match="another sort"):
        BY_DATE.place(cursor("STATUS+,id+", "publish", 1))


@given(st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_garbage_is_refused_and_nothing_worse(text: str) -> None:
    with pytest.raises(BadUserInput):
        BY_DATE.place(text)


@given(
    st.lists(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.just([]), max_size=3
    )
)
def test_a_forged_cursor_is_refused_or_holds_what_its_columns_may(values: list[Any]) -> None:
    try:
        date, key = BY_DATE.place(cursor("PUBLISHED_AT-,id-", *values))
    except BadUserInput:
        return
    assert type(key) is int
    assert date is None or (isinstance(date, datetime) and date.utcoffset() is not None)

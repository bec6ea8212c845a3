"""What a list can be sorted and filtered by is declared once; a declaration that cannot hold stops the start."""

import re
from typing import Any

import pytest
import strawberry
from sqlalchemy import func

from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.commerce.order import OrderRow
from engine.declared.connection import Connection
from engine.declared.filter_input import filter_input
from engine.declared.listing import Listing, connected
from engine.declared.sorting import Sorting, sortable
from engine.standard.schema import Schema
from engine.values.columns import expression
from engine.values.filtering import filters, predicate, read
from engine.values.operators import IntOperators, TextOperators
from engine.values.ordering import SortDirection
from schema.catalog.product import Product
from tests.gateway import ADMIN


def shelf(noun: str = "Shelf", **given: Any) -> Sorting:
    sorts = given or {"TITLE": ProductRow.title_key, "ID": (ProductRow.id, "Oldest first.")}
    return sortable(noun, description="What shelves can be sorted by.", default=("ID", SortDirection.DESC), **sorts)


@filter_input()
class ShelfFilter:
    database_id: IntOperators | None = filters(ProductRow.id)
    slug: TextOperators | None = filters(ProductRow.slug)
    view_url: TextOperators | None = filters(ProductRow.view_url)


def sdl(listing: Listing) -> str:
    """The SDL of a schema that has this list."""

    @strawberry.type
    class Query:
        shelves: Connection[Product] = connected(listing)

    return Schema(Query).as_str()


def undescribed(printed: str) -> str:
    """The SDL without what it says of fields and values: most of that is derived."""
    return re.sub(r'\n*  """[^"]*"""', "", printed)


def test_one_declaration_makes_the_enum_and_the_input_of_a_sort() -> None:
    printed = sdl(Listing(sorting=shelf(), filter=ShelfFilter))

    assert '''
"""What shelves can be sorted by."""
enum ShelfSortField {
  TITLE
  ID
}
''' in undescribed(printed)
    assert '''
"""A field to sort by, and which way."""
input ShelfSort {
  field: ShelfSortField!
  direction: SortDirection = ASC
}
''' in undescribed(printed)
    assert '\n  """Oldest first."""\n  ID\n' in printed
    assert "sort: [ShelfSort!]" in printed


def test_the_direction_of_a_sort_that_names_none_can_be_declared() -> None:
    falling = shelf("Falling", ID=ProductRow.id, direction=SortDirection.DESC)

    assert "direction: SortDirection = DESC" in sdl(Listing(sorting=falling, filter=ShelfFilter))


def test_a_filter_nests_in_itself_wherever_it_is_declared() -> None:
    @filter_input(description="Which shelves.")
    class Local:
        database_id: IntOperators | None = filters(ProductRow.id)

    assert '''
"""Which shelves."""
input Local {
  databaseId: IntOperators = null
  and: [Local!] = null
  or: [Local!] = null
  not: Local = null
}
''' in undescribed(sdl(Listing(sorting=shelf("Nested"), filter=Local)))


def test_a_nested_filter_is_one_predicate() -> None:
    made: Any = ShelfFilter
    one, other = made(database_id=IntOperators(eq=1)), made(slug=TextOperators(eq="a"))

    nested = made(or_=[one, made(not_=other)])

    assert str(predicate(read(nested).shape, ADMIN)) == "product.id = :given_0 OR product.slug != :given_1"


def test_what_may_be_null_is_no_answer() -> None:
    made: Any = ShelfFilter
    never = made(not_=made(view_url=TextOperators(eq="a")))

    assert str(predicate(read(never).shape, ADMIN)) == "NOT coalesce(product.view_url = :given_0, false)"


# What refuses to load


def test_two_sorts_of_one_name_refuse_to_load() -> None:
    shelf("Twice")

    with pytest.raises(TypeError, match="What Twice is sorted by is declared twice"):
        shelf("Twice", ID=VariantRow.id)


@pytest.mark.parametrize(
    "given", ["title", None, expression(func.lower(ProductRow.title), "lower"), func.now(), ProductRow]
)
def test_a_sort_is_a_column(given: Any) -> None:
    """A cursor holds the column's value; of an expression it would not know the type, nor whether it can be null."""
    with pytest.raises(TypeError, match="Refused is sorted by LOWER, which is no column"):
        shelf("Refused", ID=ProductRow.id, LOWER=given)


def test_a_column_is_sorted_by_under_one_name() -> None:
    with pytest.raises(TypeError, match="Refused is sorted by a column under two names"):
        shelf("Refused", ID=ProductRow.id, NUMBER=ProductRow.id)


@pytest.mark.parametrize("others", [{"TOTAL": OrderRow.total}, {"PRICE": VariantRow.price}])
def test_all_sorts_are_of_one_table(others: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Refused is sorted by columns of one table"):
        shelf("Refused", ID=ProductRow.id, **others)


def test_the_default_is_one_of_the_sorts() -> None:
    with pytest.raises(TypeError, match="Refused is listed by ID, which is none of its sorts: TITLE, SLUG"):
        shelf("Refused", TITLE=ProductRow.title_key, SLUG=ProductRow.slug)


def test_a_filter_leaves_its_nesting_to_the_engine() -> None:
    class Local:
        database_id: IntOperators | None = filters(ProductRow.id)
        or_: int | None = filters(ProductRow.id)

    with pytest.raises(TypeError, match=r"Local\.or_ is given to each filter: leave it out"):
        filter_input()(Local)


def test_each_field_of_a_filter_asks_something() -> None:
    class Local:
        database_id: IntOperators | None = strawberry.field(default=None)

    with pytest.raises(TypeError, match=r"Local\.database_id asks nothing: declare it with `filters`"):
        filter_input()(Local)

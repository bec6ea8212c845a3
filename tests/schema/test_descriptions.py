"""All of the schema says what it means: a reader of the docs pane guesses no unit, no default and no consequence.

Refused is what is bare, and what is bare in spirit: the words of its own name, or a word or two. A type may be called
what it is called: what it means its fields say.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final

import pytest
import strawberry
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLSchema, build_schema, is_introspection_type

from engine.declared.connection import FIRST
from engine.declared.lookup import MOST_NODES
from engine.declared.wording import derive, own
from engine.values.operators import MOST_VALUES
from engine.values.words import worded
from schema.root import schema

SHORTEST: Final = 8
_WORD: Final = re.compile(r"[a-z]+|[A-Z]{2,}|[A-Z][a-z]*|[0-9]+")
_ARTICLES: Final = frozenset({"a", "an", "its", "of", "the", "this", "your"})


def places(core: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """All that can be described, by its coordinate, with its description."""
    for type_ in core.type_map.values():
        if is_introspection_type(type_):
            continue
        yield type_.name, type_.description
        if isinstance(type_, GraphQLEnumType):
            yield from ((f"{type_.name}.{name}", value.description) for name, value in type_.values.items())
        for name, field in getattr(type_, "fields", {}).items():
            yield f"{type_.name}.{name}", field.description
            if not isinstance(type_, GraphQLInputObjectType):
                for argument, declared in field.args.items():
                    yield f"{type_.name}.{name}({argument}:)", declared.description
    for directive in core.directives:
        yield f"@{directive.name}", directive.description
        yield from ((f"@{directive.name}({name}:)", of.description) for name, of in directive.args.items())


@pytest.fixture(scope="module")
def described() -> dict[str, str | None]:
    """Of the whole schema, with what the SDL alone has: directives."""
    return dict(places(build_schema(schema.as_str())))


def bare(place: str, description: str | None) -> bool:
    said = own(description)
    if place.isalnum():
        return not said
    name = re.split(r"[.(]", place.strip(":)"))[-1]
    words = {word.lower() for word in re.findall(r"\w+", said)} - _ARTICLES
    return len(said) < SHORTEST or words <= {word.lower() for word in _WORD.findall(name)}


def test_nothing_is_bare(described: dict[str, str | None]) -> None:
    assert [place for place, description in described.items() if bare(place, description)] == []


def test_the_walk_reaches_every_kind_of_place(described: dict[str, str | None]) -> None:
    assert {
        *("Product", "Product.title", "Query.product(by:)", "ProductFilter.title", "ProductStatus.DRAFT"),
        *("CentsOperators.gte", "TaxClassCreatePayload.taxClass", "PageInfo.endCursor", "@cost", "@cost(weight:)"),
    } <= described.keys()


@pytest.mark.parametrize(
    ("place", "description"),
    [
        ("Product.title", None),
        ("Product.title", ""),
        ("Product.title", "The title."),
        ("Product.minPrice", "Its min price."),
        ("ProductStatus.DRAFT", "A draft."),
        ("Query.node(id:)", "This id."),
        ("StoredFile.size", "Bytes."),
        ("Product.editUrl", "Requires products/view."),
        ("Product.variants", "REST: GET /products/{id}/variants."),
    ],
)
def test_what_says_no_more_than_its_name_is_bare(place: str, description: str | None) -> None:
    assert bare(place, description)


@pytest.mark.parametrize(
    ("place", "description"),
    [
        ("Product.title", "The title, up to 200 characters."),
        ("ProductAction.DELETE", "Requires products/delete too."),
        ("Product.editUrl", "Where the shop edits it. Requires products/view."),
    ],
)
def test_what_says_more_is_not(place: str, description: str) -> None:
    assert not bare(place, description)


# What is derived


def test_a_written_description_is_never_replaced(described: dict[str, str | None]) -> None:
    @strawberry.input
    class TextOperators:
        eq: str | None = strawberry.field(default=None, description="Written by hand.")
        contains: str | None = None

    @strawberry.type
    class Query:
        @strawberry.field
        def found(self, filter: TextOperators | None = None) -> bool:
            return filter is None

    core = strawberry.Schema(Query)._schema
    before = dict(places(core))
    derive(core)
    after = dict(places(core))
    assert {place: said for place, said in before.items() if said}.items() <= after.items()
    assert after["TextOperators.eq"] == "Written by hand."
    assert after["TextOperators.contains"] == described["TextOperators.contains"]


def test_it_takes_what_the_entity_says_of_the_same_field(described: dict[str, str | None]) -> None:
    title = own(described["TaxClass.title"])
    for input_ in ("TaxClassCreateInput", "TaxClassUpdateInput"):
        assert described[f"{input_}.title"] == title
    assert described["ProductFilter.slug"] == f"By its `slug`. {described['Product.slug']}"
    assert described["ProductSortField.MIN_PRICE"] == f"By `minPrice`. {described['Product.minPrice']}"
    # What reading takes is said of reading alone.
    assert own(described["Product.commentStatus"]) == described["ProductCreateInput.commentStatus"]


def test_the_numbers_in_what_is_derived_are_those_that_hold(described: dict[str, str | None]) -> None:
    assert f"at most {MOST_VALUES};" in str(described["IntOperators.in"])
    assert f"or {FIRST}." in str(described["PageInfo.perPage"])
    assert f"at most {MOST_NODES};" in str(described["Query.nodes(ids:)"])


# Enums of stored words


class Light(Enum):
    RED = "red"
    GREEN = "green"


def test_a_word_without_a_description_is_refused() -> None:
    with pytest.raises(TypeError, match=r"leaves out {<Light.GREEN"):
        worded(Light, "What to do.", {Light.RED: "Stop here."})


def test_a_description_without_a_word_is_refused() -> None:
    with pytest.raises(TypeError, match=r"describes {'BLUE'}"):
        worded(Light, "What to do.", {Light.RED: "Stop here.", Light.GREEN: "Go on now.", "BLUE": "What is this?"})

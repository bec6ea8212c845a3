"""Variables and arguments, coerced by functions made for a document: as graphql-core coerces them, or not at all."""

from collections.abc import Mapping
from typing import Any, Final

import pytest
from graphql import (
    FieldNode,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    OperationDefinitionNode,
    parse,
    validate,
)
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from graphql.utilities.coerce_input_value import coerce_default_value
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.document import coercing
from engine.document.coercing import Coercion, NotPlain
from schema.root import schema

CORE: Final = schema.core
COERCION: Final = Coercion(CORE)
# What is sent where something else is asked, and what is.
ODD: Final = st.sampled_from([None, "", "x", "5", 0, 7, 2**31, 1.5, 1e400, True, [], {}, [None], {"id": "x"}])
PLAIN: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "Int": st.integers(-3, 9),
    "String": st.text(max_size=3),
    "ID": st.sampled_from(["UHJvZHVjdDox", "1", 5]),
    "Boolean": st.booleans(),
    "Float": st.floats(allow_nan=False),
    "DateTime": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01", "never"]),
}


def value(data: st.DataObject, type_: Any, depth: int = 3) -> Any:
    """Such as somebody sends for an input type: most fit it, some do not."""
    if data.draw(st.integers(0, 9)) == 0:
        return data.draw(ODD)
    if isinstance(type_, GraphQLNonNull):
        return value(data, type_.of_type, depth)
    if isinstance(type_, GraphQLList):
        return [value(data, type_.of_type, depth - 1) for _ in range(data.draw(st.integers(0, 2)))]
    if isinstance(type_, GraphQLInputObjectType):
        if not depth:
            return {}
        needed = [name for name, field in type_.fields.items() if isinstance(field.type, GraphQLNonNull)]
        most = 1 if type_.is_one_of else 3
        names = data.draw(st.lists(st.sampled_from(sorted(type_.fields)), unique=True, min_size=1, max_size=most))
        return {name: value(data, type_.fields[name].type, depth - 1) for name in {*names, *needed}}
    if isinstance(type_, GraphQLScalarType):
        return data.draw(PLAIN.get(type_.name, ODD))
    return data.draw(st.sampled_from(sorted(type_.values)))


INPUTS: Final = sorted(
    (type_ for type_ in CORE.type_map.values() if isinstance(type_, GraphQLInputObjectType)), key=lambda each: each.name
)


def sources(found: VariableValues) -> list[Any]:
    return [(name, str(each.signature.type), repr(each.value)) for name, each in found.sources.items()]


@settings(max_examples=100)
@given(st.data())
def test_variables_are_what_graphql_core_makes_of_them(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from(INPUTS))
    spelled = data.draw(st.sampled_from([f"{type_}", f"{type_}!", f"[{type_}!]", f"[{type_}]!"]))
    (operation,) = parse(f"query ($v: {spelled}, $n: Int = 3, $l: [Int!] = [1]) {{ __typename }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    wrapped = GraphQLList(type_) if spelled.startswith("[") else type_
    sent = {"v": value(data, wrapped)} if data.draw(st.integers(0, 9)) else {}
    sent |= data.draw(st.fixed_dictionaries({}, optional={"n": ODD, "l": ODD}))

    expected = get_variable_values(CORE, operation.variable_definitions or (), sent)
    try:
        found = COERCION.variables(operation)(sent)
    except NotPlain:
        return
    assert isinstance(expected, VariableValues)
    assert list(found.coerced.items()) == list(expected.coerced.items())
    assert sources(found) == sources(expected)


LITERALS: Final = """
query ($id: ID!, $status: ProductStatus, $n: Int, $text: String, $by: ProductBy!, $f: ProductFilter,
  $fs: [ProductFilter!], $sort: [ProductSort!], $after: String = "x") {
  a: product(by: {id: $id}) { id }
  b: product(by: {slug: "tea"}) { id }
  c: product(by: $by) { id }
  d: product(by: {id: "UHJvZHVjdDox"}) { id }
  e: products(first: $n, after: $after, filter: $f) { totalCount }
  f: products(first: 3, filter: {status: {eq: $status}, or: [{title: {contains: $text}}, {not: $f}]}) { totalCount }
  g: products(filter: {and: $fs, status: {in: [PUBLISH, DRAFT]}}, sort: $sort) { totalCount }
  h: products(filter: {or: {title: {contains: $text}}}) { totalCount }
  i: products(first: null, filter: null) { totalCount }
}"""


@settings(max_examples=100)
@given(st.data())
def test_arguments_are_what_graphql_core_makes_of_them(data: st.DataObject) -> None:
    document = parse(LITERALS)
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    types = {d.variable.name.value: CORE.type_map for d in operation.variable_definitions or ()}
    given_types = {
        "id": CORE.type_map["ID"],
        "status": CORE.type_map["ProductStatus"],
        "n": CORE.type_map["Int"],
        "text": CORE.type_map["String"],
        "by": CORE.type_map["ProductBy"],
        "f": CORE.type_map["ProductFilter"],
        "fs": GraphQLList(GraphQLNonNull(CORE.type_map["ProductFilter"])),  # type: ignore[type-var]
        "sort": GraphQLList(CORE.type_map["ProductSort"]),
        "after": CORE.type_map["String"],
    }
    assert given_types.keys() == types.keys()
    names = data.draw(st.sets(st.sampled_from(sorted(given_types))))
    sent = {name: value(data, given_types[name]) for name in sorted(names)}
    variables = get_variable_values(CORE, operation.variable_definitions or (), sent)
    if not isinstance(variables, VariableValues):
        return
    root = CORE.query_type
    assert root is not None
    for node in operation.selection_set.selections:
        assert isinstance(node, FieldNode)
        field = root.fields[node.name.value]
        try:
            found = COERCION.arguments(field, node)(variables.coerced)
        except NotPlain:
            continue
        assert list(found.items()) == list(get_argument_values(field, node, variables).items())


def test_the_literals_are_valid() -> None:
    """Or the test above would compare nothing."""
    assert validate(CORE, parse(LITERALS)) == []


def test_what_most_requests_send_is_plain() -> None:
    text = """query ($by: ProductBy!, $n: Int = 3, $filter: ProductFilter) {
      product(by: $by) { id }
      other: product(by: {slug: "tea"}) { id }
      products(first: $n, filter: $filter, sort: {field: TITLE}) { totalCount }
    }"""
    document = parse(text)
    assert validate(CORE, document) == []
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    found = COERCION.variables(operation)({"by": {"databaseId": 5}, "filter": {"title": {"contains": "tea"}}})
    assert (found.coerced["by"], found.coerced["n"]) == ({"databaseId": 5}, 3)
    assert CORE.query_type is not None
    arguments = [
        COERCION.arguments(CORE.query_type.fields[node.name.value], node)(found.coerced)
        for node in operation.selection_set.selections
        if isinstance(node, FieldNode)
    ]
    assert arguments[:2] == [{"by": {"databaseId": 5}}, {"by": {"slug": "tea"}}]
    assert arguments[2]["filter"] is found.coerced["filter"]


@pytest.mark.parametrize("sent", [{"by": {}}, {"by": {"id": "a", "slug": "b"}}, {"by": {"id": None}}, {"by": None}, {}])
def test_what_is_wrong_is_left_to_graphql_core(sent: dict[str, Any]) -> None:
    (operation,) = parse("query ($by: ProductBy!) { product(by: $by) { id } }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    with pytest.raises(NotPlain):
        COERCION.variables(operation)(sent)


def test_what_is_learnt_of_an_input_is_there_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heavy requests are understood in threads: one may ask while another's thread is still learning."""
    (operation,) = parse("query ($sort: ProductSort) { __typename }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    coerce = Coercion(CORE).variables(operation)
    sent = {"sort": {"field": "TITLE"}}
    meanwhile: list[Any] = []

    def default(field: Any) -> Any:
        if not meanwhile:
            meanwhile.append(None)
            meanwhile[0] = coerce(sent).coerced
        return coerce_default_value(field)

    monkeypatch.setattr(coercing, "coerce_default_value", default)
    expected = get_variable_values(CORE, operation.variable_definitions or (), sent)
    assert isinstance(expected, VariableValues)
    assert coerce(sent).coerced == expected.coerced
    assert meanwhile == [expected.coerced]

"""What a document costs: as the SDL's directives say, however it is written, in time linear in its length."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import graphql
import pytest
from graphql import FieldNode, FragmentSpreadNode, GraphQLList, GraphQLNonNull, InlineFragmentNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema

from engine.declared.connection import FIRST, MOST
from engine.document.bounds import Allowance
from engine.document.cost import MOST as SATURATED
from engine.document.cost import Costs
from engine.document.document import Document
from engine.document.prices import Prices
from engine.document.request import Request
from schema.root import schema
from tests.drawing import examples
from tests.engine.answers import EXECUTOR, Nowhere
from tests.engine.test_random_documents import ids
from tests.gateway import ADMIN, Gateway

PRICES = Prices(schema.core)


@cache
def sdl() -> graphql.GraphQLSchema:
    return graphql.build_schema(schema.as_str(), assume_valid_sdl=True)


def costs(text: str) -> Costs:
    return Costs(schema.core, PRICES, Document(graphql.parse(text)))


def cost(text: str, **variables: Any) -> int:
    (name,) = Document(graphql.parse(text)).operations
    return costs(text).cost(name, variables)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", 1),
        ("{ suggestSku }", 10),
        ("{ storeSettings { id } }", 10 + 1),
        ('{ webhookDryRun(id: "a", event: "b") { url } }', 1000 + 1),
        ('{ workflowDryRun(id: "a") { event } }', 20 * 1000 + 1),
        ("{ products { totalCount } }", 10 + 10),
        ("{ products { nodes { id } } }", 10 + 1 + 10 * 1),
        ("{ products(first: 2) { nodes { id title } } }", 10 + 1 + 2 * 2),
        ("{ products(last: 3) { nodes { id } pageInfo { page } } }", 10 + 1 + 3 * 1 + 1 + 1),
        ("{ products(first: 2) { edges { cursor node { id } } } }", 10 + 1 + 2 * (1 + 1 + 1)),
        ("{ products(first: 2) { nodes { variants { id } } } }", 10 + 1 + 2 * (10 + 10 * 1)),
        ("{ products(first: 2) { nodes { minPrice { cents } } } }", 10 + 1 + 2 * (1 + 1)),
        ("{ products(first: 2) { nodes { gallery { url } defaultVariant { id } } } }", 10 + 1 + 2 * (10 + 10 + 10 + 1)),
        ("{ products(first: 100000) { nodes { id } } }", 10 + 1 + 100 * 1),
        ("{ products(first: -1) { nodes { id } } }", 10 + 1),
        ("{ products(first: null) { nodes { id } } }", 10 + 1 + 10),
        ('{ nodes(ids: ["a", "b"]) { id } }', 10 + 2 * 1),
        ("{ a: __typename b: __typename }", 2),
        ("{ ...A ...A } fragment A on Query { suggestSku }", 20),
        ("{ ... { ... on Query { suggestSku } } }", 10),
        ("{ products(first: 2) { ...A } } fragment A on ProductConnection { nodes { id } }", 10 + 1 + 2 * 1),
        ("{ suggestSku @skip(if: true) __typename @include(if: false) }", 0),
        ("{ ... @include(if: false) { suggestSku } ...A @skip(if: true) } fragment A on Query { suggestSku }", 0),
        ("mutation { variantUpdate(input: {}) { version: __typename } }", 100 + 1),
        ("{ nothing { nothing } }", 2),
        ("{ ...Nothing }", 0),
    ],
)
def test_the_rule(text: str, expected: int) -> None:
    assert cost(text) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, 10 + 1 + 10),
        ({"n": 7}, 10 + 1 + 7),
        ({"n": None}, 10 + 1 + 10),
        ({"n": 10**9}, 10 + 1 + 100),
        ({"n": 7, "no": True}, 10),
        ({"n": 7, "no": False}, 10 + 1 + 7),
    ],
)
def test_variables_have_a_say(variables: dict[str, Any], expected: int) -> None:
    text = "query ($n: Int, $no: Boolean = false) { products(first: $n) { nodes @skip(if: $no) { id } } }"

    assert cost(text, **variables) == expected


def test_ids_in_a_variable_are_counted() -> None:
    assert cost("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["a"] * 30) == 10 + 30


# An independent rule: the document is opened wherever it spreads, and the SDL is asked for weights and sizes.


def expanded(document: graphql.DocumentNode, variables: Mapping[str, Any]) -> int:
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, graphql.FragmentDefinitionNode)}
    (operation,) = (d for d in document.definitions if isinstance(d, graphql.OperationDefinitionNode))
    defaults = {
        d.variable.name.value: graphql.value_from_ast_untyped(d.default_value)
        for d in operation.variable_definitions or ()
        if d.default_value
    }
    root = sdl().get_root_type(operation.operation)
    return sum(_field(*f, 10, fragments, defaults | dict(variables)) for f in _opened(operation, root, fragments))


def _opened(node: Any, type_: Any, fragments: Mapping[str, Any]) -> Iterator[tuple[FieldNode, Any]]:
    for selection in node.selection_set.selections if node.selection_set else ():
        if isinstance(selection, FieldNode):
            yield selection, type_
        elif isinstance(selection, FragmentSpreadNode):
            fragment = fragments[selection.name.value]
            yield from _opened(fragment, sdl().type_map[fragment.type_condition.name.value], fragments)
        elif isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            yield from _opened(selection, sdl().type_map[condition.name.value] if condition else type_, fragments)


def _field(node: FieldNode, parent: Any, page: int, fragments: Mapping[str, Any], variables: Mapping[str, Any]) -> int:
    if node.name.value == "__typename":
        return 1
    definition = parent.fields[node.name.value]
    said = {d.name.value: d for d in definition.ast_node.directives or ()}
    weight = int(said["cost"].arguments[0].value.value) if "cost" in said else 1
    inner = graphql.get_named_type(definition.type)
    outer = definition.type.of_type if isinstance(definition.type, GraphQLNonNull) else definition.type
    times, below = 1, FIRST
    if "listSize" in said:
        size = {a.name.value: graphql.value_from_ast_untyped(a.value) for a in said["listSize"].arguments}
        given = {a.name.value: graphql.value_from_ast_untyped(a.value, dict(variables)) for a in node.arguments or ()}
        slices = [v for n, v in given.items() if n in size.get("slicingArguments", ()) and v is not None]
        lengths = [min(max(len(v) if isinstance(v, list) else v, 0), MOST) for v in slices]
        length = max(lengths, default=size["assumedSize"])
        times, below = (1, length) if "sizedFields" in size else (length, FIRST)
    elif isinstance(outer, GraphQLList) and graphql.is_composite_type(inner):
        times = page
    return weight + times * sum(_field(*f, below, fragments, variables) for f in _opened(node, inner, fragments))


def extracted(document: graphql.DocumentNode, draw: Callable[[], bool]) -> graphql.DocumentNode:
    """The same document with some of its selection sets moved into fragments, which are spread once or twice."""
    info = graphql.TypeInfo(schema.core)
    moved: list[graphql.FragmentDefinitionNode] = []

    class Move(graphql.Visitor):
        def leave_field(self, node: FieldNode, *_: Any) -> Any:
            type_ = graphql.get_named_type(info.get_type()) if info.get_type() else None
            if node.selection_set is None or type_ is None or not draw():
                return None
            name = graphql.NameNode(value=f"F{len(moved)}")
            condition = graphql.NamedTypeNode(name=graphql.NameNode(value=type_.name))
            moved.append(
                graphql.FragmentDefinitionNode(
                    name=name, type_condition=condition, selection_set=node.selection_set, directives=()
                )
            )
            spread = FragmentSpreadNode(name=name, directives=())
            twice = (spread, spread) if draw() else (spread,)
            return FieldNode(
                name=node.name,
                alias=node.alias,
                arguments=node.arguments,
                directives=node.directives,
                selection_set=graphql.SelectionSetNode(selections=twice),
            )

    opened = graphql.visit(document, graphql.TypeInfoVisitor(info, Move()))
    return graphql.DocumentNode(definitions=(*opened.definitions, *moved))


DOCUMENTS = st.deferred(lambda: from_schema(schema.as_str(), custom_scalars=ids(*schema.entities)))


@settings(max_examples=examples(15), suppress_health_check=list(HealthCheck))
@given(text=DOCUMENTS, data=st.data())
def test_the_rule_is_what_the_schema_says(text: str, data: st.DataObject) -> None:
    """Random documents, their fragments opened by another algorithm, priced by the printed SDL."""
    document = extracted(graphql.parse(text), lambda: data.draw(st.booleans()))
    document = graphql.parse(graphql.print_ast(document))
    operation = next(d for d in document.definitions if isinstance(d, graphql.OperationDefinitionNode))
    name = operation.name.value if operation.name else None

    assert Costs(schema.core, PRICES, Document(document)).cost(name, {}) == min(expanded(document, {}), SATURATED)


# Time


def doubling(length: int) -> str:
    parts = (
        f"fragment f{n} on Product {{ defaultVariant {{ product {{ ...f{n + 1} ...f{n + 1} }} }} }}"
        for n in range(length)
    )
    return f"{{ products {{ nodes {{ ...f0 }} }} }} {' '.join(parts)} fragment f{length} on Product {{ id }}"


def test_what_doubles_thirty_times_is_counted_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many steps as the document has fields, though it stands for billions: counted, not timed."""
    counted = [0]
    found = costs(doubling(30))
    step = found._step

    def counting(*arguments: Any) -> Any:
        counted[0] += 1
        return step(*arguments)

    monkeypatch.setattr(found, "_step", counting)
    for selection in (*found._fragments.values(), *found._operations.values()):
        _forget(selection)

    assert found.cost(None, {}) > 2**30
    assert counted[0] == found.fields == 2 + 2 * 30 + 1


def _forget(selection: Any) -> None:
    """What is known without variables, so that it is worked out again."""
    selection.known = None
    for step in selection.steps:
        if step.selection is not None:
            _forget(step.selection)


@pytest.mark.parametrize("length", [1, 10, 30, 300])
def test_numbers_stop(length: int) -> None:
    assert 0 < cost(doubling(length)) <= SATURATED
    assert costs(doubling(length)).depth == 2 + 2 * length + 1


def test_analysis_of_the_longest_document_is_quick() -> None:
    text = "{ products { nodes { " + "id " * 14_000 + "} } }"
    document = Document(graphql.parse(text))
    started = time.process_time()
    Costs(schema.core, PRICES, document).cost(None, {})

    assert time.process_time() - started < 5


# What the caller is told


async def test_the_refusal() -> None:
    text = "{ products(first: 100) { totalCount nodes { id all: variants { id product { title } } } } }"
    request = Request(text, {}, None, {"cost": True})
    answer = await EXECUTOR.execute(request, ADMIN, Nowhere(), "test", Allowance(1000))
    total = 10 + 10 + 1 + 100 * (1 + 10 + 10 * (1 + 10 + 1))

    assert not answer.executed
    assert answer.body == {
        "errors": [
            {
                "message": f"The document costs {total}, and 1000 is the most; "
                "83 % of it comes from products.nodes.all.product: ask for shorter lists",
                "extensions": {
                    "code": "QUERY_TOO_COMPLEX",
                    "cost": total,
                    "maximum": 1000,
                    "path": ["products", "nodes", "all", "product"],
                },
            }
        ],
        "extensions": {"cost": {"requested": total, "maximum": 1000, "depth": 5}},
    }


@pytest.mark.parametrize("asked", [{}, {"cost": False}, {"cost": "yes"}, {"cost": None}])
async def test_the_cost_is_told_on_request_only(gateway: Gateway, asked: dict[str, Any]) -> None:
    request = Request("{ __typename }", {}, None, asked)
    answer = await gateway.executor.execute(request, ADMIN, gateway.units, "test")

    assert answer.body == {"data": {"__typename": "Query"}}


async def test_an_answer_tells_its_cost(gateway: Gateway) -> None:
    request = Request("query ($n: Int) { products(first: $n) { nodes { id } } }", {"n": 5}, None, {"cost": True})
    answer = await gateway.executor.execute(request, ADMIN, gateway.units, "test", Allowance(500))

    assert answer.body["data"] == {"products": {"nodes": []}}
    assert answer.body["extensions"] == {"cost": {"requested": 16, "maximum": 500, "depth": 3}}


async def test_introspection_has_a_limit_of_its_own() -> None:
    usual = Request(graphql.get_introspection_query(), {}, "IntrospectionQuery")
    types = "types { fields { type { kind name ofType { kind name } } args { type { kind name ofType { name } } } } }"
    many = Request("{ " + " ".join(f"a{n}: __schema {{ {types} }}" for n in range(45)) + " }", {})

    answers = [await EXECUTOR.execute(r, ADMIN, Nowhere(), "test", Allowance(1)) for r in (usual, many)]

    assert len(answers[0].body["data"]["__schema"]["types"]) == len(schema.core.type_map)
    assert [e["extensions"]["code"] for e in answers[1].body["errors"]] == ["QUERY_TOO_COMPLEX"]


ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests" / "operations").glob("*/query.graphql")), ids=lambda path: path.parent.name
)
def test_documented_operations_are_affordable_for_everyone(path: Path) -> None:
    """The longest lists that their variables could ask for aside: those are the caller's choice."""
    document = Document(graphql.parse(path.read_text("utf-8")))
    found = Costs(schema.core, PRICES, document)

    for name in document.operations:
        assert found.cost(name, {}) <= 20_000

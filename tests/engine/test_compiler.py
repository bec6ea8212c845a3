"""The declarations can be compiled: the same documents, answered without graphql-core's executor, byte for byte."""

from dataclasses import replace

import orjson
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from engine.declared.declaration import DEFINITION, DeclaredField, Leaf
from engine.standard.context import Context
from engine.values.errors import Forbidden
from schema.root import schema
from tests.engine.compiler import Plan
from tests.engine.shelves import catalogue, stored
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway

# The page whose speed is measured beside other gateways: 14 leaves, 8 of each variant, 3 and 5 of what belongs to it.
PAGE = """
{
  products(first: 20) {
    nodes {
      id databaseId slug title status excerpt content publishedAt modifiedAt fulfillmentType stockAvailability isBundle
      createdAt updatedAt
      variants { id databaseId sku title price { cents amount currency formatted } available status position }
      categories { databaseId slug name }
      downloads { databaseId title fileName fileSize position }
    }
  }
}
"""


def leaves(name: str) -> str:
    """Every leaf that the type declares, values of several parts with all their parts."""
    type_ = schema.core.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    selected = []
    for field_name, field in type_.fields.items():
        declared = field.extensions[DEFINITION]
        if isinstance(declared, DeclaredField) and isinstance(declared.declaration, Leaf):
            inner = get_named_type(field.type)
            selected.append(field_name if is_leaf_type(inner) else f"{field_name} {{ {leaves(inner.name)} }}")
    return " ".join(selected)


DOCUMENTS = {
    "the measured page": PAGE,
    "every leaf of every type": f"""
        {{ products(first: 100, sort: {{field: TITLE}}) {{ nodes {{
            {leaves("Product")}
            variants {{ {leaves("ProductVariant")} media {{ {leaves("Media")} }} }}
            terms {{ {leaves("Term")} taxonomy {{ {leaves("Taxonomy")} }} parent {{ name }} children {{ name }} }}
            downloads {{ {leaves("ProductDownload")} variants {{ sku }} }}
            defaultVariant {{ sku }} gallery {{ url }}
        }} }} }}""",
    "names of its own, in fragments": """
        query Named { list: products(first: 7, page: 3) { them: nodes { ...Some it: title variants { ...Variant } } } }
        fragment Some on Product { title a: variants { title } ... { b: variants { sku } } }
        fragment Variant on ProductVariant { product { brands { products: name } variants { sku } } }""",
    "a filter and a sort": """
        { products(first: 5, filter: {databaseId: {gt: 50}}, sort: [{field: TITLE, direction: DESC}, {field: ID}]) {
            nodes { title } } }""",
    "an empty page": "{ products(page: 1000) { nodes { title variants { sku } } } }",
}


async def test_compiled_answers_are_the_executors(gateway: Gateway) -> None:
    await stored(gateway, catalogue(210, variants=4))
    for name, text in DOCUMENTS.items():
        plan = Plan(schema, text)
        with gateway.counting() as executed:
            answer = await gateway.answer(text)
        context = Context(ADMIN, gateway.units, plan.document, "compiled")
        with gateway.counting() as compiled:
            body = await plan.run(context)
        await context.close()

        assert "errors" not in answer.body
        assert (name, orjson.dumps(body)) == (name, orjson.dumps(answer.body))
        # The executor knows rows of an earlier level that a breadth-first plan reads again.
        assert len(executed) <= len(compiled)
        if text is PAGE:
            assert len(executed) == len(compiled) == 4


async def test_a_plan_is_made_once_and_run_for_anyone(gateway: Gateway) -> None:
    await stored(gateway, catalogue(30))
    text = "{ products(first: 3) { nodes { title variants { sku } } } }"
    plan = Plan(schema, text)

    for viewer in (ADMIN, ANONYMOUS, CLERK, replace(ADMIN, id="token:other")):
        context = Context(viewer, gateway.units, plan.document, "compiled")
        assert await plan.run(context) == (await gateway.answer(text, viewer=viewer)).body
        await context.close()


async def test_a_plan_knows_its_permissions(gateway: Gateway) -> None:
    plan = Plan(schema, "{ products { nodes { variants { available cost { cents } } } } }")
    context = Context(CLERK, gateway.units, plan.document, "compiled")

    assert plan.permissions == {"products/view", "products/edit"}
    with pytest.raises(Forbidden, match="products/edit"):
        await plan.run(context)

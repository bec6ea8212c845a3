"""The store's own mutations by their names: what they do without GraphQL is what their fields do."""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from sqlalchemy import select
from strawberry.types.base import get_object_definition

from db.access.viewer import SYSTEM
from db.catalog.product import ProductRow
from db.store.row import table
from engine.declared.batch import Batched, Queried
from engine.declared.declaration import DEFINITION, DeclaredField
from engine.unit.perform import Outcome, perform
from engine.values import identity
from engine.values.errors import BadUserInput, Forbidden
from schema.root import schema
from tests.gateway import ADMIN, CLERK, Gateway
from tests.resolvers import performing
from tests.resolvers.shelf import ONE_TIME, PRODUCT, dump, events

HOUSE: Final = Path(__file__).parent.parent.parent
CREATE: Final = {"title": "Tea", "status": "PUBLISH", "fulfillmentType": "PHYSICAL"}
VARIANT: Final = identity.encode("ProductVariant", ONE_TIME)


async def run(gateway: Gateway, name: str, input: dict[str, Any], **how: Any) -> Outcome:
    return await perform(schema.mutations[name], input, ADMIN, gateway.units, **how)


def errors(outcome: Outcome) -> list[dict[str, Any]]:
    return [{"code": e.code.value, "message": e.message, "field": e.field} for e in outcome.errors]


def previews(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {
            "name": e.name,
            "entityId": identity.encode(*e.entity.split(":", 1)),
            "version": e.version,
            "changedFields": list(e.changed),
        }
        for e in outcome.events
    ]


async def test_the_field_and_the_name_are_one_mutation(shelf: Gateway) -> None:
    """Under one key it does not matter which of them comes first."""
    by_name = await run(shelf, "productCreate", CREATE, key="first")
    request = 'mutation Do($i: ProductCreateInput!) { productCreate(input: $i, idempotencyKey: "%s") { %s } }'
    repeated = await shelf.answer(request % ("first", "product { databaseId }"), {"i": CREATE})
    by_field = await shelf(request % ("second", "product { databaseId }"), {"i": CREATE})
    again = await run(shelf, "productCreate", CREATE, key="second")

    assert repeated.body == {
        "data": {"productCreate": {"product": {"databaseId": by_name.keys["product"]}}},
        "extensions": {"idempotent": True},
    }
    assert (again.repeated, again.keys["product"]) == (True, by_field["productCreate"]["product"]["databaseId"])
    written = [(e["name"], e["changed"], e["caller"]) for e in await events(shelf)]
    half = len(written) // 2
    assert written[:half] == written[half:] == [(e.name, list(e.changed), ADMIN.id) for e in by_name.events]
    assert ("product.created", [], ADMIN.id) in written


async def test_both_tell_of_another_input_under_a_key(shelf: Gateway) -> None:
    await run(shelf, "productCreate", CREATE, key="k")
    other = CREATE | {"title": "Coffee"}

    outcome = await run(shelf, "productCreate", other, key="k")
    payload = await performing.perform(shelf, "productCreate", other, key="k")

    assert errors(outcome) == payload["userErrors"]
    assert payload["userErrors"][0]["field"] == ["idempotencyKey"]


@pytest.mark.parametrize(
    "input",
    [
        {"id": VARIANT, "title": "Sencha", "price": 2150},
        {"id": VARIANT, "title": "Sencha", "expectedVersion": 99},
        {"id": VARIANT, "title": " ", "price": -1, "sku": "x" * 500},
        {"id": identity.encode("ProductVariant", 404), "title": "Sencha"},
    ],
)
async def test_a_dry_run_tells_both_the_same_and_a_refusal_too(shelf: Gateway, input: dict[str, Any]) -> None:
    before = await dump(shelf)
    outcome = await run(shelf, "variantUpdate", input, dry=True)
    payload = await performing.perform(shelf, "variantUpdate", input, dry=True)

    assert (errors(outcome), previews(outcome)) == (payload["userErrors"], payload["events"])
    assert bool(outcome.errors) is not bool(outcome.events)
    assert await dump(shelf) == before
    if outcome.errors:
        assert errors(await run(shelf, "variantUpdate", input)) == errors(outcome)
        assert await dump(shelf) == before


async def test_both_want_the_permission(shelf: Gateway) -> None:
    with pytest.raises(Forbidden) as refused:
        await perform(schema.mutations["variantUpdate"], {"id": VARIANT, "title": "A"}, CLERK, shelf.units)
    document = "mutation ($i: VariantUpdateInput!) { variantUpdate(input: $i) { userErrors { code } } }"
    answer = await shelf.answer(document, {"i": {"id": VARIANT, "title": "A"}}, CLERK)

    assert answer.body["errors"][0]["extensions"] == refused.value.extensions
    assert answer.body["errors"][0]["message"] == refused.value.message


@pytest.mark.parametrize(
    "input",
    [
        {"id": VARIANT, "colour": "red"},
        {"id": None},
        {"id": VARIANT, "title": None},
        {"id": VARIANT, "status": "PERHAPS"},
        {"id": identity.encode("Product", PRODUCT)},
        {"id": VARIANT, "title": "x" * (256 * 1024 + 1)},
        {"id": VARIANT, "mediaIds": ["1"] * 1001},
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_both_refuse_what_makes_no_sense(shelf: Gateway, input: dict[str, Any]) -> None:
    with pytest.raises(BadUserInput):
        await run(shelf, "variantUpdate", input)
    document = "mutation ($i: VariantUpdateInput!) { variantUpdate(input: $i) { userErrors { code } } }"
    (error, *_) = await shelf.refused(document, {"i": input})

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_several_mutations_are_one_transaction(shelf: Gateway) -> None:
    """What joined is written when all of it is, events and entries of the audit log included."""
    before = await dump(shelf)
    product = identity.encode("Product", PRODUCT)

    async def both(*, commit: bool) -> None:
        async with shelf.units.unit(SYSTEM) as unit:
            renamed = {"id": product, "title": "All teas"}
            await perform(schema.mutations["productUpdate"], renamed, SYSTEM, shelf.units, unit=unit)
            await perform(schema.mutations["variantDelete"], {"id": VARIANT}, SYSTEM, shelf.units, unit=unit)
            assert await dump(shelf) == before
            if commit:
                await unit.commit("spring", None, None)

    await both(commit=False)
    assert await dump(shelf) == before
    await both(commit=True)

    names = [event["name"] for event in await events(shelf)]
    assert {"product.updated", "variant.deleted"} <= set(names)
    assert {event["caller"] for event in await events(shelf)} == {"system"}
    (entry,) = (await shelf('{ auditLog(filter: {action: {eq: "variantDelete"}}) { nodes { actorKind } } }'))[
        "auditLog"
    ]["nodes"]
    assert entry == {"actorKind": "SYSTEM"}
    async with shelf.database.read() as connection:
        title = await connection.execute(select(table(ProductRow).c.title).where(table(ProductRow).c.id == PRODUCT))
        assert title.scalar_one() == "All teas"


# What is declared


def test_every_mutation_has_its_name() -> None:
    root = schema.core.mutation_type
    assert root is not None
    assert set(schema.mutations) == {
        *root.fields,
        "scheduledPublish",
        "couponRefresh",
        "licensesExpire",
        "subscriptionsLapse",
    }
    for name, known in schema.mutations.items():
        assert known.name == name
        assert get_object_definition(known.takes, strict=True).is_input


def reached(path: Path) -> Iterator[str]:
    """The names of the types that the calls of `port` in a module ask for."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "port":
            yield ast.unparse(node.args[0])


def named() -> dict[str, set[str]]:
    """The names of the ports that declarations name, by the module of their function."""
    found: dict[str, set[str]] = {}
    for known in schema.mutations.values():
        ports = {port.__name__ for port in known.mutation.ports}
        for function in (known.mutation.function, known.mutation.outside):
            for place in () if function is None else {function.__module__, *_behind(function)}:
                found.setdefault(place, set()).update(ports)
    for type_ in schema.core.type_map.values():
        for field in getattr(type_, "fields", {}).values():
            said = (getattr(field, "extensions", None) or {}).get(DEFINITION)
            if isinstance(said, DeclaredField) and isinstance(said.declaration, Batched | Queried):
                for place in {said.declaration.function.__module__, *_behind(said.declaration.function)}:
                    ports = {port.__name__ for port in said.declaration.ports}
                    found.setdefault(place, set()).update(ports)
    return found


def _behind(function: Any, deep: int = 3) -> set[str]:
    """The modules of resolvers that a function calls into, and those of what it calls."""
    found: set[str] = set()
    code = getattr(function, "__code__", None)
    for name in () if code is None else code.co_names:
        one = function.__globals__.get(name)
        module = one.__name__ if isinstance(one, ModuleType) else getattr(one, "__module__", None) or ""
        if callable(one) or (isinstance(one, ModuleType) and module.startswith("resolvers.")):
            found.add(module)
            if deep and module.startswith("resolvers."):
                found |= _behind(one, deep - 1)
    return found


def test_whoever_reaches_for_a_port_names_it() -> None:
    """Every store has its database; all else is named, so that the start finds out what is missing."""
    asked = {
        ".".join(path.relative_to(HOUSE).with_suffix("").parts): {*reached(path)} - {"Database"}
        for room in ("resolvers", "schema")
        for path in (HOUSE / room).rglob("*.py")
    }
    asked = {module: ports for module, ports in asked.items() if ports}

    assert len(asked) > 3
    assert [(module, ports) for module, all_ in asked.items() if (ports := all_ - named().get(module, set()))] == []

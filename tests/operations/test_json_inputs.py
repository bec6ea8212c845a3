"""JSON that inputs take: what the databases would give back as something else is refused, wherever it is put."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from engine.values.naming import camel
from schema.root import schema
from tests.factories import store_rows
from tests.gateway import Gateway, opened
from tests.operations.case import Case, cases
from tests.operations.seeds import SEEDS
from tests.recorded import Imported
from tests.resolvers.performing import perform

Put = Callable[[Any], Any]

# What it is said in, and where in that, by the type and the field of the input.
PUT: Final[Mapping[tuple[str, str], Put]] = {
    ("ProductCreateInput", "metadata"): lambda value: {"own": value},
    ("ProductUpdateInput", "metadata"): lambda value: {"own": [{"deep": value}]},
    ("StoreSettingsUpdateInput", "settings"): lambda value: {"theirs": [{"deep": value}]},
    ("StorageDriverSettingsUpdateInput", "settings"): lambda value: {"region": value},
    ("PaymentMethodSettingsUpdateInput", "settings"): lambda value: {"checkout_label": value},
    ("IntegrationSettingsUpdateInput", "settings"): lambda value: {"server": value},
    ("IntegrationFeedSaveInput", "settings"): lambda value: {"list_id": "news", "tags": [value]},
    ("ProductIntegrationSaveInput", "settings"): lambda value: {"list_id": "news", "tags": [value]},
    **dict.fromkeys(
        [(f"{name}Input", "conditionals") for name in ("IntegrationFeedSave", "ProductIntegrationSave")]
        + [("WorkflowConfigureInput", "conditionals")],
        lambda value: {
            "status": True,
            "conditions": [{"field": "id", "operator": "=", "value": [1, value]}],
        },
    ),
    ("WorkflowConfigureInput", "conditions"): lambda value: {"status": value},
}
# By the inputs: the case whose first input of that type it is.
SAID: Final = {
    "WorkflowConfigureInput": "080-post-api-workflows-configure",
    "IntegrationFeedSaveInput": "065-post-integration-global-feeds-settings",
    "ProductIntegrationSaveInput": "057-post-products-productid-integrations",
}
FORMS: Final = {(type_, field) for type_, field in PUT if field == "settings" and type_ != "StoreSettingsUpdateInput"}


def inputs() -> dict[str, GraphQLInputObjectType]:
    """The inputs of mutations, by their mutations."""
    root = schema.core.mutation_type
    assert root is not None
    found = {name: get_named_type(field.args["input"].type) for name, field in root.fields.items() if field.args}
    return {name: type_ for name, type_ in found.items() if isinstance(type_, GraphQLInputObjectType)}


def _json(type_: GraphQLInputObjectType) -> list[str]:
    return [name for name, field in type_.fields.items() if get_named_type(field.type).name == "JSON"]


def test_all_inputs_that_take_json_are_tried() -> None:
    types = [t for t in schema.core.type_map.values() if isinstance(t, GraphQLInputObjectType)]
    assert {(type_.name, name) for type_ in types for name in _json(type_)} == PUT.keys()
    assert {type_.name for type_ in inputs().values()} >= {type_ for type_, _ in PUT}


def _case(folder: str) -> Case:
    return next(case for case in cases() if case.folder.name == folder and case.name == "query")


def _given(type_: str, product: str) -> dict[str, Any]:
    """What else such an input says."""
    match type_:
        case "ProductCreateInput":
            return {"title": "One"}
        case "ProductUpdateInput":
            return {"id": product}
        case "StoreSettingsUpdateInput":
            return {}
        case "StorageDriverSettingsUpdateInput":
            return {"driver": "s3"}
        case "PaymentMethodSettingsUpdateInput":
            return {"method": "stripe"}
        case "IntegrationSettingsUpdateInput":
            return {"key": "letterbox"}
    return dict(_case(SAID[type_]).steps[0].variables["input"])


def _seed(type_: str) -> str:
    return (_case(SAID[type_]).seed if type_ in SAID else None) or "letterbox"


async def _tried(gateway: Gateway, type_: str, field: str, value: Any) -> list[tuple[str, str]]:
    """The user errors of a dry run: their codes, and the beginnings of their places."""
    mutation = next(name for name, one in inputs().items() if one.name == type_)
    product = (await gateway("{ products(first: 1) { nodes { id } } }"))["products"]["nodes"][0]["id"]
    given = _given(type_, product) | {camel(field): PUT[type_, field](value)}
    payload = await perform(gateway, mutation, given, dry=True)
    return [(error["code"], error["field"][0]) for error in payload["userErrors"]]


@pytest.mark.parametrize(("type_", "field"), PUT)
async def test_what_no_column_gives_back_is_refused_everywhere(imported: Imported, type_: str, field: str) -> None:
    with imported.copy() as url:
        async with opened(url) as gateway:
            await store_rows(gateway, SEEDS[_seed(type_)]())
            for wrong in (1e300, -(2.0**60), 2**53 + 1, "a\0b"):
                assert set(await _tried(gateway, type_, field, wrong)) == {("VALIDATION", field)}, wrong
            if (type_, field) not in FORMS:  # these say what kind of value each is
                assert await _tried(gateway, type_, field, 2.0**53) == []

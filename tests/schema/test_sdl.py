"""The contract as clients read it: the exported schema, and what must be true of every part of it."""

from pathlib import Path
from typing import Final

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    Undefined,
    build_schema,
    is_non_null_type,
    is_specified_scalar_type,
)

import schema as room
from engine.declared.conversion import made
from engine.declared.declaration import DEFINITION
from engine.values.errors import ErrorCode
from engine.values.viewer import PUBLIC, SIGNED_IN
from schema.root import schema
from tests.schema.mapping import DOWNLOAD, PICTURE, PRODUCT, VARIANT

SDL: Final = Path(room.__file__).with_name("schema.graphql")
TYPES: Final[dict[str, GraphQLNamedType]] = {
    name: type_
    for name, type_ in schema.core.type_map.items()
    if not name.startswith("__") and not is_specified_scalar_type(type_)
}
OBJECTS: Final = {n: t for n, t in TYPES.items() if isinstance(t, GraphQLObjectType | GraphQLInterfaceType)}
INPUTS: Final = {n: t for n, t in TYPES.items() if isinstance(t, GraphQLInputObjectType)}
ENUMS: Final = {n: t for n, t in TYPES.items() if isinstance(t, GraphQLEnumType)}
MUTATIONS: Final = OBJECTS["Mutation"].fields
CONNECTIONS: Final = {
    f"{name}.{field_name}": field
    for name, type_ in OBJECTS.items()
    for field_name, field in type_.fields.items()
    if str(field.type).rstrip("!").endswith("Connection")
}


def test_what_has_a_default_takes_null_for_it() -> None:
    """As if it were absent. Editors' linters call a field that must not be null missing where its default is false."""
    tried = 0
    for type_ in INPUTS.values():
        takes = type_.extensions[DEFINITION].origin
        for name, field in type_.fields.items():
            if field.default_value not in (None, Undefined):
                assert not is_non_null_type(field.type), f"{type_}.{name}"
                assert made(takes, {name: None}) == made(takes, {}), f"{type_}.{name}"
                tried += 1
    assert tried > 30


def fields() -> dict[str, GraphQLField]:
    return {f"{name}.{field}": f for name, type_ in OBJECTS.items() for field, f in type_.fields.items()}


def test_tools_can_read_it() -> None:
    assert build_schema(SDL.read_text(encoding="utf-8")).query_type is not None


# Descriptions


@pytest.mark.parametrize("name", TYPES)
def test_every_type_is_described(name: str) -> None:
    assert TYPES[name].description


@pytest.mark.parametrize("name", [*OBJECTS["Query"].fields, *MUTATIONS])
def test_every_root_field_is_described(name: str) -> None:
    assert (OBJECTS["Query"].fields | MUTATIONS)[name].description


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_names_permission_and_documented_operation(name: str) -> None:
    description = MUTATIONS[name].description or ""
    declared = MUTATIONS[name].extensions[DEFINITION].declaration.mutation
    open_to = {PUBLIC: "Open to everyone.", SIGNED_IN: "Open to everyone who signed in."}
    assert open_to.get(declared.permission, f"Requires {declared.permission}.") in description
    assert declared.rest is None or f"REST: {declared.rest}." in description


# Names


def test_names_are_spelled_as_in_graphql() -> None:
    names = [place.split(".")[1] for place in fields()] + [name for i in INPUTS.values() for name in i.fields]
    assert [name for name in names if not name[0].islower() or "_" in name] == []
    assert [name for name in TYPES if not name[0].isupper() or "_" in name] == []
    values = [value for enum in ENUMS.values() for value in enum.values]
    assert [value for value in values if not value.replace("_", "").isalnum() or value != value.upper()] == []


def test_no_name_is_in_the_rest_style() -> None:
    """`item_price` is `price`, and not `itemPrice` either. What has the same name in both worlds is no REST style."""
    keys = {key.split(".")[-1] for mapping in (PRODUCT, VARIANT, DOWNLOAD, PICTURE) for key in mapping}
    paging = {"per_page", "current_page", "last_page", "sort_by", "sort_type", "active_view", "filter_type", "with"}
    rest = {_camel(key) for key in keys | paging if "_" in key or key in {"ID", "with"}}
    shared = {_camel(key) for key in OWN_NAMES}
    names = {place.split(".")[1] for place in fields()} | {name for i in INPUTS.values() for name in i.fields}
    names |= {argument for f in fields().values() for argument in f.args}
    assert names & (rest - shared) == set()


# Documented keys whose neutral name is the same.
OWN_NAMES: Final = {
    *("comment_status", "view_url", "edit_url", "featured_image_id", "default_media", "created_at", "updated_at"),
    *("fulfillment_type", "variation_type", "min_price", "max_price", "manage_stock", "stock_availability"),
    *("manage_downloadable", "group_pricing_by", "sold_individually", "use_pricing_table"),
    *("payment_type", "stock_status", "total_stock", "on_hold", "manage_cost", "compare_price", "shipping_class"),
    *("package_slug", "weight_unit", "trial_days", "billing_summary", "file_name", "file_path", "file_url"),
    *("file_size", "download_limit", "tax_class", "per_page"),
}


def _camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(word.capitalize() for word in rest)


# Entities


@pytest.mark.parametrize("name", schema.entities)
def test_every_entity_is_a_node(name: str) -> None:
    type_ = OBJECTS[name]
    assert "Node" in [interface.name for interface in type_.interfaces]
    assert str(type_.fields["id"].type) == "ID!"
    for numbered in {"databaseId", "version"} & type_.fields.keys():
        assert str(type_.fields[numbered].type) == "Int!"


def test_every_node_is_an_entity() -> None:
    nodes = {n for n, t in OBJECTS.items() if "Node" in [interface.name for interface in t.interfaces]}
    assert nodes == schema.entities.keys()


@pytest.mark.parametrize("name", [n for n in schema.entities if "version" in OBJECTS[n].fields])
def test_what_has_a_version_has_its_dates(name: str) -> None:
    for moment in ("createdAt", "updatedAt"):
        assert str(OBJECTS[name].fields[moment].type).rstrip("!") == "DateTime"


@pytest.mark.parametrize("name", [n for n in INPUTS if n.endswith("By")])
def test_lookups_take_exactly_one_key(name: str) -> None:
    assert INPUTS[name].is_one_of
    assert "id" in INPUTS[name].fields


# Lists


@pytest.mark.parametrize("place", CONNECTIONS)
def test_a_connection_is_relays_and_jumps(place: str) -> None:
    field = CONNECTIONS[place]
    arguments = {name: str(argument.type) for name, argument in field.args.items()}
    paging = {"first": "Int", "after": "String", "last": "Int", "before": "String", "page": "Int"}
    assert paging.items() <= arguments.items()
    assert arguments.keys() - paging.keys() <= {"filter", "sort", "search", *OF_ITS_OWN.get(place, ())}

    connection = OBJECTS[str(field.type).rstrip("!")].fields
    assert connection.keys() == {"nodes", "edges", "pageInfo", "totalCount"}
    node = str(connection["nodes"].type).strip("[]!")
    assert str(connection["nodes"].type) == f"[{node}!]!"
    assert str(connection["totalCount"].type) == "Int!"
    assert [str(a.type) for a in connection["totalCount"].args.values()] == ["Int"]
    edge = OBJECTS[str(connection["edges"].type).strip("[]!")].fields
    assert {name: str(f.type) for name, f in edge.items()} == {"node": f"{node}!", "cursor": "String!"}


OF_ITS_OWN: Final = {
    "Product.relatedProducts": ("byCategories", "byBrands"),
    "Query.events": ("types", "entityId"),
    "Query.workflows": ("entityType", "managed"),
    "Query.workflowRuns": ("workflowId", "entityId"),
}


def test_page_info_counts_pages() -> None:
    assert {name: str(f.type) for name, f in OBJECTS["PageInfo"].fields.items()} == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",
        "endCursor": "String",
        "page": "Int",
        "perPage": "Int!",
        "pageCount": "Int!",
    }


# Mutations


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_takes_one_input_and_answers_a_payload(name: str) -> None:
    field = MUTATIONS[name]
    assert {n: str(a.type) for n, a in field.args.items()} == {
        "input": f"{name[0].upper()}{name[1:]}Input!",
        "idempotencyKey": "String",
        "validateOnly": "Boolean!",
    }
    assert field.args["validateOnly"].default_value is False
    # Nullable, or one field's failure would hide another's committed result.
    payload = OBJECTS[str(field.type)]
    assert payload.name == f"{name[0].upper()}{name[1:]}Payload"
    assert str(payload.fields["userErrors"].type) == "[UserError!]!"
    assert str(payload.fields["events"].type) == "[EventPreview!]"
    # Of several there may be none, and an item without an error is there: only what is one may be missing.
    single = {n: str(f.type) for n, f in payload.fields.items() if not str(f.type).startswith("[")}
    assert all(not type_.endswith("!") for type_ in single.values())


# Updates that identify otherwise, or that do the one thing that they are named after.
REQUIRED = {
    "IntegrationSettingsUpdateInput": ["key", "settings"],
    "InventoryUpdateInput": ["productId", "variantId", "totalStock", "available"],
    "ManageStockUpdateInput": ["productId", "manageStock"],
    "PaymentMethodSettingsUpdateInput": ["method", "settings"],
    "ProductDetailUpdateInput": [],
    "ProductEditorModeUpdateInput": ["id", "activeEditor"],
    "RolePermissionsInput": ["role", "permissions"],
    "StorageDriverSettingsUpdateInput": ["driver", "settings"],
    "StoreSettingsUpdateInput": [],
    "VariantPricingTableUpdateInput": ["id", "description"],
}


# A cart is nobody's form: whoever changes one says how many there are then.
@pytest.mark.parametrize("name", [n for n in INPUTS if n.endswith("UpdateInput") and n != "CartUpdateInput"])
def test_an_update_requires_nothing_but_its_id(name: str) -> None:
    if name == "PermissionsUpdateInput":  # several roles, each with its version
        name = "RolePermissionsInput"
    if name == "ProductBulkUpdateInput":  # several products, each with its version
        name = "ProductBulkUpdateItemInput"
    assert str(INPUTS[name].fields["expectedVersion"].type) == "Int"
    required = REQUIRED.get(name, ["id"])
    assert [n for n, f in INPUTS[name].fields.items() if str(f.type).endswith("!")] == required


# Values


def test_money_is_whole_minor_units() -> None:
    assert {name: str(f.type) for name, f in OBJECTS["Money"].fields.items()} == {
        "cents": "Cents!",
        "amount": "Decimal!",
        "currency": "CurrencyCode!",
        "formatted": "String!",
    }
    # Of figures that have grown it is told by how many percent.
    amounts = (name for name in fields() if "ReportFluctuations." not in name)
    floats = [name for name in amounts if name.lower().endswith(("price", "cost", "fee", "amount", "total"))]
    assert [name for name in floats if "Float" in str(fields()[name].type)] == []


@pytest.mark.parametrize("name", [n for n, t in TYPES.items() if isinstance(t, GraphQLScalarType)])
def test_scalars_say_what_specifies_them(name: str) -> None:
    scalar = TYPES[name]
    assert isinstance(scalar, GraphQLScalarType)
    assert (scalar.specified_by_url or "").startswith("https://")


def test_errors_have_the_documented_codes() -> None:
    assert ENUMS["ErrorCode"].values.keys() == {code.value for code in ErrorCode}
    assert {name: str(f.type) for name, f in OBJECTS["UserError"].fields.items()} == {
        "code": "ErrorCode!",
        "message": "String!",
        "field": "[String!]",
    }


def test_lists_hold_no_holes() -> None:
    """Except `nodes(ids:)`, where a hole is what is absent or hidden."""
    holes = [name for name, f in fields().items() if "[" in str(f.type) and "!]" not in str(f.type)]
    assert holes == ["Query.nodes"]

"""Who may ask for what: a policy written by hand, which does not know how the table that is checked in
(permission_matrix.md) is made."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from graphql import GraphQLObjectType
from strawberry.types.base import get_object_definition

from db.access.permission import ALL, IS_SUPER_ADMIN
from engine.declared.declaration import DEFINITION, DeclaredField, Leaf
from engine.declared.entity import Entity
from engine.declared.listing import Connected
from engine.declared.mutation import Performed
from engine.values.filtering import COLUMN, PERMISSION
from engine.values.viewer import PUBLIC, SIGNED_IN, alternatives
from schema.root import schema
from tests.gateway import Gateway
from tests.operations.documented import operations
from tests.schema.matrix import Asked, asked_fields, asked_roots, root_fields, seen_entities

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# The policy. What is new here is open to the whole world: think twice.
OPEN_READS: Final = {
    *("node", "nodes", "viewer", "catalogue"),
    *("product", "products", "productVariant", "productVariants", "taxonomies", "term"),  # the public catalogue
    *("integrationProviders", "events", "changes"),  # row by row: a visitor sees none of them
    *("shippingMethods", "shippingCalculation", "shippingMethod"),  # a checkout's
    "pushPublicKey",  # which every page that subscribes a browser shows
    "eventTypes",  # what this gateway can tell, as the schema does, and nothing of the store
    *("cart", "checkoutReceipt"),  # of whoever has its token, or the hash of its order
}
OPEN_WRITES: Final = {
    "signIn",
    *("cartAdd", "cartAddBump", "cartUpdate", "cartRemove", "cartApplyCoupon", "cartRemoveCoupon", "checkoutProcess"),
}
OPEN_STREAMS: Final = {"productChanged"}  # as the public catalogue shows it
FOR_WHO_SIGNED_IN: Final = {
    *("signOut", "passwordSet", "applicationPasswordCreate", "applicationPasswordRevoke"),
    "events",  # to follow them; each needs the permission of what it tells of
    *("pushSubscriptionSave", "pushSubscriptionDelete"),
}
OPEN_ROWS: Final = {"Product", "ProductVariant", "Media", "Term", "Taxonomy", "ShippingMethod"}
# Of what everyone may see, nobody without a permission sees these.
CONFIDENTIAL: Final = re.compile(
    r"cost|profit|margin|stock(?!Status|Availability)|^available$|onHold|committed|backorder|secret|password|token|email"
    r"|phone|address|note|comment|editUrl|editor|metadata|otherInfo|internal|vendor|hash|file(Path|Url)|bucket",
    re.IGNORECASE,
)
HARMLESS: Final = {
    *("ShippingClass.cost", "ShippingWeightTier.cost"),  # the buyer's
    "CartBump.hash",  # of what a cart is offered, which takes it by that
    *("Product.manageStock", "ProductVariant.manageStock"),  # whether it can run out; the public catalogue says so
}
# Who a mutation belongs to, by its first word: only these permissions may open it.
FAMILIES: Final = {
    r"product|variant|bundle|upgradePath|term|attribute|download|dummy|inventory|manageStock": r"products/",
    r"tax(Class|Rate)|shipping(Class|Method)|storeSettings|paymentMethod": r"store/|is_super",
    r"storageDriver|module|file|trustedDocument": r"store/|is_super",
    r"integration|addon|provider|connection|webhook|workflow|feed": r"integrations/|products/",
    r"order(?!Bump)|transaction|refund": r"orders/",
    r"orderBump": r"store/sensitive",
    r"customer": r"customers/",
    r"subscription": r"subscriptions/",
    r"coupon(Apply|Cancel)": r"orders/",  # of an order that is being written
    r"coupon(?!Apply|Cancel)": r"coupons/",
    r"license": r"licenses/",
    r"user|token|permissions|role": r"is_super_admin",
}


@pytest.fixture
async def roots(gateway: Gateway) -> dict[str, Asked]:
    return {one.name: one async for one in asked_roots(gateway)}


@on_sqlite
async def test_what_is_open_is_meant_to_be(roots: dict[str, Asked]) -> None:
    def of(kind: str, name: str) -> set[str]:
        return {n.partition(".")[2] for n, one in roots.items() if n.startswith(kind) and one.answers[name] == "yes"}

    assert of("Query", "anonymous") <= OPEN_READS
    assert of("Mutation", "anonymous") <= OPEN_WRITES
    assert of("Subscription", "anonymous") == OPEN_STREAMS
    signed_in = {n.partition(".")[2] for n, one in roots.items() if one.needs == SIGNED_IN}
    assert signed_in <= FOR_WHO_SIGNED_IN


@on_sqlite
async def test_a_storefronts_token_opens_nothing(gateway: Gateway, roots: dict[str, Asked]) -> None:
    for one in (*roots.values(), *await asked_fields(gateway), *await seen_entities(gateway)):
        assert one.answers["storefront"] == one.answers["anonymous"], one.name


@on_sqlite
async def test_a_role_gets_what_its_permissions_say(gateway: Gateway, roots: dict[str, Asked]) -> None:
    """The documented map, by some of its edges; super admins get all."""
    for one in (*roots.values(), *await asked_fields(gateway)):
        assert one.answers["super_admin"] == "yes", one.name
        if one.needs in (IS_SUPER_ADMIN, "store/sensitive"):
            assert {one.answers[c] for c in one.answers if c != "super_admin"} == {"–"}, one.name
        if re.search(r"/(create|edit|delete)$|^integrations/manage$|^orders/manage$|^store/settings$", one.needs):
            assert (one.answers["worker"], one.answers["accountant"]) == ("–", "–"), one.name


@on_sqlite
async def test_rows_are_hidden_unless_they_are_the_public_catalogues(gateway: Gateway) -> None:
    seen = {one.name: one for one in await seen_entities(gateway)}
    assert {name for name, one in seen.items() if one.answers["anonymous"] != "–"} == OPEN_ROWS
    for name in ("User", "AccessToken", "ApplicationPassword", "AuditEntry", "StoreSettings"):
        assert seen[name].answers["worker"] != "all", name


@on_sqlite
async def test_a_mutation_needs_a_permission_of_its_family(roots: dict[str, Asked]) -> None:
    for name, one in roots.items():
        kind, _, field = name.partition(".")
        if kind != "Mutation" or field in OPEN_WRITES | FOR_WHO_SIGNED_IN:
            continue
        assert set(alternatives(one.needs)) <= ALL, name
        families = [needs for words, needs in FAMILIES.items() if re.match(words, field)]
        assert len(families) == 1, f"{name}: say in FAMILIES whose it is"
        assert all(re.match(families[0], needs) for needs in alternatives(one.needs)), name
        assert one.answers["anonymous"] == "–"


def test_an_operation_needs_what_the_documents_say() -> None:
    """Reads of the public catalogue are open: the rows that are not are hidden row by row."""
    documented = {operation.rest: operation for operation in operations().values()}
    checked = 0
    for name, declared, _ in root_fields():
        for rest in declared.rest:
            needs, wanted = declared.declaration.permission, documented[rest].permission
            if not isinstance(declared.declaration, Performed) and needs == PUBLIC:
                assert name.partition(".")[2] in OPEN_READS | FOR_WHO_SIGNED_IN, name
            else:
                # Of two permissions the other shows other rows: feeds of products, to whom sees those.
                assert any(need in wanted for need in (needs or "").split(" or ")), (name, rest)
            checked += 1
    assert checked > 30


def columns() -> Iterator[tuple[Entity, str, DeclaredField]]:
    for entity in schema.entities.values():
        for name, field in entity.fields.items():
            if isinstance(field.declaration, Leaf):
                yield entity, name, field


def test_what_everyone_sees_of_a_product_is_no_secret() -> None:
    for entity, name, field in columns():
        where = f"{entity.name}.{name}"
        if entity.name in OPEN_ROWS and CONFIDENTIAL.search(name) and where not in HARMLESS:
            assert field.declaration.permission, f"{where} is shown to everyone"


def test_costs_are_for_who_may_change_them() -> None:
    found = [(e.name, n, f) for e, n, f in columns() if re.search("cost|profit", n, re.IGNORECASE)]
    assert len(found) >= 3
    for entity, name, field in found:
        if f"{entity}.{name}" not in HARMLESS:
            assert field.declaration.permission in ("products/edit", "store/sensitive"), f"{entity}.{name}"


def listings() -> Iterator[tuple[str, Connected]]:
    for type_ in schema.core.type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for name, field in type_.fields.items():
                declared = (field.extensions or {}).get(DEFINITION)
                if isinstance(declared, DeclaredField) and isinstance(declared.declaration, Connected):
                    yield f"{type_.name}.{name}", declared.declaration


def test_nothing_is_found_or_sorted_by_what_is_not_shown() -> None:
    """A filter or an order tells a value as surely as showing it does: one asks often enough."""
    guarded: dict[Any, str] = {}
    for _, _, field in columns():
        if field.declaration.permission not in (None, PUBLIC):
            for need in field.declaration.needs:
                if getattr(need, "table", None) is not None:
                    guarded[need] = str(field.declaration.permission)
    assert len(guarded) > 10
    listed = 0
    for where, declaration in listings():
        listing = declaration.listing
        for member, column in listing.sorting.columns.items():
            assert column not in guarded, f"{where} sorts by {member}"
        for given in get_object_definition(listing.filter, strict=True).fields:
            needs = guarded.get(given.metadata.get(COLUMN))
            if needs is not None:
                assert given.metadata.get(PERMISSION) == needs, f"{where} filters by {given.python_name}"
        listed += 1
    assert listed > 5

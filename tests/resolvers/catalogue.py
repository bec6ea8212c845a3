"""A small catalogue in which everything hangs together, and the mutations that take it apart."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, select

from db.catalog.product import FulfillmentType, VariationType
from db.store.row import Row
from engine.values import identity
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.resolvers.shelf import derive

PRINT, SET, FRAME = 1, 2, 3
SMALL, LARGE, BOTH, OAK = 11, 12, 21, 31
ERRORS: Final = "userErrors { code message field }"


def rows() -> Sequence[Row]:
    """Prints (1) in two sizes (11, 12) with a file, a feed and an upgrade path to the larger one; a set (2) whose only
    variant (21) is a bundle of both and a frame; a frame (3, 31) that may be upgraded to either print."""
    named: dict[str, Any] = {"fulfillment_type": FulfillmentType.PHYSICAL}
    return [
        factories.categories(),
        factories.brands(),
        factories.term(1, name="Wall"),
        factories.term(2, "product-brands", name="Acme"),
        factories.provider("crm"),
        factories.product(PRINT, title="Print", variation_type=VariationType.SIMPLE_VARIATIONS, **named),
        factories.variant(SMALL, PRINT, title="Small", sku="P-S", price=1000, position=1, **named),
        factories.variant(LARGE, PRINT, title="Large", sku="P-L", price=3000, position=2, **named),
        factories.product(SET, title="Set", is_bundle=True, **named),
        factories.variant(BOTH, SET, title="Set", price=3500, **named),
        factories.product(FRAME, title="Frame", **named),
        factories.variant(OAK, FRAME, title="Oak", price=500, **named),
        factories.bundle_item(BOTH, SMALL, 1),
        factories.bundle_item(BOTH, LARGE, 2),
        factories.bundle_item(BOTH, OAK, 3),
        factories.product_term(PRINT, 1),
        factories.product_term(PRINT, 2),
        factories.media(1, product_id=PRINT),
        factories.media(2, product_id=PRINT, position=2, title="Back"),
        factories.media(3, variant_id=SMALL),
        factories.download(1, PRINT, title="Everybody's"),
        factories.download(2, PRINT, title="Of the large", position=2, for_all_variants=False, file_name="l.zip"),
        factories.download_variant(2, LARGE),
        factories.feed(1, "crm", product_id=PRINT),
        factories.feed(2, "crm"),
        factories.upgrade_path(1, SMALL),
        factories.upgrade_target(1, LARGE),
        factories.upgrade_path(2, OAK),
        factories.upgrade_target(2, SMALL),
        factories.upgrade_target(2, LARGE, 2),
        factories.upgrade_path(3, OAK),
        factories.upgrade_target(3, SMALL),
        factories.upgrade_target(3, BOTH, 2),
    ]


async def stocked(gateway: Gateway) -> Gateway:
    await factories.store_rows(gateway, rows())
    await derive(gateway, PRINT, SET, FRAME)
    return gateway


def product_id(key: int) -> str:
    return identity.encode("Product", key)


def variant_id(key: int) -> str:
    return identity.encode("ProductVariant", key)


async def done(
    gateway: Gateway, name: str, input: Mapping[str, Any], shown: str = "product { id }", *, viewer: Any = ADMIN
) -> dict[str, Any]:
    """The payload of a mutation whose input type is named after it."""
    type_ = f"{name[0].upper()}{name[1:]}Input"
    document = f"mutation Do($input: {type_}!) {{ {name}(input: $input) {{ {shown} {ERRORS} }} }}"
    payload: dict[str, Any] = (await gateway(document, {"input": input}, viewer))[name]
    return payload


async def succeeded(gateway: Gateway, name: str, input: Mapping[str, Any], shown: str = "product { id }") -> Any:
    payload = await done(gateway, name, input, shown)
    assert payload["userErrors"] == []
    return payload


async def refused(gateway: Gateway, name: str, input: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Code and field of each user error of a mutation that has to fail."""
    payload = await done(gateway, name, input, "")
    assert payload["userErrors"]
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


async def stored(gateway: Gateway, of: Table, **columns: Any) -> list[dict[str, Any]]:
    """The rows whose columns have these values, by their keys."""
    statement = select(of).order_by(*of.primary_key.columns)
    for name, value in columns.items():
        statement = statement.where(of.c[name] == value)
    async with gateway.database.read() as connection:
        return [dict(row) for row in (await connection.execute(statement)).mappings()]

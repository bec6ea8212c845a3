"""Every number and string of the recorded store is served, and as it was recorded."""

import lzma
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from schema.root import schema
from tests.gateway import Gateway
from tests.recorded import RECORDING
from tests.schema.mapping import (
    DOWNLOAD,
    OURS,
    PICTURE,
    PRODUCT,
    VARIANT,
    Each,
    Key,
    Later,
    Record,
    Served,
    flattened,
    selection,
)

TYPES: Mapping[str, Mapping[str, Key]] = {
    "Product": PRODUCT,
    "ProductVariant": VARIANT,
    "ProductDownload": DOWNLOAD,
    "Media": PICTURE,
}
PAGE = f"""
query Page($after: String) {{
  products(first: 100, after: $after, sort: [{{ field: ID }}]) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {selection(PRODUCT)}
  }}
}}
"""


@cache
def answers() -> list[Record]:
    with lzma.open(RECORDING) as lines:
        return [orjson.loads(line) for line in lines]


@cache
def products() -> list[Record]:
    """As GET /products/{productId}/pricing answers, in the order of their numbers."""
    found = [a["response"]["product"] for a in answers() if a["path"].endswith("/pricing")]
    return sorted(found, key=lambda product: int(product["ID"]))


async def served(gateway: Gateway) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        connection = (await gateway(PAGE, {"after": page["endCursor"]}))["products"]
        nodes += connection["nodes"]
        page = connection["pageInfo"]
    return nodes


def test_the_recording_is_whole() -> None:
    assert len(products()) == 200
    assert sum(len(product["variants"]) for product in products()) == 611
    assert sum(len(product["downloadable_files"]) for product in products()) == 70


async def test_all_is_served_as_recorded(recorded_store: Gateway) -> None:
    found = await served(recorded_store)
    counts = [len(found), sum(len(p["variants"]) for p in found), sum(len(p["downloads"]) for p in found)]
    assert counts == [200, 611, 70]
    assert len({v["databaseId"] for p in found for v in p["variants"]}) == 611
    differences = [
        difference
        for record, node in zip(products(), found, strict=True)
        for difference in differing(record, node, PRODUCT, f"product {record['ID']}")
    ]
    assert differences == []
    assert arrived(found) == set(), "what is served now is mapped as such: `Served`, not `Later`"


@pytest.mark.parametrize("name", ["GET /products", "GET /products/{productId}/pricing", "GET /variants"])
def test_every_recorded_key_is_mapped(name: str) -> None:
    """A new key in the recording has to be served, or left out with a reason."""
    records, keys = {
        "GET /products": (
            [p for a in answers() if a["path"] == "/products" for p in a["response"]["products"]["data"]],
            PRODUCT,
        ),
        "GET /products/{productId}/pricing": (products(), PRODUCT),
        "GET /variants": ([v for a in answers() if a["path"] == "/variants" for v in a["response"]], VARIANT),
    }[name]
    assert records
    assert {path for record in records for path in unmapped(record, keys)} == set()


@pytest.mark.parametrize("name", TYPES)
def test_every_served_field_is_mapped(name: str) -> None:
    """A leaf that is not compared with the recording says where else its value is from."""
    type_ = schema.core.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    leaves = {n for n, f in type_.fields.items() if is_leaf_type(get_named_type(f.type))}
    compared = {key.field.split(".")[0] for key in TYPES[name].values() if isinstance(key, Served)}
    assert leaves - compared == OURS[name].keys()
    assert not compared & OURS[name].keys()


def differing(record: Record, node: Any, keys: Mapping[str, Key], where: str) -> Iterator[str]:
    """A sentence for each value that is served otherwise than recorded."""
    for path, key in keys.items():
        if isinstance(key, Served):
            expected, actual = key.turn(dug(record, path)), reached(node, key.field)
            if default(expected, actual, record, path) or (actual == expected and type(actual) is type(expected)):
                continue
            yield f"{where}: {path} is recorded as {dug(record, path)!r}, {key.field} is {actual!r}"
        elif isinstance(key, Each):
            records, nodes = dug(record, path) or [], node[key.field]
            if len(records) != len(nodes):
                yield f"{where}: {path} has {len(records)} records, {key.field} {len(nodes)}"
            for number, (inner, item) in enumerate(zip(records, nodes, strict=False)):
                yield from differing(inner, item, key.keys, f"{where}, {path} {number}")


def default(expected: Any, actual: Any, record: Record, path: str) -> bool:
    """A subscription without an interval is a yearly one."""
    subscribed = record.get("payment_type") == "subscription"
    return path == "other_info.repeat_interval" and subscribed and expected is None and actual == "YEARLY"


def unmapped(record: Record, keys: Mapping[str, Key]) -> Iterator[str]:
    for path, value in flattened(record, keys):
        key = keys.get(path)
        if key is None:
            yield path
        elif isinstance(key, Each):
            yield from (f"{path}[].{inner}" for item in value or [] for inner in unmapped(item, key.keys))


def arrived(nodes: list[dict[str, Any]]) -> set[str]:
    """The keys that are said to come later, and are served as recorded."""
    variants = [v for product in products() for v in product["variants"]]
    return come(products(), nodes, PRODUCT) | come(variants, [v for node in nodes for v in node["variants"]], VARIANT)


def come(records: list[Record], nodes: list[dict[str, Any]], keys: Mapping[str, Key]) -> set[str]:
    pairs = list(zip(records, nodes, strict=True))
    coming = {path: key.served for path, key in keys.items() if isinstance(key, Later)}
    return {
        path
        for path, key in coming.items()
        if all(key.turn(dug(record, path)) == reached(node, key.field) for record, node in pairs)
    }


def dug(record: Any, path: str) -> Any:
    """The value under a dotted key; None where it is absent."""
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def reached(node: Any, field: str) -> Any:
    """The value of a dotted field; of a list's items the sorted values, None below what is null."""
    name, _, rest = field.partition(".")
    value = node[name]
    if not rest or value is None:
        return value
    return sorted(reached(item, rest) for item in value) if isinstance(value, list) else reached(value, rest)

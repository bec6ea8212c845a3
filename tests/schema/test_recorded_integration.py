"""Every number and string of the recorded feeds, providers, upgrade paths, tax and shipping classes is served, and as
it was recorded."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from engine.values.identity import encode
from schema.root import schema
from tests.gateway import Gateway
from tests.schema.mapping import Each, Key, Record, Served, selection
from tests.schema.mapping_integration import (
    ENVELOPE,
    FEED,
    OURS,
    PROVIDER,
    SHIPPING_CLASS,
    TAX_CLASS,
    UPGRADE_PATH,
    in_settings,
)
from tests.schema.test_recorded_store import answers, differing, unmapped

TYPES: Mapping[str, Mapping[str, Key]] = {
    "IntegrationFeed": FEED,
    "IntegrationProvider": PROVIDER,
    "UpgradePath": UPGRADE_PATH,
    "TaxClass": TAX_CLASS,
    "ShippingClass": SHIPPING_CLASS,
}
PRODUCT_INTEGRATIONS = r"/products/(\d+)/integrations"
GLOBAL_FEEDS = r"/integration/(global)-feeds"
UPGRADE_PATHS = r"/products/(\d+)/upgrade-paths"
TAX_CLASSES = r"/(tax)/classes"
SHIPPING_CLASSES = r"/(shipping)/classes"
# The keys of each answer.
ANSWERS: Mapping[str, Mapping[str, Key]] = {
    PRODUCT_INTEGRATIONS: {"feeds": Each("feeds", FEED), **ENVELOPE},
    GLOBAL_FEEDS: {"feeds": Each("feeds", FEED), **ENVELOPE},
    UPGRADE_PATHS: {"data": Each("upgradePaths", UPGRADE_PATH)},
    TAX_CLASSES: {"tax_classes": Each("taxClasses", TAX_CLASS)},
    SHIPPING_CLASSES: {"shipping_classes.data": Each("shippingClasses", SHIPPING_CLASS), **ENVELOPE},
}
# A JSON leaf is fetched as a whole.
FEED_FIELDS = selection({path: Served("settings") if in_settings(key) else key for path, key in FEED.items()})
FEEDS = f"""
query Feeds($after: String) {{
  integrationFeeds(first: 100, after: $after, sort: [{{ field: ID }}]) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {FEED_FIELDS}
  }}
}}
"""
PROVIDERS = f"{{ integrationProviders {selection({**PROVIDER, '': Served('key')})} }}"


def recorded(pattern: str) -> dict[str, Record]:
    """The answers to this path, by what it captures."""
    found = ((re.fullmatch(pattern, answer["path"]), answer["response"]) for answer in answers())
    return {match[1]: response for match, response in found if match}


def product_feeds() -> dict[str, list[Record]]:
    return {product: answer["feeds"] for product, answer in recorded(PRODUCT_INTEGRATIONS).items()}


def global_feeds() -> list[Record]:
    feeds: list[Record] = recorded(GLOBAL_FEEDS)["global"]["feeds"]
    return feeds


def upgrade_paths() -> dict[str, list[Record]]:
    return {product: answer["data"] for product, answer in recorded(UPGRADE_PATHS).items()}


def tax_classes() -> list[Record]:
    classes: list[Record] = recorded(TAX_CLASSES)["tax"]["tax_classes"]
    return classes


def shipping_classes() -> list[Record]:
    classes: list[Record] = recorded(SHIPPING_CLASSES)["shipping"]["shipping_classes"]["data"]
    return classes


def providers() -> Iterable[tuple[str, Record]]:
    """Of every answer, each with its key."""
    for answer in [*recorded(PRODUCT_INTEGRATIONS).values(), *recorded(GLOBAL_FEEDS).values()]:
        yield from answer["available_integrations"].items()


def test_the_recording_is_whole() -> None:
    assert [len(product_feeds()), sum(map(len, product_feeds().values())), len(global_feeds())] == [200, 79, 6]
    assert {key for key, _ in providers()} == {"fluentcrm", "refproduct", "refglobal"}
    assert [len(upgrade_paths()), sum(map(len, upgrade_paths().values()))] == [200, 15]
    assert [len(tax_classes()), len(shipping_classes())] == [3, 2]


async def nodes(gateway: Gateway, type_: str, fields: str, ids: Iterable[object]) -> list[Any]:
    document = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {type_} {fields} }} }}"
    all_ids = [encode(type_, id_) for id_ in ids]
    found: list[Any] = []
    for first in range(0, len(all_ids), 100):
        found += (await gateway(document, {"ids": all_ids[first : first + 100]}))["nodes"]
    assert None not in found
    return found


def differences(records: Iterable[Record], found: Iterable[Any], keys: Mapping[str, Key], where: str) -> list[str]:
    """Of lists in the same order and of one length."""
    return [
        difference
        for record, node in zip(records, found, strict=True)
        for difference in differing(record, node, keys, f"{where} {record.get('id', '')}")
    ]


def feed_differences(records: list[Record], found: list[Any], where: str) -> list[str]:
    """The same of feeds, whose settings are the keys without a field, no more and no fewer."""
    inner = {path.removeprefix("feed.") for path, key in FEED.items() if in_settings(key)}
    for record, node in zip(records, found, strict=True):
        assert node["settings"].keys() == record["feed"].keys() & inner, f"{where}, feed {record['id']}"
    whole = [{**node, "settings": dict.fromkeys(inner) | node["settings"]} for node in found]
    return differences(records, whole, FEED, f"{where}, feed")


def by_id(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: int(record["id"]))


async def test_product_feeds_are_served_as_recorded(recorded_store: Gateway) -> None:
    found = await nodes(recorded_store, "Product", f"{{ feeds {FEED_FIELDS} }}", product_feeds())
    assert sum(len(product["feeds"]) for product in found) == 79
    unequal = [
        difference
        for (product, records), node in zip(product_feeds().items(), found, strict=True)
        for difference in feed_differences(records, node["feeds"], f"product {product}")
    ]
    assert unequal == []


async def test_all_feeds_are_listed_as_recorded(recorded_store: Gateway) -> None:
    found = (await recorded_store(FEEDS))["integrationFeeds"]
    assert not found["pageInfo"]["hasNextPage"]
    of_store = [node for node in found["nodes"] if node["scope"] == "GLOBAL"]
    of_products = [node for node in found["nodes"] if node["scope"] == "PRODUCT"]
    assert [len(of_store), len(of_products)] == [6, 79]
    assert feed_differences(by_id(global_feeds()), served_by_id(of_store), "the store") == []
    records = by_id(record for feeds in product_feeds().values() for record in feeds)
    assert feed_differences(records, served_by_id(of_products), "all products") == []


def served_by_id(found: list[Any]) -> list[Any]:
    return sorted(found, key=lambda node: int(node["databaseId"]))


async def test_providers_are_served_as_recorded(recorded_store: Gateway) -> None:
    served = {node["key"]: node for node in (await recorded_store(PROVIDERS))["integrationProviders"]}
    del served["webhook"]  # which every store brings itself
    assert served.keys() == {"fluentcrm", "refproduct", "refglobal"}
    assert [d for key, record in providers() for d in differing(record, served[key], PROVIDER, key)] == []


async def test_upgrade_paths_are_served_as_recorded(recorded_store: Gateway) -> None:
    fields = f"{{ upgradePaths {selection(UPGRADE_PATH)} }}"
    found = await nodes(recorded_store, "Product", fields, upgrade_paths())
    assert sum(len(product["upgradePaths"]) for product in found) == 15
    unequal = []
    for (product, records), node in zip(upgrade_paths().items(), found, strict=True):
        unequal += differences(records, node["upgradePaths"], UPGRADE_PATH, f"product {product}, path")
        for record, path in zip(records, node["upgradePaths"], strict=True):
            # The order counts too: it is that in which the targets are offered.
            assert [int(id_) for id_ in record["meta_value"]["to_variants"]] == [v["databaseId"] for v in path["to"]]
    assert unequal == []


async def test_tax_classes_are_served_as_recorded(recorded_store: Gateway) -> None:
    found = await nodes(recorded_store, "TaxClass", selection(TAX_CLASS), [r["id"] for r in tax_classes()])
    assert len(found) == 3
    assert differences(tax_classes(), found, TAX_CLASS, "tax class") == []


async def test_shipping_classes_are_served_as_recorded(recorded_store: Gateway) -> None:
    ids = [record["id"] for record in shipping_classes()]
    found = await nodes(recorded_store, "ShippingClass", selection(SHIPPING_CLASS), ids)
    assert len(found) == 2
    assert differences(shipping_classes(), found, SHIPPING_CLASS, "shipping class") == []


@pytest.mark.parametrize("pattern", ANSWERS)
def test_every_recorded_key_is_mapped(pattern: str) -> None:
    """A new key in the recording has to be served, or left out with a reason."""
    records = recorded(pattern).values()
    assert records
    # Providers are records by their keys.
    rest = [{name: v for name, v in record.items() if name != "available_integrations"} for record in records]
    assert {path for record in rest for path in unmapped(record, ANSWERS[pattern])} == set()


def test_every_recorded_key_of_a_provider_is_mapped() -> None:
    assert {path for _, record in providers() for path in unmapped(record, PROVIDER)} == set()


@pytest.mark.parametrize("name", TYPES)
def test_every_served_field_is_mapped(name: str) -> None:
    """A leaf that is not compared with the recording says where else its value is from."""
    type_ = schema.core.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    leaves = {n for n, f in type_.fields.items() if is_leaf_type(get_named_type(f.type))}
    compared = {key.field.split(".")[0] for key in TYPES[name].values() if isinstance(key, Served)}
    assert leaves - compared == OURS[name].keys()
    assert not compared & OURS[name].keys()

"""Every number and string of the recorded orders and customers is served, and as it was recorded."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from engine.values.identity import encode
from schema.root import schema
from tests.gateway import Gateway
from tests.schema.mapping import Key, Record, Served, selection
from tests.schema.mapping_commerce import CUSTOMER, CUSTOMER_ANSWER, ITEM, ORDER, ORDER_ANSWER, OURS, TRANSACTION
from tests.schema.test_recorded_store import answers, differing, unmapped

TYPES: Mapping[str, Mapping[str, Key]] = {
    "Order": ORDER,
    "OrderItem": ITEM,
    "OrderTransaction": TRANSACTION,
    "Customer": CUSTOMER,
}
# The type that an answer is about, and the answer's keys.
ANSWERS: Mapping[str, tuple[str, Mapping[str, Key]]] = {
    "orders": ("Order", ORDER_ANSWER),
    "customers": ("Customer", CUSTOMER_ANSWER),
}


def recorded(name: str) -> dict[int, Record]:
    """The answers to GET /{name}/{id}, by their ids."""
    found = ((re.fullmatch(rf"/{name}/(\d+)", answer["path"]), answer["response"]) for answer in answers())
    return {int(match[1]): response for match, response in found if match}


async def nodes(gateway: Gateway, type_: str, keys: Mapping[str, Key], ids: list[int]) -> list[Any]:
    document = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {type_} {selection(keys)} }} }}"
    found: list[Any] = []
    for first in range(0, len(ids), 100):
        chunk = ids[first : first + 100]
        found += (await gateway(document, {"ids": [encode(type_, id_) for id_ in chunk]}))["nodes"]
    return found


def test_the_recording_is_whole() -> None:
    orders = [answer["order"] for answer in recorded("orders").values()]
    assert len(orders) == 40
    assert sum(len(order["order_items"]) for order in orders) == 40
    assert sum(len(order["transactions"]) for order in orders) == 40
    assert len(recorded("customers")) == 12


async def test_orders_are_served_as_recorded(recorded_store: Gateway) -> None:
    orders = await agreeing(recorded_store, "orders")
    items = {item["databaseId"] for order in orders for item in order["items"]}
    transactions = {transaction["databaseId"] for order in orders for transaction in order["transactions"]}
    assert [len(orders), len(items), len(transactions)] == [40, 40, 40]


async def test_customers_are_served_as_recorded(recorded_store: Gateway) -> None:
    assert len(await agreeing(recorded_store, "customers")) == 12


async def agreeing(gateway: Gateway, name: str) -> list[Any]:
    """What is served of all recorded answers of this name, which it equals."""
    type_, keys = ANSWERS[name]
    records = recorded(name)
    found = await nodes(gateway, type_, keys, list(records))
    assert None not in found
    differences = [
        difference
        for (id_, record), node in zip(records.items(), found, strict=True)
        for difference in differing(record, node, keys, f"{type_} {id_}")
    ]
    assert differences == []
    return found


@pytest.mark.parametrize("name", ANSWERS)
def test_every_recorded_key_is_mapped(name: str) -> None:
    """A new key in the recording has to be served, or left out with a reason."""
    records = recorded(name).values()
    assert records
    assert {path for record in records for path in unmapped(record, ANSWERS[name][1])} == set()


@pytest.mark.parametrize("name", TYPES)
def test_every_served_field_is_mapped(name: str) -> None:
    """A leaf that is not compared with the recording says where else its value is from."""
    type_ = schema.core.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    leaves = {n for n, f in type_.fields.items() if is_leaf_type(get_named_type(f.type))}
    compared = {key.field.split(".")[0] for key in TYPES[name].values() if isinstance(key, Served)}
    assert leaves - compared == OURS[name].keys()
    assert not compared & OURS[name].keys()

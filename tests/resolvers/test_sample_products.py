"""Every sample there is can be made, again and again."""

import orjson
import pytest

from resolvers.catalog.product.sample_products import NAMES, SAMPLES
from tests import factories
from tests.gateway import Gateway
from tests.resolvers.catalogue import refused, succeeded

SETS = {name: orjson.loads((SAMPLES / f"{name}.json").read_bytes()) for name in NAMES}


@pytest.fixture
async def store(gateway: Gateway) -> Gateway:
    await factories.store_rows(gateway, [factories.categories(), factories.brands()])
    return gateway


def test_the_documented_sets_are_there() -> None:
    assert {"clothing", "electronics", "food", "mens-shoes", "menswear", "digital"} <= set(NAMES)


async def test_each_sample_is_made_as_it_is_written(store: Gateway) -> None:
    shown = """product {
      title status excerpt fulfillmentType manageStock categories { name } variants { title price { cents } }
    }"""
    for name, samples in SETS.items():
        for index, sample in enumerate(samples):
            given = {"category": name, "index": index}
            product = (await succeeded(store, "dummyProductsCreate", given, shown))["product"]
            assert product["title"] == sample["title"]
            assert product["status"] == "DRAFT"
            assert product["excerpt"] == sample["excerpt"]
            assert product["fulfillmentType"] == sample["fulfillment_type"].upper()
            assert product["manageStock"] is sample.get("manage_stock", False)
            assert [term["name"] for term in product["categories"]] == [sample["category"].split(" > ")[-1]]
            said = [(variant["title"], variant["price"]["cents"]) for variant in product["variants"]]
            assert said == [(variant["title"], variant["price"]) for variant in sample["variants"]]


async def test_the_same_again_is_another_product(store: Gateway) -> None:
    slugs = [
        (await succeeded(store, "dummyProductsCreate", {}, "product { slug }"))["product"]["slug"] for _ in range(3)
    ]
    assert slugs == [slugs[0], f"{slugs[0]}-2", f"{slugs[0]}-3"]


async def test_what_is_no_sample(store: Gateway) -> None:
    for category in ("shoes", "", "../samples/food", "CLOTHING", "\0"):
        assert await refused(store, "dummyProductsCreate", {"category": category}) == [("NOT_FOUND", "category")]
    for index in (-1, len(SETS["food"]), 2**31 - 1):
        given = {"category": "food", "index": index}
        assert await refused(store, "dummyProductsCreate", given) == [("NOT_FOUND", "index")]

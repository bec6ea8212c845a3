"""The recorded store in process answers as one behind HTTP does."""

import httpx2
import pytest

from connectors.importers.fluentcart import RecordedStore
from tests.connectors.fluentcart_store import API, PASSWORD, RECORDING, USER, loopback, recorded

PATHS = [
    "/products?per_page=50&page=1&with%5B%5D=detail&with%5B%5D=variants",
    "/products?page=4",
    "/products?page=5",
    "/products",
    "/products/26/pricing",
    "/products/fetch-term",
    "/settings/store",
    "/products/1/pricing",
    "/nothing",
    "/../v3/products",
]


@pytest.mark.parametrize("path", PATHS)
async def test_the_same_answers(path: str) -> None:
    with loopback(password=None) as store:
        async with httpx2.AsyncClient() as over_http, httpx2.AsyncClient(transport=RecordedStore(RECORDING)) as inside:
            expected = await over_http.get(f"{store.url}{API}{path}")
            answer = await inside.get(f"{store.url}{API}{path}")
    assert answer.status_code == expected.status_code
    if answer.status_code == 200:
        assert answer.json() == expected.json()
        assert "{site}" not in answer.text
    else:
        assert answer.json()["code"] == expected.json()["code"] == "rest_no_route"


async def test_the_origin_is_the_one_that_was_asked() -> None:
    async with httpx2.AsyncClient(transport=RecordedStore(RECORDING)) as client:
        answer = await client.get(f"https://shop.example:8443{API}/products/4/pricing")
    assert answer.json()["product"]["view_url"] == "https://shop.example:8443/item/amber-mug/"


async def test_a_password_is_checked_when_there_is_one() -> None:
    store = RecordedStore(RECORDING, user=USER, password=PASSWORD)
    async with httpx2.AsyncClient(transport=store) as client:
        url = f"https://shop.example{API}/settings/store"
        assert (await client.get(url)).status_code == 401
        assert (await client.get(url, auth=(USER, "wrong"))).status_code == 401
        assert (await client.get(url, auth=(USER, PASSWORD))).status_code == 200


async def test_it_is_read_only() -> None:
    async with httpx2.AsyncClient(transport=RecordedStore(RECORDING)) as client:
        answer = await client.post(f"https://shop.example{API}/products")
    assert (answer.status_code, answer.json()["code"]) == (404, "rest_no_route")


def test_the_recording_is_whole() -> None:
    assert len(recorded()) == 680

"""The recorded store in process answers as one behind HTTP does."""

from typing import Any

import orjson
import pytest

from connectors.importers.fluentcart import RecordedStore
from connectors.outbound.client import Outbound
from connectors.outbound.message import Answer, Request, Sends
from connectors.outbound.reach import ANYWHERE
from tests.connectors.fluentcart_store import API, PASSWORD, RECORDING, USER, basic, loopback, recorded

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


async def asked(store: Sends, url: str, *, method: str = "GET", password: str | None = None) -> tuple[int, Any]:
    headers = [] if password is None else [("Authorization", basic(password))]
    answer = await store.send(Request(method, url, headers, whole=True))
    assert isinstance(answer, Answer)
    return answer.status, orjson.loads(answer.body)


@pytest.mark.parametrize("path", PATHS)
async def test_the_same_answers(path: str) -> None:
    with loopback(recorded(), password=None) as store:
        async with Outbound(ANYWHERE) as over_http:
            status, expected = await asked(over_http, f"{store.url}{API}{path}")
        inside, answer = await asked(RecordedStore(RECORDING), f"{store.url}{API}{path}")
    assert inside == status
    if status == 200:
        assert answer == expected
        assert "{site}" not in str(answer)
    else:
        assert answer["code"] == expected["code"] == "rest_no_route"


async def test_the_origin_is_the_one_that_was_asked() -> None:
    _, answer = await asked(RecordedStore(RECORDING), f"https://shop.example:8443{API}/products/4/pricing")
    assert answer["product"]["view_url"] == "https://shop.example:8443/item/amber-mug/"


async def test_a_password_is_checked_when_there_is_one() -> None:
    store = RecordedStore(RECORDING, user=USER, password=PASSWORD)
    url = f"https://shop.example{API}/settings/store"
    for password, status in ((None, 401), ("wrong", 401), (PASSWORD, 200)):
        assert (await asked(store, url, password=password))[0] == status


async def test_it_is_read_only() -> None:
    status, answer = await asked(RecordedStore(RECORDING), f"https://shop.example{API}/products", method="POST")
    assert (status, answer["code"]) == (404, "rest_no_route")


def test_the_recording_is_whole() -> None:
    assert len(recorded()) == 680

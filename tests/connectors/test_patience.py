"""A store that is slow, busy, interrupted or in the way; and addresses that are no store."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest
import time_machine

from connectors.importers.fluentcart import (
    ImportRefused,
    Source,
    StoreFailing,
    WrongCredentials,
    WrongUrl,
    import_store,
)
from connectors.importers.fluentcart.client import Client, Refused, Unanswered
from connectors.importers.report import Tally
from connectors.outbound.client import Outbound
from connectors.outbound.message import Answer, Outcome, Request
from connectors.outbound.reach import ANYWHERE
from db.store.database import Database
from tests.connectors.fluentcart_store import (
    API,
    FOUNDATION,
    OF_A_PRODUCT,
    PASSWORD,
    SMALL_PAGE,
    USER,
    Exchanges,
    Recorder,
    asked_for,
    loopback,
    path_of,
    rows,
    source,
)
from tests.connectors.outbound.receiver import Exchange, receiving


async def test_the_recorded_store_over_http(database: Database, small: Exchanges) -> None:
    with loopback(small) as store:
        report = await import_store(database, source(url=store.url, per_page=SMALL_PAGE))
    assert report.of("products") == Tally(imported=20)
    assert report.of("variants") == Tally(imported=len(await rows(database, "product_variant")))
    assert store.most_at_once <= 8
    assert len(store.requests) == asked_for(small)
    assert (await rows(database, "product"))[0]["view_url"] == f"{store.url}/item/amber-mug/"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "faults",
    [
        {"fail_every": 3},
        {"fail_every": 7, "retry_after": None},
        {"cut_every": 5},
        {"fail_every": 4, "cut_every": 6},
        {"fail_every": 5, "retry_after": "3600"},  # capped
        {"fail_every": 5, "retry_after": "soon"},
    ],
)
async def test_failures_that_pass_cost_only_time(database: Database, small: Exchanges, faults: dict[str, Any]) -> None:
    with loopback(small, **faults) as store:
        report = await import_store(database, source(url=store.url, attempts=12, per_page=SMALL_PAGE))
    assert report.of("products") == Tally(imported=20)
    assert not report.skipped


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_answers_that_never_come_are_asked_for_again(database: Database, small: Exchanges) -> None:
    with loopback(small, stall_every=41, stall_ms=400) as store:
        report = await import_store(database, source(url=store.url, timeout=0.2, attempts=12, per_page=SMALL_PAGE))
    assert report.of("products") == Tally(imported=20)
    assert len(store.requests) > asked_for(small)


async def test_never_more_requests_at_once_than_allowed() -> None:
    with loopback(together=threading.Barrier(3)) as store:
        async with Client(source(url=store.url, concurrency=3, timeout=60)) as client:
            await asyncio.gather(*(client.get("/products/fetch-term") for _ in range(30)))
    assert store.most_at_once == 3


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that somebody on this thread wanted to sleep; nobody does. The store's server sleeps on its own."""
    wanted: list[float] = []
    sleep, here = asyncio.sleep, threading.get_ident()

    async def noted(delay: float, result: Any = None) -> Any:
        if threading.get_ident() != here:
            return await sleep(delay, result)
        if delay > 0:
            wanted.append(delay)
        return await sleep(0, result)

    monkeypatch.setattr(asyncio, "sleep", noted)
    return wanted


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_honoured(form: str, waits: list[float]) -> None:
    with time_machine.travel(datetime(2026, 12, 1, 12, tzinfo=UTC), tick=False):
        asked = "2" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        with loopback(fail_every=1, retry_after=asked) as store:
            async with Client(source(url=store.url, attempts=2, longest_wait=5.0)) as client:
                with pytest.raises(Unanswered, match="failed 2 times, last: 503 Try again"):
                    await client.get("/products/fetch-term")
    (waited,) = waits
    assert 2 < waited < 2.01  # a little by chance
    assert len(store.requests) == 2


async def test_retry_after_is_capped(waits: list[float]) -> None:
    with loopback(fail_every=1, retry_after="86400") as store:
        async with Client(source(url=store.url, attempts=2, longest_wait=0.1)) as client:
            with pytest.raises(Unanswered):
                await client.get("/products/fetch-term")
    assert waits == [0.1]


@pytest.mark.parametrize("status", [429, 408, 425, 500, 502, 503, 504])
async def test_statuses_that_may_pass_are_asked_again(status: int) -> None:
    with loopback(status={"/products/4/pricing": status}) as store:
        async with Client(source(url=store.url, attempts=3)) as client:
            with pytest.raises(
                Unanswered, match=f"GET /products/4/pricing failed 3 times, last: {status} Some message"
            ):
                await client.get("/products/4/pricing")
    assert len(store.requests) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422])
async def test_other_refusals_are_final(status: int) -> None:
    with loopback(status={"/products/4/pricing": status}) as store:
        async with Client(source(url=store.url)) as client:
            with pytest.raises(Refused, match=rf"GET /products/4/pricing answered {status} \(some_code\)"):
                await client.get("/products/4/pricing")
    assert len(store.requests) == 1


async def test_an_answer_is_bounded_even_when_it_is_compressed() -> None:
    import gzip

    bomb = gzip.compress(b" " * 5_000_000)

    async def bombing(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.answer(bomb, b"Content-Encoding: gzip")

    async with receiving(bombing) as store, Client(source(url=store.url, most_bytes=1_000_000)) as client:
        with pytest.raises(Refused, match="more than 1000000 bytes"):
            await client.get("/products")


async def test_the_password_follows_no_redirect_to_another_origin() -> None:
    with loopback() as other, loopback(location={"/settings/store": f"{other.url}{API}/settings/store"}) as store:
        async with Client(source(url=store.url)) as client:
            with pytest.raises(WrongUrl, match=f"redirects to {other.url}: give that address"):
                await client.greet()
    assert not other.requests


async def test_a_redirect_within_the_site_is_followed() -> None:
    with loopback(location={"/products/fetch-term/": f"{API}/products/fetch-term"}) as store:
        async with Client(source(url=store.url)) as client:
            answer = await client.get("/products/fetch-term/")
    assert "product-brands" in answer["taxonomies"]
    assert store.authorizations[0] == store.authorizations[1] is not None


async def test_redirects_end() -> None:
    with loopback(location={"/products": f"{API}/products"}) as store:
        async with Client(source(url=store.url)) as client:
            with pytest.raises(Refused, match="redirects without end"):
                await client.get("/products")
    assert len(store.requests) == 5


class Moved:
    """A site that moved from http to https, or elsewhere."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.asked: list[tuple[str, bool]] = []

    async def send(self, request: Request) -> Outcome:
        self.asked.append((request.url, "Authorization" in dict(request.headers)))
        if request.url.startswith(self.target):
            return Answer(200, (), orjson.dumps({"settings": {"currency": "EUR"}}), None, 0.0)
        return Answer(301, (("location", self.target + path_of(request)),), b"", None, 0.0)


async def test_a_site_that_answers_by_tls_only_is_followed_there() -> None:
    moved = Moved("https://shop.example")
    async with Client(source(moved, url="http://shop.example")) as client:
        assert await client.greet() == {"currency": "EUR"}
    assert moved.asked[-1] == (f"https://shop.example{API}/settings/store", True)


@pytest.mark.parametrize("target", ["https://www.shop.example", "https://shop.example:8443", "http://evil.example"])
async def test_no_other_origin_is_asked(target: str) -> None:
    moved = Moved(target)
    async with Client(source(moved, url="http://shop.example")) as client:
        with pytest.raises(WrongUrl, match="redirects to"):
            await client.greet()
    assert len(moved.asked) == 1


async def test_no_way_back_from_tls() -> None:
    moved = Moved("http://shop.example")
    async with Client(source(moved, url="https://shop.example")) as client:
        with pytest.raises(WrongUrl, match="redirects to http://shop\\.example"):
            await client.greet()
    assert len(moved.asked) == 1


# Wrong from the start: one line, and nothing is written


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


async def refused(database: Database, asked: Source) -> str:
    with pytest.raises(ImportRefused) as refusal:
        await import_store(database, asked)
    message = str(refusal.value)
    assert "\n" not in message
    assert PASSWORD not in message
    assert PASSWORD not in repr(refusal.value)
    assert [(row["version"], row["updated_at"]) for row in await rows(database, "store")] == [(1, None)]
    for table in ("term", "product"):
        assert await rows(database, table) == []
    return f"{type(refusal.value).__name__}: {message}"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_wrong_addresses(database: Database, nobody: str) -> None:
    for url in ("", "ftp://shop.example", "http://", "https://shop.example:99999", "http://[::1", "http://a\nb", "://"):
        assert (await refused(database, source(url=url))).startswith("WrongUrl: ")
    assert (await refused(database, source(url=nobody))).startswith(f"WrongUrl: cannot connect to {nobody}: ")
    assert "WrongUrl: cannot connect to https://no-such-shop.invalid" in await refused(
        database, source(url="no-such-shop.invalid")
    )


async def test_a_password_in_the_address_is_not_repeated() -> None:
    with pytest.raises(WrongUrl) as refusal:
        source(url=f"ftp://admin:{PASSWORD}@shop.example").site()
    assert PASSWORD not in str(refusal.value)
    assert str(source(url="https://admin:secret@shop.example/").site()) == "https://shop.example/"
    assert PASSWORD not in repr(source())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_no_http(database: Database) -> None:
    async def banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(banner, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        said = await refused(database, source(url=f"http://127.0.0.1:{port}", attempts=2))
    assert said.startswith(f"WrongUrl: http://127.0.0.1:{port} does not speak HTTP: ")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_wrong_credentials(database: Database) -> None:
    with loopback(password="another") as store:
        said = await refused(database, source(url=store.url))
    assert said == f"WrongCredentials: {store.url} does not accept the password of {USER}"
    assert len(store.requests) == 1
    with loopback(status={"/settings/store": 403}) as store:
        said = await refused(database, source(url=store.url))
    assert said.startswith(f"WrongCredentials: {store.url} does not let {USER} read the store: ")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sites_without_fluentcart(database: Database, small: Exchanges) -> None:
    greeting = "/settings/store"
    del small[greeting, "1"]
    page = ("text/html; charset=UTF-8", b"<!doctype html><title>A blog</title>")
    cases = [
        loopback(small),  # 404 rest_no_route
        loopback(body={greeting: page}),
        loopback(body={greeting: page}, status={greeting: 404}),
        loopback(body={greeting: page}, status={greeting: 403}),
        loopback(location={greeting: "/wp-login.php?redirect_to=%2Fwp-json"}),
        loopback(body={greeting: ("application/json", b"[]")}),
        loopback(body={greeting: ("application/json", b'{"settings": []}')}),
        loopback(body={greeting: ("application/json", b'"hello"')}),
    ]
    for case in cases:
        with case as store:
            said = await refused(database, source(url=store.url))
        assert said.startswith(f"NoFluentCart: {store.url} ")
        assert len(store.requests) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_store_that_is_down_from_the_start(database: Database) -> None:
    with loopback(fail_every=1) as store:
        said = await refused(database, source(url=store.url, attempts=2))
    assert said == f"StoreFailing: {store.url} does not answer: GET /settings/store failed 2 times, last: 503 Try again"


@pytest.mark.parametrize(
    "url",
    [
        "{0}",
        "{0}/",
        "{0}/wp-json",
        "{0}/wp-json/",
        "{0}/wp-json/fluent-cart/v2/products?page=2",
        "  {0}  ",
    ],
)
async def test_forms_of_the_address(url: str) -> None:
    with loopback() as store:
        async with Client(source(url=url.format(store.url))) as client:
            assert (await client.greet())["store_name"] == "FC Reference"
            assert client.site == store.url


@pytest.mark.parametrize(
    ("written", "site"),
    [
        ("shop.example", "https://shop.example/"),
        ("HTTP://Shop.Example:80/", "http://shop.example/"),
        ("https://shop.example:443", "https://shop.example/"),
        ("https://shop.example:8443/blog/", "https://shop.example:8443/blog"),
        ("shop.example:8080/wp-json/fluent-cart/v2", "https://shop.example:8080/"),
        ("http://[::1]:8080", "http://[::1]:8080/"),
        ("https://shop.example/?rest_route=/x#y", "https://shop.example/"),
    ],
)
def test_the_site_of_an_address(written: str, site: str) -> None:
    assert str(source(url=written).site()) == site


# In the middle


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_record_that_fails_for_good_is_skipped_when_the_store_lives(
    database: Database, small: Exchanges
) -> None:
    with loopback(small, status={"/products/7/pricing": 500, "/products/8/pricing": 404}) as store:
        report = await import_store(database, source(url=store.url, attempts=2, per_page=SMALL_PAGE))
    assert report.of("products") == Tally(imported=18, skipped=2)
    assert sorted(str(skipped) for skipped in report.skipped) == [
        "products 7: GET /products/7/pricing failed 2 times, last: 500 Some message",
        "products 8: GET /products/8/pricing answered 404 (some_code)",
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_store_that_goes_down_stops_the_import_and_keeps_what_is_committed(
    database: Database, small: Exchanges
) -> None:
    # In the requests of the third page of products.
    with loopback(small, down_after=FOUNDATION + 2 * (1 + SMALL_PAGE * OF_A_PRODUCT) + 6) as store:
        asked = source(url=store.url, attempts=2, per_page=SMALL_PAGE)
        with pytest.raises(StoreFailing, match="has stopped answering"):
            await import_store(database, asked)
        kept = len(await rows(database, "product"))
        assert kept in {5, 10}
        store.faults.down_after = None
        report = await import_store(database, asked)
    assert report.resumed_after is not None
    assert report.of("products") == Tally(imported=20 - kept)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_password_revoked_in_the_middle_stops_the_import(database: Database, small: Exchanges) -> None:
    with loopback(small) as store:

        class Revoking(Recorder):
            async def send(self, request: Request) -> Outcome:
                if path_of(request).endswith("/products/28/pricing"):
                    store.password = "another"
                return await super().send(request)

        async with Outbound(ANYWHERE) as outside:
            with pytest.raises(WrongCredentials):
                await import_store(database, source(Revoking(outside), url=store.url, per_page=SMALL_PAGE))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "answer", "expected"),
    [
        ("/products", b"{}", StoreFailing),
        ("/products", b'{"products": []}', StoreFailing),
        ("/products", b'{"products": {"data": []}}', 0),
        ("/products", b'{"products": "none"}', StoreFailing),
        ("/products", b'{"products": {"data": [], "total": "many"}}', StoreFailing),
        ("/products", b"[1, 2]", StoreFailing),
        ("/products/fetch-term", b'"none"', StoreFailing),
        ("/products/fetch-term", b"[]", 20),
        ("/products/fetch-term", b'{"taxonomies": 5}', 20),
    ],
)
async def test_answers_of_another_form(
    database: Database, small: Exchanges, path: str, answer: bytes, expected: int | type[ImportRefused]
) -> None:
    with loopback(small, body={path: ("application/json", answer)}) as store:
        if isinstance(expected, int):
            report = await import_store(database, source(url=store.url, per_page=SMALL_PAGE))
            assert report.of("products").imported == expected
        else:
            with pytest.raises(expected, match="in a form unknown here"):
                await import_store(database, source(url=store.url, per_page=SMALL_PAGE))


def test_a_source_is_made_without_asking_anybody() -> None:
    assert Source("nonsense://", "a", "b").url == "nonsense://"

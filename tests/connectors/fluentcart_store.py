"""A FluentCart store for tests: the recording, altered as a test wants, in process or behind real HTTP on loopback,
with failures and delays on request."""

import base64
import itertools
import json
import lzma
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

import orjson
from sqlalchemy import select

from connectors.importers.fluentcart import RecordedStore, Report, Source, import_store
from connectors.outbound.message import Outcome, Request, Sends
from connectors.outbound.url import parsed
from db.store.database import Database
from db.tables import METADATA

RECORDING: Final = Path(__file__).parent.parent / "data" / "fluentcart-store.jsonl.xz"
API: Final = "/wp-json/fluent-cart/v2"
SITE: Final = "https://shop.example"
USER: Final = "admin"
PASSWORD: Final = "application password of the admin"
# What an import of the recording asks for: settings, terms, tax and shipping classes, global feeds once; pricing, feeds
# and upgrade paths of each product; a page and two kinds of addresses of 12 customers; a page and 40 orders; a page of
# coupons, and one of subscriptions.
FOUNDATION: Final = 5
OF_A_PRODUCT: Final = 3
COMMERCE: Final = 1 + 12 * 2 + 1 + 1 + 40 + 1
WHOLE: Final = FOUNDATION + 4 + 200 * OF_A_PRODUCT + COMMERCE
# Products of all kinds that the recording has (files, galleries, bundles, subscriptions, upgrade paths, a variant or
# many), on four pages.
SMALL: Final = (*range(4, 14), 19, *range(26, 31), 47, *range(62, 65))
SMALL_PAGE: Final = 5
SMALL_CUSTOMERS: Final = 2

# Path and page of each exchange, and what it is answered with.
Exchanges: TypeAlias = dict[tuple[str, str], dict[str, Any]]


def recorded() -> Exchanges:
    """A fresh copy of the recording."""
    return _exchanges(_recording())


def small() -> Exchanges:
    """A fresh copy of as much of it as an import in pages is about: `SMALL` products, `SMALL_CUSTOMERS` and their
    orders. To be asked for pages of `SMALL_PAGE`."""
    return _exchanges(_small())


def few(customers: int = 12) -> Exchanges:
    """Four products, and so many of the twelve customers with their orders."""
    return _exchanges(_few(customers))


def _exchanges(lines: list[bytes]) -> Exchanges:
    return {(line["path"], str(line["query"].get("page", 1))): line for line in map(orjson.loads, lines)}


@cache
def _small() -> list[bytes]:
    exchanges = recorded()
    keep(exchanges, *SMALL, per_page=SMALL_PAGE)
    sell(exchanges, SMALL_CUSTOMERS)
    return [orjson.dumps(exchange) for exchange in exchanges.values()]


@cache
def _recording() -> list[bytes]:
    return lzma.decompress(RECORDING.read_bytes()).splitlines()


@cache
def _few(customers: int) -> list[bytes]:
    exchanges = recorded()
    keep(exchanges, 4, 5, 8, 26)
    sell(exchanges, customers)
    return [orjson.dumps(exchange) for exchange in exchanges.values()]


def product_ids(exchanges: Exchanges) -> list[int]:
    return [int(path.split("/")[2]) for path, _ in exchanges if path.endswith("/pricing")]


def priced(exchanges: Exchanges, product: int) -> dict[str, Any]:
    """The product in the answer of its pricing: what the importer believes."""
    found: dict[str, Any] = exchanges[f"/products/{product}/pricing", "1"]["response"]["product"]
    return found


def settings(exchanges: Exchanges) -> dict[str, Any]:
    found: dict[str, Any] = exchanges["/settings/store", "1"]["response"]["settings"]
    return found


def taxonomies(exchanges: Exchanges) -> dict[str, Any]:
    found: dict[str, Any] = exchanges["/products/fetch-term", "1"]["response"]["taxonomies"]
    return found


def keep(exchanges: Exchanges, *products: int, per_page: int = 50) -> None:
    """Leaves only these products, and nothing that only the others would be asked for."""
    first = exchanges["/products", "1"]
    entries = [entry for page in _pages(exchanges) for entry in page["data"] if entry["ID"] in products]
    for path, page in list(exchanges):
        _, listed, product, *more = [*path.split("/"), "", ""]
        if path == "/products" or (listed == "products" and more[0] and int(product) not in products):
            del exchanges[path, page]
    for number in range(1, -(-len(products) // per_page) + 1):
        listing = {**first["response"]["products"], "per_page": per_page}
        query = {**first["query"], "per_page": per_page, "page": number}
        exchanges["/products", str(number)] = {**first, "query": query, "response": {"products": listing}}
    _fill(exchanges, entries)


def sell(exchanges: Exchanges, customers: int) -> None:
    """Leaves only the first customers, and their orders."""
    known = set(range(1, customers + 1))
    buyers = exchanges["/customers", "1"]["response"]["customers"]
    sold = exchanges["/orders", "1"]["response"]["orders"]
    buyers["data"] = [customer for customer in buyers["data"] if customer["id"] in known]
    sold["data"] = [order for order in sold["data"] if order["customer_id"] in known]
    orders = {order["id"] for order in sold["data"]}
    for listing in (buyers, sold):
        listing |= {"total": len(listing["data"]), "last_page": 1}
    for path, page in list(exchanges):
        _, listed, number, *_ = [*path.split("/"), ""]
        left = {"customers": known, "orders": orders}.get(listed)
        if left is not None and number.isdigit() and int(number) not in left:
            del exchanges[path, page]


def asked_for(exchanges: Exchanges) -> int:
    """How many requests an import of it takes."""
    customers = sum(path.endswith("/address") for path, _ in exchanges)
    orders = sum(path.startswith("/orders/") for path, _ in exchanges)
    return FOUNDATION + len(_pages(exchanges)) + len(product_ids(exchanges)) * OF_A_PRODUCT + 4 + 2 * customers + orders


def renumber(exchanges: Exchanges) -> None:
    """Fills its pages with the products that are left, as the store does after a deletion."""
    _fill(exchanges, [entry for page in _pages(exchanges) for entry in page["data"]])


def _fill(exchanges: Exchanges, entries: list[Any]) -> None:
    for number, page in enumerate(_pages(exchanges)):
        size = page["per_page"]
        page["data"] = entries[number * size : (number + 1) * size]
        page |= {"total": len(entries), "last_page": -(-len(entries) // size)}


def remove_product(exchanges: Exchanges, product: int) -> None:
    for page in _pages(exchanges):
        page["data"] = [entry for entry in page["data"] if entry["ID"] != product]
    del exchanges[f"/products/{product}/pricing", "1"]
    renumber(exchanges)


def _pages(exchanges: Exchanges) -> list[dict[str, Any]]:
    return [line["response"]["products"] for (path, _), line in exchanges.items() if path == "/products"]


class Recorder:
    """Hands requests on and remembers them."""

    def __init__(self, inner: Sends) -> None:
        self.inner = inner
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Outcome:
        self.requests.append(request)
        return await self.inner.send(request)

    @property
    def paths(self) -> list[str]:
        return [path_of(request).removeprefix(API) for request in self.requests]


def path_of(request: Request) -> str:
    return parsed(request.url).target.partition("?")[0]


def in_process(exchanges: Exchanges, directory: Path) -> Recorder:
    """The altered recording, answered as RecordedStore answers any."""
    path = directory / "altered.jsonl"
    path.write_bytes(b"\n".join(map(_line, exchanges.values())))
    return Recorder(RecordedStore(path))


def _line(exchange: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(exchange)
    except (
        TypeError
    ):  # half a pair of surrogates, a number of 30 digits: what a store may send and orjson does not write
        return json.dumps(exchange).encode()


def source(transport: Sends | None = None, url: str = SITE, **options: Any) -> Source:
    """Impatient: nobody here needs long to recover."""
    impatient: dict[str, Any] = {"backoff": 0.01, "longest_wait": 0.05, "timeout": 5.0}
    return Source(url, USER, PASSWORD, transport=transport, **impatient | options)


def paged(exchanges: Exchanges, directory: Path) -> Source:
    """Of a small store."""
    return source(in_process(exchanges, directory), per_page=SMALL_PAGE)


async def rows(database: Database, table: str) -> list[dict[str, Any]]:
    """A table as the database holds it, through the column types, by primary key."""
    found = METADATA.tables[table]
    async with database.read() as connection:
        result = await connection.execute(select(found).order_by(*found.primary_key))
        return [dict(row) for row in result.mappings()]


async def imported_twice(database: Database, exchanges: Exchanges, directory: Path, **options: Any) -> Report:
    """Imports, and does it again: whatever the records are like, the second run must find nothing to do."""
    report = await import_store(database, source(in_process(exchanges, directory), **options))
    again = await import_store(database, source(in_process(exchanges, directory), **options))
    for entity, tally in again.tallies.items():
        assert (tally.imported, tally.updated, tally.removed) == (0, 0, 0), f"{entity} is not the same in a second run"
    assert [str(skipped) for skipped in again.skipped] == [str(skipped) for skipped in report.skipped]
    return report


def lines(report: Report) -> list[str]:
    """What was left out, as the user reads it."""
    return [str(skipped) for skipped in report.skipped]


@dataclass
class Faults:
    """What the loopback store does wrong."""

    fail_every: int = 0  # every Nth request is 503
    retry_after: str | None = "0"
    slow_ms: int = 0
    cut_every: int = 0  # every Nth answer ends in the middle
    stall_every: int = 0  # every Nth answer comes `stall_ms` late
    stall_ms: int = 0
    together: threading.Barrier | None = None  # no request is answered before so many are there
    status: dict[str, int] = field(default_factory=dict)  # of these paths, always
    body: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # of these paths: content type and answer
    location: dict[str, str] = field(default_factory=dict)  # these paths redirect
    down_after: int | None = None  # then every request is 503


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed says nothing worth printing."""


class LoopbackStore:
    """Real HTTP. `url` is its address, `requests` the paths with queries that were asked, failed ones too."""

    def __init__(self, exchanges: Exchanges, faults: Faults, password: str | None) -> None:
        self.exchanges = exchanges
        self.faults = faults
        self.password = password
        self.requests: list[str] = []
        self.authorizations: list[str | None] = []
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        self.counter = itertools.count(1)
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def loopback(
    exchanges: Exchanges | None = None, *, password: str | None = PASSWORD, **faults: Any
) -> Iterator[LoopbackStore]:
    store = LoopbackStore(small() if exchanges is None else exchanges, Faults(**faults), password)
    thread = threading.Thread(target=store.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield store
    finally:
        store.server.shutdown()
        store.server.server_close()
        thread.join()


def _handler(store: LoopbackStore) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body are two writes; Nagle's algorithm would hold the second back until the first is acknowledged.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            with store.lock:
                number = next(store.counter)
                store.requests.append(self.path.removeprefix(API))
                store.authorizations.append(self.headers.get("Authorization"))
                store.at_once += 1
                store.most_at_once = max(store.most_at_once, store.at_once)
            try:
                self.answer(number)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                with store.lock:
                    store.at_once -= 1

        def answer(self, number: int) -> None:
            faults = store.faults
            url = urlsplit(self.path)
            path = url.path.removeprefix(API)
            late = faults.stall_ms if faults.stall_every and number % faults.stall_every == 0 else faults.slow_ms
            time.sleep(late / 1000)
            if faults.together is not None:
                faults.together.wait(60)
            if location := faults.location.get(path):
                self.send(302, "text/html", b"", {"Location": location})
            elif (faults.down_after is not None and number > faults.down_after) or (
                faults.fail_every and number % faults.fail_every == 0
            ):
                self.json(503, {"code": "unavailable", "message": "Try again"}, retry_after=faults.retry_after)
            elif store.password is not None and self.headers.get("Authorization") != basic(store.password):
                self.json(401, {"code": "rest_forbidden", "message": "Sorry, you are not allowed to do that."})
            elif path in faults.body:
                kind, body = faults.body[path]
                self.send(faults.status.get(path, 200), kind, body, {})
            elif path in faults.status:
                self.json(faults.status[path], {"code": "some_code", "message": "Some\nmessage"})
            else:
                page = parse_qs(url.query).get("page", ["1"])[0]
                exchange = store.exchanges.get((path, page))
                if exchange is None or not url.path.startswith(API):
                    self.json(404, {"code": "rest_no_route", "message": "No route was found"})
                else:
                    cut = bool(faults.cut_every) and number % faults.cut_every == 0
                    self.json(exchange["status"], exchange["response"], cut=cut)

        def json(self, status: int, answer: Any, *, cut: bool = False, retry_after: str | None = None) -> None:
            body = json.dumps(answer).replace("{site}", f"http://{self.headers.get('Host')}").encode()
            headers = {} if retry_after is None else {"Retry-After": retry_after}
            self.send(status, "application/json; charset=UTF-8", body, headers, cut=cut)

        def send(self, status: int, kind: str, body: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            self.close_connection = self.close_connection or cut

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()

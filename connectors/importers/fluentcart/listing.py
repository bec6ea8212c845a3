"""S5 `GET /products` page by page in the order of identifiers, and `GET /products/{productId}/pricing` of each."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.client import Client, Refused, Unanswered
from connectors.importers.fluentcart.errors import StoreFailing, WrongCredentials
from connectors.importers.fluentcart.values import branch, entries, key, shown, whole
from connectors.importers.mapping import Record, Unreadable
from connectors.importers.report import Skipped

PER_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """One product as the store tells it: the post with detail and variants, and the answer of its pricing."""

    id: int
    record: Record
    pricing: Record


@dataclass(slots=True)
class Batch:
    """The products after `after` up to `upto`. `ids` are all that the store lists there, the skipped ones too."""

    after: int
    upto: int
    ids: frozenset[int]
    products: list[Listed]
    skipped: list[Skipped]
    remaining: int  # how many products the store had when the batch was read, this one's included


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    last: int
    total: int | None
    products: list[tuple[int, Record]]
    skipped: list[Skipped]


async def batches(client: Client, after: int, known: int) -> AsyncGenerator[Batch, None]:
    """The products with identifiers above `after`, a page each. `known` is how many up to it are stored: it tells which
    page should hold the place; if that is wrong, pages are asked for backwards until one does.

    A product deleted in the store while its pages are read moves the following ones forward by a place; the total then
    shrinks, and the page before is asked for again.
    """
    number = max(known - 1, 0) // PER_PAGE + 1
    seeking = True
    lowest: int | None = None
    while True:
        page = await _page(client, number)
        if page.total is not None:
            seeking = seeking or (lowest is not None and page.total < lowest)
            lowest = page.total if lowest is None else min(lowest, page.total)
        if seeking and number > 1 and (not page.products or page.products[0][0] > after):
            number = max(1, min(number - 1, page.last))
            continue
        seeking = False
        fresh = [(identifier, record) for identifier, record in page.products if identifier > after]
        if fresh or page.skipped:
            upto = fresh[-1][0] if fresh else after
            passed = (number - 1) * PER_PAGE + len(page.products) - len(fresh)
            remaining = max((page.total or 0) - passed, len(fresh))
            products, skipped = await _priced(client, fresh)
            ids = frozenset(identifier for identifier, _ in fresh)
            yield Batch(after, upto, ids, products, page.skipped + skipped, remaining)
            after = upto
        if number >= page.last:
            return
        number += 1


async def _page(client: Client, number: int) -> _Page:
    parameters: dict[str, str | int | list[str]] = {
        "per_page": PER_PAGE,
        "page": number,
        "with[]": ["detail", "variants"],
        "sort_by": "ID",
        "sort_type": "asc",
    }
    try:
        answer = branch(branch(await client.get("/products", parameters)).get("products"))
        if "data" not in answer:
            raise Unreadable("is missing", "products.data")
        listed = entries(answer["data"])
        total = whole(None, least=0)(answer.get("total"))
        # A store that does not tell where its list ends is asked until a page is empty.
        last = whole(number + 1 if listed else number, least=0)(answer.get("last_page"))
    except Refused as refused:
        if refused.status == 403:
            raise WrongCredentials(f"{client.site} does not let this user read products: {refused}") from None
        raise StoreFailing(f"{client.site} does not list its products: {refused}") from None
    except Unanswered as unanswered:
        raise StoreFailing(f"{client.site} has stopped answering: {unanswered}") from None
    except Unreadable as unreadable:
        raise StoreFailing(f"{client.site} lists its products in a form unknown here: {unreadable}") from None
    products: list[tuple[int, Record]] = []
    skipped: list[Skipped] = []
    for entry in listed:
        identifier = entry.get("ID") if isinstance(entry, dict) else entry
        try:
            products.append((key(identifier), branch(entry)))
        except Unreadable as unreadable:
            skipped.append(Skipped(PRODUCT.entity, shown(identifier), "ID", unreadable.reason))
    if any(left[0] >= right[0] for left, right in pairwise(products)):
        raise StoreFailing(f"{client.site} does not list its products in the order of their identifiers")
    return _Page(number, last, total, products, skipped)


async def _priced(client: Client, listed: list[tuple[int, Record]]) -> tuple[list[Listed], list[Skipped]]:
    """Asks for the pricing of each, together. Raises ImportRefused when it is the store that fails, not a product."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_pricing(client, identifier, record)) for identifier, record in listed]
    except BaseExceptionGroup as failed:
        # One failure cancels the others: the first says why, and the caller wants it, not a group.
        first: BaseException = failed
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    results = [task.result() for task in tasks]
    return (
        [result for result in results if isinstance(result, Listed)],
        [result for result in results if isinstance(result, Skipped)],
    )


async def _pricing(client: Client, identifier: int, record: Record) -> Listed | Skipped:
    path = f"/products/{identifier}/pricing"
    try:
        answer = branch(await client.get(path))
        priced = branch(answer.get("product"))
        told = key(priced.get("ID", identifier))
    except Refused as refused:
        if refused.code == "rest_forbidden":
            raise WrongCredentials(f"{client.site} does not let this user read products: {refused}") from None
        return Skipped(PRODUCT.entity, str(identifier), "", str(refused))
    except Unanswered as unanswered:
        if not await client.alive():
            raise StoreFailing(f"{client.site} has stopped answering: {unanswered}") from None
        return Skipped(PRODUCT.entity, str(identifier), "", str(unanswered))
    except Unreadable as unreadable:
        return Skipped(PRODUCT.entity, str(identifier), "", f"GET {path}: {unreadable}")
    if not priced:
        return Skipped(PRODUCT.entity, str(identifier), "product", f"GET {path} names none")
    if told != identifier:
        return Skipped(PRODUCT.entity, str(identifier), "ID", f"GET {path} answers with product {told}")
    whole_record: dict[str, Any] = {**record, **{name: value for name, value in priced.items() if value is not None}}
    return Listed(identifier, whole_record, answer)

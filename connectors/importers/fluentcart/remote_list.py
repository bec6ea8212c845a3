"""The store's lists, page by page in the order of identifiers."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Generic, TypeVar

from connectors.importers.fluentcart.client import Client, Refused, Unanswered
from connectors.importers.fluentcart.errors import StoreFailing, WrongCredentials
from connectors.importers.fluentcart.money import STORE_CURRENCY
from connectors.importers.fluentcart.values import branch, entries, key, shown, whole
from connectors.importers.mapping import Record, Unreadable
from connectors.importers.report import Skipped

T = TypeVar("T")


class NotOffered(Exception):
    """The store does not let this list be read; the message says how it said so."""


@dataclass(frozen=True, slots=True)
class RemoteList(Generic[T]):
    """`entity` as reports name it, `path` below the API's root, `place` in the answer where the page is, `key` the
    field of identifiers. `complete` asks for what a listed record lacks; it answers with what was found and what not.
    `needed`: without it there is no import, and out of order it cannot be followed."""

    entity: str
    path: str
    place: str
    complete: Callable[[Client, list[tuple[int, Record]]], Awaitable[tuple[list[T], list[Skipped]]]]
    key: str = "id"
    parameters: tuple[tuple[str, str | int | list[str]], ...] = ()
    needed: bool = False


@dataclass(slots=True)
class Batch(Generic[T]):
    """The records after `after` up to `upto`. `ids` are all that the store lists there, the skipped ones too."""

    after: int
    upto: int
    ids: frozenset[int]
    records: list[T]
    skipped: list[Skipped]
    remaining: int  # how many records the store had when the batch was read, this one's included


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    last: int
    total: int | None
    records: list[tuple[int, Record]]
    skipped: list[Skipped]
    ordered: bool


async def batches(client: Client, remote: RemoteList[T], after: int, known: int) -> AsyncGenerator[Batch[T], None]:
    """The records with identifiers above `after`, a page each. `known` is how many up to it are stored: it tells which
    page should hold the place; if that is wrong, pages are asked for backwards until one does.

    A record deleted in the store while its pages are read moves the following ones forward by a place; the total then
    shrinks, and the page before is asked for again. Raises ImportRefused, and NotOffered for a list not needed.
    """
    number = max(known - 1, 0) // client.per_page + 1
    seeking = True
    lowest: int | None = None
    while True:
        page = await _page(client, remote, number)
        if not page.ordered and number == 1 >= page.last:
            page = replace(page, records=sorted(dict(page.records).items()))
        elif not page.ordered:
            async for batch in _sorted(client, remote, after):
                yield batch
            return
        if page.total is not None:
            seeking = seeking or (lowest is not None and page.total < lowest)
            lowest = page.total if lowest is None else min(lowest, page.total)
        if seeking and number > 1 and (not page.records or page.records[0][0] > after):
            number = max(1, min(number - 1, page.last))
            continue
        seeking = False
        fresh = [(identifier, record) for identifier, record in page.records if identifier > after]
        if fresh or page.skipped:
            passed = (number - 1) * client.per_page + len(page.records) - len(fresh)
            remaining = max((page.total or 0) - passed, len(fresh))
            batch = await _batch(client, remote, after, fresh, page.skipped, remaining)
            yield batch
            after = batch.upto
        if number >= page.last:
            return
        number += 1


async def _sorted(client: Client, remote: RemoteList[T], after: int) -> AsyncGenerator[Batch[T], None]:
    """A list that the store sorts as it likes: all its pages first."""
    found: dict[int, Record] = {}
    skipped: list[Skipped] = []
    number = 1
    while True:
        page = await _page(client, remote, number)
        found.update((identifier, record) for identifier, record in page.records if identifier > after)
        skipped += page.skipped
        if number >= page.last:
            break
        number += 1
    ordered = sorted(found.items())
    for start in range(0, len(ordered), client.per_page):
        fresh = ordered[start : start + client.per_page]
        batch = await _batch(client, remote, after, fresh, skipped, len(ordered) - start)
        yield batch
        after, skipped = batch.upto, []


async def _batch(
    client: Client,
    remote: RemoteList[T],
    after: int,
    fresh: list[tuple[int, Record]],
    unlisted: list[Skipped],
    remaining: int,
) -> Batch[T]:
    upto = fresh[-1][0] if fresh else after
    priced: list[tuple[int, Record]] = [
        (identifier, {**record, STORE_CURRENCY: client.currency}) for identifier, record in fresh
    ]
    records, skipped = await remote.complete(client, priced)
    ids = frozenset(identifier for identifier, _ in fresh)
    return Batch(after, upto, ids, records, unlisted + skipped, remaining)


async def _page(client: Client, remote: RemoteList[T], number: int) -> _Page:
    entity = remote.entity
    parameters = {"per_page": client.per_page, "page": number, **dict(remote.parameters)}
    parameters |= {"sort_by": remote.key, "sort_type": "asc"}
    try:
        answer = branch(_place(branch(await client.get(remote.path, parameters)), remote))
        if "data" not in answer:
            raise Unreadable("is missing", f"{remote.place}.data")
        listed = entries(answer["data"])
        total = whole(None, least=0)(answer.get("total"))
        # A store that does not tell where its list ends is asked until a page is empty.
        last = whole(number + 1 if listed else number, least=0)(answer.get("last_page"))
    except Refused as refused:
        if not remote.needed:
            raise NotOffered(str(refused)) from None
        if refused.status == 403:
            raise WrongCredentials(f"{client.site} does not let this user read {entity}: {refused}") from None
        raise StoreFailing(f"{client.site} does not list its {entity}: {refused}") from None
    except Unanswered as unanswered:
        if not remote.needed and await client.alive():
            raise NotOffered(str(unanswered)) from None
        raise StoreFailing(f"{client.site} has stopped answering: {unanswered}") from None
    except Unreadable as unreadable:
        if not remote.needed:
            raise NotOffered(f"GET {remote.path}: {unreadable}") from None
        raise StoreFailing(f"{client.site} lists its {entity} in a form unknown here: {unreadable}") from None
    records: list[tuple[int, Record]] = []
    skipped: list[Skipped] = []
    for entry in listed:
        identifier = entry.get(remote.key) if isinstance(entry, dict) else entry
        try:
            records.append((key(identifier), branch(entry)))
        except Unreadable as unreadable:
            skipped.append(Skipped(entity, shown(identifier), remote.key, unreadable.reason))
    ordered = all(left[0] < right[0] for left, right in pairwise(records))
    if remote.needed and not ordered:
        raise StoreFailing(f"{client.site} does not list its {entity} in the order of their identifiers")
    return _Page(number, last, total, records, skipped, ordered)


def _place(answer: Record, remote: RemoteList[T]) -> Any:
    """Where the page is. Some lists come without pages, some without a name around them."""
    found = answer.get(remote.place)
    if isinstance(found, list) and not remote.needed:
        return answer if remote.place == "data" else {"data": found, "last_page": 1, "total": len(found)}
    return found


async def as_listed(_: Client, fresh: list[tuple[int, Record]]) -> tuple[list[tuple[int, Record]], list[Skipped]]:
    """For a list whose records lack nothing."""
    return fresh, []

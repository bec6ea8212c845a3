"""Asks for many things at once, and tells a thing that cannot be had from a store that fails."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from connectors.importers.fluentcart.client import Client, Refused, Unanswered
from connectors.importers.fluentcart.errors import StoreFailing, WrongCredentials
from connectors.importers.fluentcart.values import branch
from connectors.importers.mapping import Record, Unreadable

T = TypeVar("T")


class NotTold(Exception):
    """One answer that cannot be had or not be read; the others may be well. `absent`: the store has no such route."""

    def __init__(self, reason: str, *, absent: bool = False) -> None:
        super().__init__(reason)
        self.absent = absent


async def together(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in order. The first failure cancels the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as failed:
        # One failure cancels the others: the first says why, and the caller wants it, not a group.
        first: BaseException = failed
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    return [task.result() for task in tasks]


async def told(
    client: Client, path: str, parameters: dict[str, str | int | list[str]] | None = None, *, of: str = ""
) -> Record:
    """A map that the store answers with. `of` names what a user without a right to it is not let read, if that ends the
    import. Raises NotTold, and ImportRefused when it is the store that fails."""
    try:
        return branch(await client.get(path, parameters))
    except Refused as refused:
        if of and refused.code == "rest_forbidden":
            raise WrongCredentials(f"{client.site} does not let this user read {of}: {refused}") from None
        raise NotTold(str(refused), absent=refused.status == 404 and refused.code == "rest_no_route") from None
    except Unanswered as unanswered:
        if not await client.alive():
            raise StoreFailing(f"{client.site} has stopped answering: {unanswered}") from None
        raise NotTold(str(unanswered)) from None
    except Unreadable as unreadable:
        raise NotTold(f"GET {path}: {unreadable}") from None

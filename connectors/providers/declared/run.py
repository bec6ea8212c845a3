"""One run of a feed, as its provider sees it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

F = TypeVar("F", bound=BaseModel)


class Grants(Protocol):
    """Which orders gave a customer what, for what may be given by several and goes with the last one. Of one feed's
    credential; `kind` is the provider's own word: `space`, `course`."""

    async def give(self, kind: str, ids: Collection[str]) -> None:
        """This order gives the customer these. Nothing happens to those that it gave before."""

    async def take(self, kind: str, ids: Collection[str]) -> Sequence[str]:
        """This order gives these no more: those among them that no other order gives."""


@dataclass(frozen=True, slots=True)
class Run(Generic[F]):
    """`feed` holds ready values: templates are filled in, routers have been followed.

    `event`     what happened, as the gateway names it: `order.paid`
    `trigger`   the same in the documented words: `order_paid_done`
    `order`     the order with its items, addresses, transactions, as smart codes read it (`order["billing"]["email"]`);
                empty where the event is of none
    `customer`  the customer in the same way
    `key`       the same over attempts, workers and replays: what an idempotency key is made of
    `revoke`    whether this run undoes
    `grants`    None in a dry run
    `lines`     what was logged
    """

    feed: F
    event: str
    trigger: str
    order: Mapping[str, Any]
    customer: Mapping[str, Any]
    key: str
    revoke: bool = False
    grants: Grants | None = None
    lines: list[str] = field(default_factory=list)

    def log(self, sentence: str) -> None:
        """A line for people that is kept with the run, without secrets."""
        self.lines.append(sentence)

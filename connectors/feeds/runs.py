"""One run of a feed, put together: what its provider is asked to do about an event, as whoever saved it may see it."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import Executable

from connectors.feeds.values import secrets_of, values_of
from connectors.providers import forms
from connectors.providers.declared.failing import Rejected
from connectors.providers.declared.run import Run
from connectors.providers.granting import OrderGrants
from connectors.providers.registry import AnyProvider
from connectors.storage.link import Links
from db.access.viewer import Viewer
from db.commerce.order import STILL_PAID
from db.integration import conditions
from db.integration.data import EventData, Happened, data_of, wants_downloads
from db.integration.data.record import ADDRESS, Columns
from db.integration.template import Budget, Target, TemplateError, compiled
from db.integration.trigger import Trigger, matched
from db.store.database import Database

_OF_PAID_ORDERS: Final = "order_paid_done"


class Unrunnable(Exception):
    """The run cannot be made however often it is tried; the reason is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NothingToDo(Exception):
    """The run is over before it begins, and that is no failure."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# What was read of events already, by event, who may see it and whether with downloads: several feeds tell the same.
Read = dict[Hashable, EventData]


@dataclass(frozen=True, slots=True)
class Made:
    provider: AnyProvider
    run: Run[Any]
    order_id: int | None
    customer_id: int | None
    secrets: tuple[str, ...] = field(default=(), repr=False)  # of the feed


class Runs:
    """Puts runs together, for deliveries and for whoever wants to see one."""

    def __init__(self, database: Database, links: Links) -> None:
        self._database = database
        self._links = links

    async def made(
        self,
        feed: Mapping[str, Any],
        provider: AnyProvider,
        trigger: Trigger,
        happened: Happened,
        key: str,
        viewer: Viewer,
        read: Read | None = None,
    ) -> Made:
        """The run of a feed (a row of its table). `read` is of the same moment: what stands in it is not read again.
        Raises NothingToDo, Unrunnable; NoSecretKey when a secret does not open."""
        match = matched(trigger, list(feed["event_triggers"]), watches_revocations=bool(feed["watch_on_access_revoke"]))
        if match is None:
            raise NothingToDo(f"The feed does not run on {trigger.name}")
        if match.revoking and provider.revokes is None:
            raise NothingToDo(f"{provider.title} has nothing to undo")
        assert provider.feed is not None
        values = values_of(feed)
        data = await self._data(happened, viewer, values, {} if read is None else read)
        if data.order is None:
            raise Unrunnable("The order is gone, or hidden from whoever saved the feed")
        if trigger.name == _OF_PAID_ORDERS and data.order.row["payment_status"] not in STILL_PAID:
            raise NothingToDo("The order is not paid any more")
        if not conditions.holds(feed["conditionals"], data.conditions):
            raise NothingToDo("The feed's conditions do not hold")
        run: Run[Any] = Run(
            feed=_filled(provider.feed, values, feed, data),
            event=happened.name,
            trigger=trigger.name,
            order=_order(data),
            customer=data.payload.get("customer") or {},
            key=key,
            revoke=match.revoking,
        )
        secrets = tuple(one.value for one in secrets_of(feed).values())
        return Made(provider, run, data.order.row["id"], data.order.row["customer_id"], secrets)

    def counted(self, made: Made) -> Made:
        """The run with what its order gives counted: of one that is no rehearsal."""
        if made.order_id is None:
            return made
        grants = OrderGrants(self._database, made.provider.key, made.order_id, made.customer_id)
        return replace(made, run=replace(made.run, grants=grants))

    async def _data(self, happened: Happened, viewer: Viewer, values: Mapping[str, Any], read: Read) -> EventData:
        downloads = wants_downloads([compiled(text) for text in _texts(values) if "{{" in text or "##" in text])
        key = (happened.id, happened.entity, viewer.id, viewer.visibility_key, downloads)
        if key not in read:
            async with self._database.read() as connection:

                async def rows(statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
                    return (await connection.execute(statement, parameters)).all()

                read[key] = await data_of(rows, happened, viewer, downloads=downloads, link=self._link)
        return read[key]

    def _link(self, order_id: int, identifier: str) -> str:
        return self._links.url(identifier, order_id=order_id)


def _filled(model: type[BaseModel], values: Mapping[str, Any], feed: Mapping[str, Any], data: EventData) -> BaseModel:
    """The feed with its templates filled in and its routers followed."""
    budget = Budget()
    try:
        return forms.ready(
            model,
            values,
            secrets_of(feed),
            render=lambda text: compiled(text).render(data.context, Target.TEXT, budget),
            holds=partial(_holds, data=data.conditions),
        )
    except TemplateError as error:
        raise Unrunnable(error.message) from None
    except Rejected as rejected:
        raise Unrunnable(rejected.message) from None


def _holds(condition: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    return conditions.condition_holds(condition, data)


def _order(data: EventData) -> Mapping[str, Any]:
    """The order as smart codes name what belongs to it, for what a provider does beside its form."""
    assert data.order is not None
    payload = data.payload
    return {
        **payload["order"],
        "billing": _address(data, "billing", data.order.billing),
        "shipping": _address(data, "shipping", data.order.shipping),
        "items": payload["items"],
        "transactions": payload["transactions"],
        "transaction": payload["transaction"],
        "subscription": payload["subscription"],
        "subscriptions": payload["subscriptions"],
    }


def _address(data: EventData, which: str, row: Columns | None) -> Mapping[str, Any]:
    """With the parts of the name, the e-mail address and the telephone number that codes read out of it."""
    if row is None:
        return {}
    read = data.context.groups["order"]
    more = ("first_name", "last_name", "full_name", "email", "phone", "company")
    return {**ADDRESS.told(row), **{name: read(f"{which}.{name}") for name in more}}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)

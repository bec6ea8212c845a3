"""Runs feeds: what a provider does about an event, as one delivery. Each acts with the permissions that whoever saved
it last has now."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import orjson
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery import acting
from connectors.delivery.acting import SAVER_GONE
from connectors.delivery.sender import Claimed, Exchange, Message, Outcome
from connectors.feeds.account import Accounts
from connectors.feeds.runs import Made, NothingToDo, Read, Runs, Unrunnable
from connectors.feeds.targeting import KIND
from connectors.providers.calling import Call
from connectors.providers.declared.failing import Rejected, Skipped, VendorFailed, broken_off
from connectors.providers.registry import Registry
from connectors.webhooks.personal import Personal, impersonal_text
from db.access.viewer import Viewer
from db.integration.feed import FeedRow, FeedScope
from db.integration.matching import trigger_of
from db.secrets.confidential import MASK
from db.store.row import table
from db.store.unit import Units

log = structlog.get_logger("storegraph.feeds")

# What it takes to save a feed, and to run it still.
MANAGES: Final[Mapping[FeedScope, str]] = {
    FeedScope.GLOBAL: "integrations/manage",
    FeedScope.PRODUCT: "products/edit",
}
_FEED: Final = table(FeedRow)
# An address as it stands in a path.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._+-]{1,64}%40[A-Za-z0-9.-]{1,255}", re.IGNORECASE)
# Calls of one run that are kept word for word; of further ones their first lines are in the log.
_MOST_CALLS: Final = 10


@dataclass(frozen=True, slots=True)
class Ready:
    made: Made


class Feeds:
    """The sender of deliveries to feeds (connectors.delivery.sender.Sender)."""

    kind: ClassVar[str] = KIND

    def __init__(self, units: Units, registry: Registry, runs: Runs, accounts: Accounts) -> None:
        self._units = units
        self._registry = registry
        self._runs = runs
        self._accounts = accounts

    async def prepare(self, claimed: Sequence[Claimed]) -> Mapping[int, Ready | Outcome]:
        async with self._units.read() as connection:
            feeds = await _feeds(connection, claimed)
            events = await acting.events(connection, {one.event_id for one in claimed})
            savers = await acting.savers(connection, feeds.values())
            seen = {by: await acting.seen(connection, one, events) for by, one in savers.items() if one is not None}
        prepared: dict[int, Ready | Outcome] = {}
        held: dict[str, str] = {}
        read: Read = {}
        for one in claimed:
            feed, event = feeds.get(one.target_key), events.get(one.event_id)
            if feed is None:
                prepared[one.delivery_id] = Outcome.delivered(reason="The feed is deleted")
            elif event is None:
                prepared[one.delivery_id] = Outcome.failed("The event is gone")
            elif not feed["enabled"]:
                prepared[one.delivery_id] = Outcome.delivered(reason="The feed is switched off")
            else:
                viewer = savers.get(feed["saved_by"])
                reason = acting.held(feed, viewer, [MANAGES[feed["scope"]], *acting.reading([event.name])])
                if reason is None and viewer is not None:
                    visible = one.event_id in seen[feed["saved_by"]]
                    prepared[one.delivery_id] = await self._made(one, feed, viewer, event, read, visible=visible)
                else:
                    held[one.target_key] = reason or SAVER_GONE
                    prepared[one.delivery_id] = Outcome.held(acting.sentence(held[one.target_key], "feed"))
        for key, reason in held.items():
            await acting.hold(self._units, self.kind, key, reason, "feeds")
        return prepared

    async def send(self, claimed: Claimed, prepared: Ready) -> Outcome:
        made = self._runs.counted(prepared.made)
        try:
            account = await self._accounts.account(made.provider, hidden=made.secrets)
        except Rejected as rejected:
            return Outcome.delivered(reason=rejected.message)
        except VendorFailed as failed:
            return _failed(failed)
        outcome = await ran(made, account.settings, account.vendor)
        exchange = exchanged(account.vendor.calls, outcome.exchange.status)
        lines = (*made.run.lines, *(one.line for one in account.vendor.calls))
        return replace(outcome, exchange=exchange, log=tuple(_plain(line) for line in lines))

    async def _made(
        self, one: Claimed, feed: Mapping[str, Any], viewer: Viewer, event: Any, read: Read, *, visible: bool
    ) -> Ready | Outcome:
        provider, trigger = self._registry.get(feed["provider_key"]), trigger_of(event.name)
        if provider is None or provider.feed is None:
            return Outcome.delivered(reason="The provider is not here any more")
        if trigger is None:
            return Outcome.failed("No feed runs on this event")
        if not visible:
            return Outcome.failed("Whoever saved the feed may not read this event")
        try:
            return Ready(await self._runs.made(feed, provider, trigger, event, one.key, viewer, read))
        except NothingToDo as nothing:
            return Outcome.delivered(reason=nothing.reason)
        except Unrunnable as unrunnable:
            return Outcome.failed(unrunnable.reason)


async def ran(made: Made, settings: Any, vendor: Any) -> Outcome:
    """What became of a run; never raises."""
    provider = made.provider
    try:
        await (provider.revoke if made.run.revoke else provider.run)(made.run, settings, vendor)
    except Skipped as skipped:
        return Outcome.delivered(reason=skipped.reason)
    except Rejected as rejected:
        return Outcome.failed(rejected.message)
    except VendorFailed as failed:
        return _failed(failed)
    except BaseException as error:
        if broken_off(error):
            raise
        log.warning("a provider failed", provider=provider.key, run=made.run.key, exc_info=error)
        return Outcome.retry(f"{provider.title} could not be run: {type(error).__name__}")
    return Outcome.delivered()


def _failed(failed: VendorFailed) -> Outcome:
    status = Exchange(status=failed.status)
    if failed.retryable:
        return Outcome.retry(failed.message, failed.retry_after, status)
    return Outcome.failed(failed.message, status)


def exchanged(calls: Sequence[Call], status: int | None) -> Exchange:
    """What was said, without personal data: of one call as it was, of several a list of them and the last answer."""
    if not calls:
        return Exchange(status=status)
    last = calls[-1]
    if len(calls) == 1:
        request = Message(f"{last.method} {_plain(last.url)}", last.headers, last.body or "", Personal())
    else:
        told = [_told(call) for call in calls[:_MOST_CALLS]]
        request = Message(f"{len(calls)} calls", {"content-type": "application/json"}, orjson.dumps(told), Personal())
    if last.status is None:
        return Exchange(request, status=status)
    answer = Message(f"HTTP {last.status}", last.reply_headers, last.reply, Personal())
    return Exchange(request, answer, last.status)


def _plain(text: str) -> str:
    """A line without anybody's address."""
    return _ADDRESS.sub(MASK, impersonal_text(text))


def _told(call: Call) -> dict[str, Any]:
    try:
        told: Any = None if call.body is None else orjson.loads(call.body)
    except orjson.JSONDecodeError:
        told = call.body
    return {"call": f"{call.method} {_plain(call.url)}", "body": told, "status": call.status}


async def _feeds(connection: AsyncConnection, claimed: Sequence[Claimed]) -> dict[str, Mapping[str, Any]]:
    keys = {int(one.target_key) for one in claimed if one.target_key.isdecimal()}
    rows = await connection.execute(select(_FEED).where(_FEED.c.id.in_(keys)))
    return {str(row["id"]): dict(row) for row in rows.mappings()}

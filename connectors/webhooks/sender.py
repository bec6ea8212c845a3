"""Delivers events to webhooks. Each acts with the permissions that whoever saved it last has now: one whose saver is
gone, or may no longer read what it tells, is held until somebody saves it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery import acting
from connectors.delivery.acting import PERMISSION_LOST, SAVER_GONE
from connectors.delivery.policy import retried
from connectors.delivery.sender import Claimed, Exchange, Message, Outcome
from connectors.outbound.client import Outbound
from connectors.outbound.message import Answer, Failure, Request
from connectors.webhooks.making import Making, NotPermitted, Read
from connectors.webhooks.payload import Happened
from connectors.webhooks.personal import Personal, impersonal_pairs, impersonal_text
from connectors.webhooks.query import Unanswered
from connectors.webhooks.request import Exact, Unmakeable
from connectors.webhooks.trying import tried
from db.access.viewer import Viewer
from db.events import KINDS
from db.integration import webhook
from db.integration.data.product import padded
from db.integration.events import WEBHOOK_TESTED
from db.integration.feed import FeedRow
from db.secrets.confidential import MASK
from db.store.row import table
from db.store.unit import Units

MANAGE: Final = "integrations/manage"
_FEED: Final = table(FeedRow)
_FEEDS: Final = select(_FEED).where(_FEED.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Ready:
    """`secrets` are those that it is signed with at present."""

    exact: Exact
    secrets: tuple[str, ...]


class Webhooks:
    """The sender of deliveries to webhooks (connectors.delivery.sender.Sender)."""

    kind: ClassVar[str] = webhook.PROVIDER

    def __init__(self, units: Units, outbound: Outbound, making: Making) -> None:
        self._units = units
        self._outbound = outbound
        self._making = making

    async def prepare(self, claimed: Sequence[Claimed]) -> Mapping[int, "Ready | Outcome"]:
        async with self._units.read() as connection:
            feeds = await _feeds(connection, claimed)
            events = await acting.events(connection, {one.event_id for one in claimed})
            savers = await acting.savers(connection, feeds.values())
            seen = {by: await acting.seen(connection, one, events) for by, one in savers.items() if one is not None}
            read = Read()
            ahead = []
            for one in claimed:
                feed, event = feeds.get(one.target_key), events.get(one.event_id)
                viewer = None if feed is None else savers.get(feed["saved_by"])
                if feed is None or viewer is None or event is None or event.id not in seen[feed["saved_by"]]:
                    continue
                if event.name != WEBHOOK_TESTED.name and acting.held(feed, viewer, _needed(event)) is None:
                    ahead.append((feed, Happened.of(event), viewer))
            await self._making.ahead(connection, ahead, read)
        prepared: dict[int, Ready | Outcome] = {}
        held: dict[str, str] = {}
        for one in claimed:
            feed, event = feeds.get(one.target_key), events.get(one.event_id)
            if feed is None or event is None:
                prepared[one.delivery_id] = Outcome.failed("The webhook, or the event, is gone")
                continue
            viewer = savers.get(feed["saved_by"])
            reason = acting.held(feed, viewer, _needed(event))
            if reason is None and viewer is not None:
                visible = one.event_id in seen[feed["saved_by"]]
                made = await self._made(one, feed, viewer, event, read, visible=visible)
                if not isinstance(made, str):
                    prepared[one.delivery_id] = made
                    continue
                reason = made
            held[one.target_key] = reason or SAVER_GONE
            prepared[one.delivery_id] = Outcome.held(acting.sentence(held[one.target_key], "webhook"))
        for key, reason in held.items():
            await acting.hold(self._units, self.kind, key, reason, "webhooks")
        return prepared

    async def send(self, claimed: Claimed, prepared: Ready) -> Outcome:
        exact = prepared.exact.signed(claimed.key, datetime.now(UTC), prepared.secrets)
        request = Request(exact.method, exact.url, exact.headers, exact.body)
        return outcome(exact, await self._outbound.send(request))

    async def _made(
        self, one: Claimed, feed: Mapping[str, Any], viewer: Viewer, event: Any, read: Read, *, visible: bool
    ) -> Ready | Outcome | str:
        """What is sent, an outcome without, or why the webhook is held."""
        if not visible:
            return Outcome.failed("Whoever saved the webhook may not read this event")
        happened = await self._told(event, viewer)
        try:
            exact = await self._making.exact(feed, happened, one.key, viewer, read)
        except NotPermitted:
            return PERMISSION_LOST
        except Unmakeable as unmakeable:
            return Outcome.failed(unmakeable.reason)
        except Unanswered as unanswered:
            return Outcome.retry(unanswered.reason) if unanswered.passing else Outcome.failed(unanswered.reason)
        return Ready(exact, secrets(feed, datetime.now(UTC)))

    async def _told(self, event: Any, viewer: Viewer) -> Happened:
        """What a delivery tells: of a test, what the event that is tried would."""
        if event.name != WEBHOOK_TESTED.name:
            return Happened.of(event)
        async with self._units.read() as connection:
            return await tried(connection, KINDS[event.payload["event"]], viewer)


def secrets(feed: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    """What a webhook signs with at this moment, the newest first."""
    until = feed["previous_until"]
    overlapping = feed["previous_secret"] if until is not None and until > now else None
    return tuple(secret.reveal() for secret in (feed["secret"], overlapping) if secret is not None)


def _needed(event: Any) -> list[str]:
    """What it takes to be told of an event."""
    names = {event.name, event.payload.get("event")} if event.name == WEBHOOK_TESTED.name else {event.name}
    return [MANAGE, *acting.reading(name for name in names if name is not None)]


async def _feeds(connection: AsyncConnection, claimed: Sequence[Claimed]) -> dict[str, Mapping[str, Any]]:
    keys = {int(one.target_key) for one in claimed if one.target_key.isdecimal()}
    rows = await connection.execute(_FEEDS, {"ids": padded(keys)})
    return {str(row["id"]): dict(row) for row in rows.mappings()}


def outcome(exact: Exact, answer: Answer | Failure) -> Outcome:
    """What an answer makes of an attempt, with what is kept of both."""
    request = _shown(exact)
    if isinstance(answer, Failure):
        exchange = Exchange(request, status=answer.status)
        if answer.lasting:
            return Outcome.failed(answer.reason, exchange)
        return Outcome.retry(answer.reason, exchange=exchange)
    headers = dict(answer.headers)
    response = Message(f"HTTP {answer.status}", headers, answer.body, Personal())
    exchange = Exchange(request, response, answer.status)
    if 200 <= answer.status < 300:
        return Outcome.delivered(exchange)
    if answer.status == 410:
        return Outcome.gone("The receiver answers 410: it wants nothing more", exchange)
    reason = f"The receiver answers {answer.status}"
    if retried(answer.status):
        return Outcome.retry(reason, answer.retry_after, exchange)
    if 300 <= answer.status < 400:
        reason += ": redirects are not followed, save the URL that it leads to"
    return Outcome.failed(reason, exchange)


def _shown(exact: Exact) -> Message:
    """What is kept of it."""
    headers = {
        name: MASK if value in exact.hidden or name in exact.private else impersonal_text(value)
        for name, value in exact.headers
    }
    query = exact.url.partition("?")[2]
    asked = f"?{impersonal_pairs(query, exact.private)}" if query else ""
    line = f"{exact.method} {impersonal_text(exact.place)}{asked}"
    return Message(line, headers, exact.body or b"", Personal(exact.private))

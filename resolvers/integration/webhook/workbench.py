"""What whoever sets a webhook up tries: what it would send, whether it arrives, and sending again what did not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import strawberry
from sqlalchemy import func, select

from connectors.webhooks.making import Making, NotPermitted
from connectors.webhooks.payload import Happened
from connectors.webhooks.query import Unanswered
from connectors.webhooks.request import Exact, Unmakeable
from connectors.webhooks.sender import secrets
from connectors.webhooks.trying import tried
from db.access import holder
from db.access.viewer import Viewer
from db.events import KINDS
from db.integration import visibility
from db.integration.events import WEBHOOK_TESTED
from db.store.events import EventKind
from db.store.outbox import EventRow, forgotten
from db.store.row import table
from db.work.delivery import DeliveryRow, DeliveryState
from db.work.replay import AT_ONCE, enqueue, replay, replay_since
from db.work.target import TargetRow
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.standard.context import Context
from engine.unit.unit import Unit
from engine.values.errors import BadUserInput, ErrorCode
from engine.values.viewer import either
from resolvers.access.caller import caller
from resolvers.editing.locking import key_of, locked, not_found
from resolvers.integration.webhook.writing import FEED, loaded

MANAGE: Final = "integrations/manage"
DELIVERY: Final = table(DeliveryRow)
EVENT: Final = table(EventRow)
TARGET: Final = table(TargetRow)
# What a sample is called where nothing is sent.
SAMPLE: Final = "0" * 32


@strawberry.input(description="Which webhook tries whether an event arrives.")
class WebhookTestInput:
    id: strawberry.ID = identifies("Webhook")
    event: str = strawberry.field(
        description="The name of an event, as in `eventTypes`. The latest one that whoever saved the webhook may read "
        "is told, or a sample; either says `test`."
    )


@strawberry.input(description="Which delivery is sent again.")
class WebhookDeliveryReplayInput:
    id: strawberry.ID = identifies("WebhookDelivery")


@strawberry.input(description="From where on a webhook is told everything again.")
class WebhookReplaySinceInput:
    id: strawberry.ID = identifies("Webhook")
    position: int | None = strawberry.field(default=None, description="Events behind this position of `events`.")
    since: datetime | None = strawberry.field(default=None, description="Events from this moment on; or a position.")


@mutation(permission=MANAGE, rest=None, emits=(WEBHOOK_TESTED,))
async def webhook_test(unit: Unit, input: WebhookTestInput) -> Keys:
    """Send a webhook one delivery, whatever events it is set to. You need the permission of the event."""
    row = await loaded(unit, input.id)
    if input.event not in KINDS or input.event == WEBHOOK_TESTED.name:
        unit.refuse(ErrorCode.VALIDATION, "There is no such event; `eventTypes` lists them", "event")
    else:
        unit.require(either(*KINDS[input.event].read_by.permissions))
    await _sends(unit, row)
    unit.settle()
    unit.emit(replace(WEBHOOK_TESTED(row, tested=input.event), version=row["version"]))
    (event,) = await unit.written()
    return {"delivery": await enqueue(unit.connection, row["target_id"], event)}


@mutation(permission=MANAGE, rest=None)
async def webhook_delivery_replay(unit: Unit, input: WebhookDeliveryReplayInput) -> Keys:
    """Send an event again that was delivered, or that failed. Its receiver meets the same `webhook-id`."""
    key = key_of(input.id)
    found = await locked(unit, DELIVERY, [key], visibility.deliveries(unit.viewer))
    row = found.get(key) or not_found(unit, "delivery: it is gone, or hidden from you", "id")
    if row["state"] in (DeliveryState.WAITING, DeliveryState.SENDING):
        unit.refuse(ErrorCode.BUSINESS_RULE, "It is still being delivered", "id")
        unit.settle()
    again = await replay(unit.connection, key)
    return {"delivery": again or not_found(unit, "delivery: its webhook is gone", "id")}


@mutation(permission=MANAGE, rest=None)
async def webhook_replay_since(unit: Unit, input: WebhookReplaySinceInput) -> Keys:
    """Send all events again that the webhook is set to now, from a place on: up to 1000 at once, and where to go on."""
    row = await loaded(unit, input.id)
    if (input.position is None) == (input.since is None):
        unit.refuse(ErrorCode.VALIDATION, "Give a position or a moment", "position")
    if input.position is not None and input.position < 0:
        unit.refuse(ErrorCode.VALIDATION, "Positions begin with 1", "position")
    kept = (await unit.connection.execute(select(forgotten()))).scalar_one()
    if input.position is not None and 0 <= input.position < kept:
        unit.refuse(ErrorCode.NOT_FOUND, f"Events up to {kept} are gone: begin behind it", "position")
    await _sends(unit, row)
    unit.settle()
    position = input.position
    if input.since is not None:
        before = select(func.max(EVENT.c.position)).where(EVENT.c.occurred_at < input.since)
        position = (await unit.connection.execute(before)).scalar() or 0
    count, more = await replay_since(unit.connection, row["target_id"], position or 0, most=AT_ONCE)
    return {"webhook": row["id"], "count": count, "next_position": more}


async def _sends(unit: Unit, row: Mapping[str, Any]) -> None:
    """Refuses for a webhook that sends nothing at present."""
    held = select(TARGET.c.disabled).where(TARGET.c.id == row["target_id"])
    found = (await unit.connection.execute(held)).one_or_none()
    if found is None:
        unit.refuse(ErrorCode.BUSINESS_RULE, "It was imported: save it first", "id")
    elif found.disabled is not None:
        unit.refuse(ErrorCode.BUSINESS_RULE, f"It sends nothing at present ({found.disabled}): save it first", "id")


async def sample(context: Context, making: Making, *, event: str) -> dict[str, Any]:
    """What a webhook with ALL_DATA tells of an event: of the latest one that the viewer may read, or a sample. Raises
    BadUserInput for what no event is called, Forbidden."""
    kind, viewer = _kind(context, event), caller(context.viewer)

    async def put_together() -> dict[str, Any]:
        return await making.envelope(await _happened(context, kind, viewer), SAMPLE, viewer)

    return await context.apart(put_together)


async def dry_run(context: Context, making: Making, *, id: str, event: str) -> Exact | str | None:
    """The exact request that a webhook would make now of the latest such event, or of a sample; a sentence where it
    would make none, and None where there is no such webhook. Raises as `sample`."""
    kind, asked = _kind(context, event), caller(context.viewer)
    return await context.apart(partial(_dry_run, context, making, key_of(id), kind, asked))


async def _dry_run(context: Context, making: Making, key: int, kind: EventKind, asked: Viewer) -> Exact | str | None:
    statement = select(FEED).where(FEED.c.id == key, visibility.webhooks(asked))
    async with context.database.read() as connection:
        row = (await connection.execute(statement)).mappings().one_or_none()
        saver = await holder.acting(connection, row["saved_by"]) if row is not None and row["saved_by"] else None
    if row is None:
        return None
    if saver is None:
        return "Nobody has saved it here, or whoever did is gone: save it"
    # Nobody learns more by somebody else's webhook than by asking, nor is shown more than would be sent.
    both = Viewer(saver.id, saver.name, saver.permissions & asked.permissions, saver.kind)
    try:
        exact = await making.exact(dict(row), await _happened(context, kind, both), SAMPLE, both)
    except NotPermitted:
        return "Its query asks for what you, or whoever saved it, may not read"
    except (Unmakeable, Unanswered) as failed:
        return failed.reason
    moment = datetime.now(UTC)
    return exact.signed(SAMPLE, moment, secrets(dict(row), moment))


def _kind(context: Context, name: str) -> EventKind:
    if name not in KINDS:
        raise BadUserInput(f"No event is called {name[:60]!r}; names are like `product.updated`, see `eventTypes`")
    context.require(either(*KINDS[name].read_by.permissions))
    return KINDS[name]


async def _happened(context: Context, kind: EventKind, viewer: Viewer) -> Happened:
    async with context.database.read() as connection:
        return await tried(connection, kind, viewer)

"""What is done to webhooks. Each is a global feed; the target that its deliveries go to is written with it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select

from connectors.outbound.client import Outbound
from connectors.webhooks import signing
from connectors.webhooks.query import Documents
from db.access import holder
from db.integration import visibility
from db.integration.events import INTEGRATION_FEED_CREATED, INTEGRATION_FEED_DELETED, INTEGRATION_FEED_UPDATED
from db.integration.feed import FeedRow, FeedScope
from db.integration.webhook import PROVIDER, WebhookSettings, read_settings
from db.secrets.encrypted import Secret
from db.store.primary_keys import new_keys
from db.store.row import now, table
from db.store.writing import edit
from db.work import target as targets
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.access.caller import caller
from resolvers.editing.locking import key_of, locked, not_found
from resolvers.editing.updating import differences, refuse_outdated
from resolvers.integration.webhook import rules
from resolvers.integration.webhook.input import (
    WebhookCreateInput,
    WebhookDeleteInput,
    WebhookSecretRotateInput,
    WebhookUpdateInput,
    given,
)

FEED: Final = table(FeedRow)
LONGEST_OVERLAP: Final = 7 * 24 * 60
# Why a target waits: its webhook is switched off.
SWITCHED_OFF: Final = "switched_off"
_ENTITY: Final = "IntegrationFeed"


@mutation(
    permission="integrations/manage",
    rest="POST /webhook/feed",
    emits=(INTEGRATION_FEED_CREATED,),
    audited=True,
    ports=(Documents, Outbound),
)
async def webhook_create(unit: Unit, input: WebhookCreateInput) -> Keys:
    """Tell another system of what happens here from now on. The secret that requests are signed with is in this answer
    and nowhere else. Needs the permission of each event and of each field of the query, too."""
    secret = _secret(unit, input.secret)
    values = await _saved(unit, rules.asked_settings(input, None), None, input, version=1)
    unit.settle()
    key = (await new_keys(unit.connection, {FEED: 1}))[FEED][0]
    taken = select(func.coalesce(func.max(FEED.c.source_id), 0)).where(FEED.c.scope == FeedScope.GLOBAL)
    row = FeedRow(
        id=key,
        # Never that of a webhook before: its own key, unless an import has given that.
        source_id=max(key, (await unit.connection.execute(taken)).scalar_one() + 1),
        scope=FeedScope.GLOBAL,
        provider_key=PROVIDER,
        secret=Secret(secret),
        target_id=await _targeted(unit, key, values),
        **values,
    ).model_dump()
    await unit.connection.execute(FEED.insert().values(row))
    unit.emit(INTEGRATION_FEED_CREATED(row))
    return {"webhook": key, "secret": secret}


@mutation(
    permission="integrations/manage",
    rest="PUT /webhook/feed/{id}",
    emits=(INTEGRATION_FEED_UPDATED,),
    audited=True,
    ports=(Documents, Outbound),
)
async def webhook_update(unit: Unit, input: WebhookUpdateInput) -> Keys:
    """Change a webhook, or save it as it is. From then on it acts with the permissions of whoever did, who needs those
    of all its events; switching it off and nothing else takes none of them. What was held is sent."""
    row = await _loaded(unit, input.id, input.expected_version)
    if _switches_off(input):
        values: dict[str, Any] = {"enabled": False}
        if row["saved_version"] == row["version"]:
            values["saved_version"] = row["version"] + 1
    else:
        before = read_settings(row["settings"], row["concealed"])
        values = await _saved(unit, rules.asked_settings(input, before), row, input, version=row["version"] + 1)
    unit.settle()
    await _write(unit, row, values)
    return {"webhook": row["id"]}


@mutation(permission="integrations/manage", rest=None, emits=(INTEGRATION_FEED_UPDATED,), audited=True)
async def webhook_secret_rotate(unit: Unit, input: WebhookSecretRotateInput) -> Keys:
    """Give a webhook a new secret, which is in this answer and nowhere else. For a while requests carry two signatures;
    of a secret before the last one none."""
    row = await _loaded(unit, input.id, None)
    if not 0 <= input.overlap_minutes <= LONGEST_OVERLAP:
        unit.refuse(ErrorCode.VALIDATION, f"An overlap is 0 to {LONGEST_OVERLAP} minutes", "overlapMinutes")
    secret = _secret(unit, input.secret)
    unit.settle()
    overlaps = input.overlap_minutes > 0 and row["secret"] is not None
    values: dict[str, Any] = {
        "secret": Secret(secret),
        "previous_secret": row["secret"] if overlaps else None,
        "previous_until": now() + timedelta(minutes=input.overlap_minutes) if overlaps else None,
    }
    if row["saved_version"] == row["version"]:
        values["saved_version"] = row["version"] + 1
    changes = differences(row, values)
    await edit(unit.connection, FEED, row["id"], row["version"], changes)
    unit.emit(INTEGRATION_FEED_UPDATED(row, changes))
    return {"webhook": row["id"], "secret": secret}


@mutation(permission="integrations/delete", rest="DELETE /webhook/feed/{id}", emits=(INTEGRATION_FEED_DELETED,))
async def webhook_delete(unit: Unit, input: WebhookDeleteInput) -> Keys:
    """Delete a webhook. What it has not delivered is dropped."""
    row = await _loaded(unit, input.id, input.expected_version)
    await targets.remove(unit.connection, PROVIDER, str(row["id"]))
    await unit.connection.execute(FEED.delete().where(FEED.c.id == row["id"]))
    unit.emit(INTEGRATION_FEED_DELETED(row))
    return {"deleted_id": row["id"]}


async def loaded(unit: Unit, id: str) -> dict[str, Any]:
    """The row of a webhook, locked. Raises Refused with NOT_FOUND."""
    key = key_of(id)
    found = await locked(unit, FEED, [key], visibility.webhooks(unit.viewer))
    return found.get(key) or not_found(unit, "webhook", "id")


async def _loaded(unit: Unit, id: str, expected_version: int | None) -> dict[str, Any]:
    row = await loaded(unit, id)
    await refuse_outdated(unit, f"{_ENTITY}:{row['id']}", expected_version, row["version"])
    return row


def _secret(unit: Unit, chosen: str | None) -> str:
    wrong = None if chosen is None else signing.checked(chosen)
    if wrong is not None:
        unit.refuse(ErrorCode.VALIDATION, wrong, "secret")
    return chosen or signing.made()


def _switches_off(input: WebhookUpdateInput) -> bool:
    others = ("name", "url", "method", "format", "headers", "body", "fields", "query", "event_triggers")
    return given(input, "enabled", None) is False and all(given(input, name, None) is None for name in others)


async def _saved(
    unit: Unit, settings: WebhookSettings, row: Mapping[str, Any] | None, input: Any, *, version: int
) -> dict[str, Any]:
    """The columns of a webhook as it is saved now. Refuses what it must not be; raises Forbidden."""
    before = None if row is None else read_settings(row["settings"], row["concealed"])
    was = row or {"name": "", "event_triggers": [], "enabled": True}
    name = rules.check_name(unit, given(input, "name", was["name"]))
    triggers = rules.check_triggers(unit, given(input, "event_triggers", was["event_triggers"]))
    rules.check_settings(unit, input, settings, before, unit.port(Outbound).reach)
    checked = await rules.check_query(unit, settings, triggers, unit.port(Documents))
    saver = holder.saver(caller(unit.viewer))
    if saver is None:
        # Their permissions are another system's to say, and nobody asks that when something is sent.
        unit.refuse(ErrorCode.BUSINESS_RULE, "A webhook is saved by a user or a token of this store")
    return {
        "name": name,
        "enabled": given(input, "enabled", was["enabled"]),
        "event_triggers": triggers,
        "settings": settings.document(),
        "concealed": settings.concealed(),
        "reads": "".join(f" {one} " for one in sorted(rules.reads(settings, triggers, checked))),
        "saved_by": saver,
        "saved_version": version,
    }


async def _write(unit: Unit, row: Mapping[str, Any], values: dict[str, Any]) -> None:
    values["target_id"] = await _targeted(unit, row["id"], {**row, **values})
    changes = differences(row, values)
    if changes.keys() == {"saved_version"} and row["saved_version"] == row["version"]:
        return
    await edit(unit.connection, FEED, row["id"], row["version"], changes)
    unit.emit(INTEGRATION_FEED_UPDATED(row, changes))


async def _targeted(unit: Unit, key: int, values: Mapping[str, Any]) -> int:
    """The target that the webhook's deliveries go to, in line with it."""
    names = [kind.name for kind in rules.kinds_of(values["event_triggers"])] if values["enabled"] else []
    found = await targets.upsert(unit.connection, PROVIDER, str(key), names)
    if values["enabled"]:
        await targets.enable(unit.connection, PROVIDER, str(key))
    else:
        await targets.disable(unit.connection, PROVIDER, str(key), SWITCHED_OFF)
    return found

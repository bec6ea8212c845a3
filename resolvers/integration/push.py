"""Browsers that somebody wants notifications in: their own, saved by their pages."""

from typing import Any, Final

import strawberry
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from connectors.outbound.client import Outbound
from connectors.outbound.reach import Reach
from connectors.outbound.url import BadUrl, checked_url
from connectors.push.keys import BadPushKey, read_auth, read_p256dh
from connectors.push.sending import Push
from db.integration import visibility
from db.integration.events import PUSH_SUBSCRIPTION_DELETED, PUSH_SUBSCRIPTION_SAVED
from db.integration.push import PushSubscriptionRow
from db.secrets.encrypted import Secret
from db.store.row import now, table
from engine.declared.input import confidential, identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.standard.context import Context
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import SIGNED_IN
from resolvers.access.caller import caller
from resolvers.editing import text
from resolvers.editing.locking import key_of, locked, not_found

SUBSCRIPTION: Final = table(PushSubscriptionRow)

LONGEST_AGENT: Final = 500
# More browsers than anybody has. Those that were left behind go when there are newer ones.
MOST: Final = 50


@strawberry.input(description="What a browser's pages and push messages share, as `PushSubscription.toJSON()` says it.")
class PushKeysInput:
    p256dh: str = strawberry.field(
        description="The browser's public key: an uncompressed point of P-256, 65 bytes in base64url."
    )
    auth: str = confidential(description="16 bytes in base64url.")


@strawberry.input(description="A browser that takes notifications: `endpoint` and `keys` of its `PushSubscription`.")
class PushSubscriptionSaveInput:
    endpoint: str = strawberry.field(description="https, up to 2048 characters, of a push service on the internet.")
    keys: PushKeysInput = strawberry.field(description="What messages to it are encrypted with.")
    user_agent: str | None = strawberry.field(
        default=None, description="What the browser calls itself, to tell it from others; cut behind 500 characters."
    )


@strawberry.input(description="Which browser gets no notifications any more.")
class PushSubscriptionDeleteInput:
    id: strawberry.ID = identifies("PushSubscription")


async def push_public_key(context: Context) -> str | None:
    """What pages subscribe with; None where the server has no key."""
    identity = context.database.port(Push).identity
    return None if identity is None else identity.keys.public


@mutation(
    permission=SIGNED_IN,
    rest="POST /api/integrations/save-vapid-subscription",
    emits=(PUSH_SUBSCRIPTION_SAVED,),
    ports=(Outbound,),
)
async def push_subscription_save(unit: Unit, input: PushSubscriptionSaveInput) -> Keys:
    """Let notifications for you reach a browser. One that is known already has its keys replaced, and is yours from
    now on."""
    person = caller(unit.viewer)
    if person.user_id is None:
        unit.refuse(ErrorCode.BUSINESS_RULE, "Sign in as a person: a token has no browser")
    values = _checked(unit, input, unit.port(Outbound).reach)
    unit.settle()
    owned = {**values, "user_id": person.user_id, "failure_count": 0, "last_topic": None}
    dialect = postgresql if unit.connection.dialect.name == "postgresql" else sqlite
    made = dialect.insert(SUBSCRIPTION).values(**owned, created_at=now())
    saved = made.on_conflict_do_update(index_elements=["endpoint"], set_={name: made.excluded[name] for name in owned})
    key = (await unit.connection.execute(saved.returning(SUBSCRIPTION.c.id))).scalar_one()
    newest = (
        select(SUBSCRIPTION.c.id)
        .where(SUBSCRIPTION.c.user_id == person.user_id)
        .order_by((SUBSCRIPTION.c.id == key).desc(), SUBSCRIPTION.c.id.desc())
        .limit(MOST)
    )
    await unit.connection.execute(
        delete(SUBSCRIPTION).where(SUBSCRIPTION.c.user_id == person.user_id, SUBSCRIPTION.c.id.not_in(newest))
    )
    unit.emit(PUSH_SUBSCRIPTION_SAVED({"id": key, "user_id": person.user_id}))
    return {"push_subscription": key}


@mutation(permission=SIGNED_IN, rest=None, emits=(PUSH_SUBSCRIPTION_DELETED,))
async def push_subscription_delete(unit: Unit, input: PushSubscriptionDeleteInput) -> Keys:
    """Send a browser of yours no notifications any more."""
    key = key_of(input.id)
    found = await locked(unit, SUBSCRIPTION, [key], visibility.push_subscriptions(unit.viewer))
    row = found.get(key) or not_found(unit, "push subscription", "id")
    await unit.connection.execute(delete(SUBSCRIPTION).where(SUBSCRIPTION.c.id == key))
    told = {name: row[name] for name in ("id", "user_id", "user_agent")}
    unit.emit(PUSH_SUBSCRIPTION_DELETED(told))
    return {"deleted_id": key}


def _checked(unit: Unit, input: PushSubscriptionSaveInput, reach: Reach) -> dict[str, Any]:
    """The columns of what was said. Refuses what is wrong, all of it at once."""
    endpoint = input.endpoint.strip()
    try:
        if checked_url(endpoint, reach).scheme != "https":
            unit.refuse(ErrorCode.VALIDATION, "A push service is asked by https", "endpoint")
    except BadUrl as bad:
        unit.refuse(ErrorCode.VALIDATION, str(bad), "endpoint")
    keys = {}
    for name, read, given in (("p256dh", read_p256dh, input.keys.p256dh), ("auth", read_auth, input.keys.auth)):
        try:
            keys[name] = read(given)
        except BadPushKey as bad:
            unit.refuse(ErrorCode.VALIDATION, str(bad), "keys", name)
    return {
        "endpoint": endpoint,
        "p256dh": keys.get("p256dh", ""),
        "auth": Secret(keys.get("auth", "")),
        "user_agent": text.line(input.user_agent or "")[:LONGEST_AGENT],
    }

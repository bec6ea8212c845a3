"""Browsers that people want notifications in."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from connectors.push.sending import Push
from db.access.user import UserRow
from db.integration import visibility
from db.integration.push import PushSubscriptionRow
from engine.declared.batch import queried
from engine.declared.declaration import column, related
from engine.declared.entity import Node, entity
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.integration.push import push_public_key, push_subscription_delete, push_subscription_save

if TYPE_CHECKING:
    from schema.access.user import User


@entity(
    PushSubscriptionRow,
    visible=visibility.push_subscriptions,
    description="A browser that somebody wants notifications in. Everyone sees their own; its keys nobody.",
)
class PushSubscription(Node):
    database_id: int = column(PushSubscriptionRow.id)
    endpoint: str = column(
        PushSubscriptionRow.endpoint,
        description="Where its push service takes messages for it: a page finds its own subscription by it.",
    )
    user_agent: str = column(PushSubscriptionRow.user_agent, description="What it calls itself; empty: it did not say.")
    created_at: datetime = column(PushSubscriptionRow.created_at, description="When it was saved first, in UTC.")
    last_success_at: datetime | None = column(
        PushSubscriptionRow.last_success_at, description="When its push service last took a message for it, in UTC."
    )
    failure_count: int = column(
        PushSubscriptionRow.failure_count,
        description="How often it took none since; one that it knows no longer is gone.",
    )
    user: Annotated["User", strawberry.lazy("schema.access.user")] | None = related(
        UserRow.id, to=PushSubscriptionRow.user_id, description="Whose it is."
    )


@strawberry.type(description="The browser as it is kept.")
class PushSubscriptionSavePayload(Payload):
    push_subscription: PushSubscription | None = changed(PushSubscriptionRow.id)


@strawberry.type(description="The browser that gets nothing any more.")
class PushSubscriptionDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("PushSubscription")


@strawberry.type
class PushQueries:
    push_public_key: str | None = queried(
        push_public_key,
        ports=(Push,),
        description="The `applicationServerKey` that a page subscribes a browser with, in base64url; null where this "
        "server sends no notifications.",
    )


@strawberry.type
class PushMutations:
    push_subscription_save: PushSubscriptionSavePayload | None = performed(push_subscription_save)
    push_subscription_delete: PushSubscriptionDeletePayload | None = performed(push_subscription_delete)

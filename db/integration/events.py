"""What happens to integrations."""

from typing import Final

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from db.access.events import SUPER_ADMINS
from db.integration.connected_store import ConnectedStoreRow
from db.integration.feed import FeedRow
from db.integration.provider import ProviderRow
from db.integration.push import PushSubscriptionRow
from db.integration.setting import IntegrationDefaultRow, IntegrationSettingRow
from db.integration.workflow.row import WorkflowRow
from db.store.events import Readers, Subject, readers, told
from db.store.outbox import EventRow
from db.store.visibility import rows_with
from engine.values.viewer import Viewer


def _as_feeds(viewer: Viewer) -> ColumnElement[bool]:
    """As the feeds themselves (db.integration.visibility), by what the event says: the feed may be gone. A feed of no
    product is one of the whole store."""
    of_product = col(EventRow.payload)["productId"].as_string()
    return or_(
        and_(of_product.is_(None), rows_with(viewer, "integrations/view")),
        and_(of_product.is_not(None), rows_with(viewer, "products/view")),
    )


INTEGRATION_FEED: Final = Subject(
    "integration_feed",
    "IntegrationFeed",
    Readers(("integrations/view", "products/view"), _as_feeds),
    {
        "feedId": FeedRow.id,
        "productId": FeedRow.product_id,
        "provider": told(FeedRow.provider_key, sample="webhook"),
    },
    shown_as={
        "concealed": "settings",
        **dict.fromkeys(("previous_secret", "previous_until", "saved_by", "saved_version", "reads", "target_id")),
    },
)
INTEGRATION_FEED_CREATED: Final = INTEGRATION_FEED.created("A feed was made.")
INTEGRATION_FEED_UPDATED: Final = INTEGRATION_FEED.updated(
    "A feed was changed, or lost a variant that was deleted; one that is limited to nothing else is disabled."
)
INTEGRATION_FEED_DELETED: Final = INTEGRATION_FEED.deleted("A feed was deleted, by itself or with its product.")
WEBHOOK_TESTED: Final = Subject(
    "webhook",
    "IntegrationFeed",
    readers("integrations/view"),
    {"feedId": FeedRow.id, "event": told("tested", str, sample="product.updated")},
).beside("tested", "Somebody tried whether a webhook receives events of a kind: what it tells is no news.")

SHOP: Final = Subject(
    "provider_connection",
    "ConnectedStore",
    readers("integrations/view"),
    {
        "guid": told(ConnectedStoreRow.guid, sample="0b9f6f1c-2a8e-4a53-a8b8-f7d3c9e01a77"),
        "provider": told(ConnectedStoreRow.provider, sample="fluentcart"),
        "state": ConnectedStoreRow.state,
    },
    "guid",
    shown_as={"credentials": None, "inbound_secret": None, "removed_at": None},
)
PROVIDER_CONNECTION_CREATED: Final = SHOP.created("A shop elsewhere was connected.")
PROVIDER_CONNECTION_UPDATED: Final = SHOP.updated(
    "A connection was disabled or enabled, or its shop refuses the credentials."
)
PROVIDER_CONNECTION_DELETED: Final = SHOP.deleted(
    "A connection was removed, and what it took to ask the shop with it. What came from there stays."
)

# Without endpoint and keys: whoever has them may write to the browser.
PUSH_SUBSCRIPTION: Final = Subject(
    "push_subscription",
    "PushSubscription",
    SUPER_ADMINS,
    {"subscriptionId": PushSubscriptionRow.id, "userId": PushSubscriptionRow.user_id},
)
PUSH_SUBSCRIPTION_SAVED: Final = PUSH_SUBSCRIPTION.beside("saved", "Somebody wants notifications in a browser.")
PUSH_SUBSCRIPTION_DELETED: Final = PUSH_SUBSCRIPTION.deleted(
    "Somebody wants none in a browser any more, or its push service knows it no longer."
)
INTEGRATION_SETTINGS: Final = Subject(
    "integration_settings",
    "IntegrationSettings",
    readers("integrations/view"),
    {"provider": told(IntegrationSettingRow.key, sample="mailchimp"), "valid": IntegrationSettingRow.valid},
    key="key",
    shown_as={
        "concealed": "settings",
        "form": None,
        "token": "authorized",
        "token_ends_at": None,
        "token_claimed_until": None,
        "needs_consent": None,
    },
)
INTEGRATION_SETTINGS_UPDATED: Final = INTEGRATION_SETTINGS.updated(
    "A provider's settings were saved or taken away, or its vendor said whether it accepts them."
)
INTEGRATION_ADDON_INSTALLED: Final = Subject(
    "integration_addon",
    "IntegrationProvider",
    readers("integrations/view"),
    {"provider": told(ProviderRow.key, sample="mailchimp")},
    key="key",
).updated("A provider was installed: feeds can be made for it as soon as its settings are valid.", verb="installed")
INTEGRATION_DEFAULTS_UPDATED: Final = Subject(
    "integration_defaults",
    "IntegrationGlobalSettings",
    readers("integrations/view"),
    {
        "enabled": IntegrationDefaultRow.enabled,
        "provider": told(IntegrationDefaultRow.provider_key, sample="mailchimp"),
    },
    shown_as={"provider_key": "defaultProvider"},
).updated("Integrations as a whole were switched on or off, or have another default provider.")
WORKFLOW: Final = Subject(
    "workflow",
    "Workflow",
    readers("integrations/view"),
    {
        "guid": told(WorkflowRow.guid, sample="0d8ed0a6-6a2d-4bb4-9b3c-2f0f1f9f7c11"),
        "entityType": WorkflowRow.entity_type,
        "trigger": told(WorkflowRow.trigger, sample="shipment_delivered"),
    },
    key="guid",
    shown_as={
        "active": "is_active",
        "managed": "is_managed",
        "concealed": "steps",
        "target_id": "target",
    },
)
WORKFLOW_CREATED: Final = WORKFLOW.created("A workflow was made.")
WORKFLOW_UPDATED: Final = WORKFLOW.updated("A workflow was changed, or switched on or off.")
WORKFLOW_DELETED: Final = WORKFLOW.deleted("A workflow was deleted with its runs.")

"""Which rows of integrations a viewer may see, and which events: one predicate per entity."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import ColumnElement, True_, and_, exists, false, not_, or_, true
from sqlmodel import col

from db.access.permission import ALL, IS_SUPER_ADMIN
from db.events import KINDS
from db.integration import webhook
from db.integration.connected_store import ConnectedStoreRow
from db.integration.feed import FeedRow, FeedScope
from db.integration.push import PushSubscriptionRow
from db.integration.workflow.row import WorkflowRunRow, WorkflowStepRow
from db.store.events import Readers
from db.store.outbox import EVENT
from db.store.row import among
from db.store.visibility import rows_with
from db.work.delivery import DeliveryRow
from engine.values.viewer import Viewer, permits


def providers(viewer: Viewer) -> ColumnElement[bool]:
    """Who may see feeds of either kind may see whom they are for."""
    return or_(rows_with(viewer, "integrations/view"), rows_with(viewer, "products/view"))


def settings(viewer: Viewer) -> ColumnElement[bool]:
    """What providers are set to, and what holds for all of them."""
    return rows_with(viewer, "integrations/view")


def feeds(viewer: Viewer) -> ColumnElement[bool]:
    """Global feeds need integrations/view, a product's feeds products/view."""
    return or_(
        and_(col(FeedRow.scope) == FeedScope.GLOBAL, rows_with(viewer, "integrations/view")),
        and_(col(FeedRow.scope) == FeedScope.PRODUCT, rows_with(viewer, "products/view")),
    )


# Names by who may read them.
_READ_BY: Final[Mapping[Readers, list[str]]] = {
    read_by: [kind.name for kind in KINDS.values() if kind.read_by == read_by]
    for read_by in dict.fromkeys(kind.read_by for kind in KINDS.values())
}


def events(viewer: Viewer, name: ColumnElement[str] = EVENT.c.name) -> ColumnElement[bool]:
    """Those that have a position, each by whoever its declaration says. What no declaration names is seen by nobody.
    `name` may stand for the column, where its index is not to be used."""
    return and_(EVENT.c.position.is_not(None), readable_events(viewer, name))


def readable_events(viewer: Viewer, name: ColumnElement[str] = EVENT.c.name) -> ColumnElement[bool]:
    """One list of names, and what is asked of some of them beside it: of an OR between lists SQLite would read all
    events of all of them, and sort."""
    names: list[str] = []
    asked: list[ColumnElement[bool]] = []
    for read_by, named in _READ_BY.items():
        if any(permits(viewer, permission) for permission in read_by.permissions):
            names += named
            rows = read_by.rows(viewer)
            if not isinstance(rows, True_):
                asked.append(or_(not_(among(name, named)), rows))
    return and_(among(name, names) if names else false(), *asked)


def webhooks(viewer: Viewer) -> ColumnElement[bool]:
    """The feeds that are webhooks."""
    return and_(
        col(FeedRow.scope) == FeedScope.GLOBAL,
        col(FeedRow.provider_key) == webhook.PROVIDER,
        rows_with(viewer, "integrations/view"),
    )


def deliveries(viewer: Viewer) -> ColumnElement[bool]:
    """Those of webhooks that the viewer may see, of events that they may read, and where a webhook tells what a query
    of its own answers, those whose answers they would see as a whole."""
    return _told(viewer, webhooks(viewer)) if permits(viewer, "integrations/view") else false()


def feed_runs(viewer: Viewer) -> ColumnElement[bool]:
    """Those of providers' feeds that the viewer may see, of events that they may read, where they see all of the order
    that is told of."""
    if not any(permits(viewer, permission) for permission in ("integrations/view", "products/view")):
        return false()
    return _told(viewer, and_(col(FeedRow.provider_key) != webhook.PROVIDER, feeds(viewer)))


def _told(viewer: Viewer, seen: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of deliveries to feeds that are seen: those of which the viewer may read all that is told."""
    lacking = sorted(ALL - viewer.permissions)
    feed = exists().where(
        col(FeedRow.target_id) == col(DeliveryRow.target_id),
        seen,
        *(~col(FeedRow.reads).contains(f" {permission} ", autoescape=True) for permission in lacking),
    )
    event = exists().where(EVENT.c.id == col(DeliveryRow.event_id), readable_events(viewer))
    return and_(feed, event)


def connected_stores(viewer: Viewer) -> ColumnElement[bool]:
    """Those that were not removed."""
    return and_(col(ConnectedStoreRow.removed_at).is_(None), rows_with(viewer, "integrations/view"))


def push_subscriptions(viewer: Viewer) -> ColumnElement[bool]:
    """Super admins see all, as they see all users; everyone else their own."""
    if IS_SUPER_ADMIN in viewer.permissions:
        return true()
    return false() if viewer.user_id is None else col(PushSubscriptionRow.user_id) == viewer.user_id


def workflows(viewer: Viewer) -> ColumnElement[bool]:
    return rows_with(viewer, "integrations/view")


def workflow_runs(viewer: Viewer) -> ColumnElement[bool]:
    """Those of events that the viewer may read."""
    event = exists().where(EVENT.c.id == col(WorkflowRunRow.event_id), readable_events(viewer))
    return and_(rows_with(viewer, "integrations/view"), event)


def workflow_steps(viewer: Viewer) -> ColumnElement[bool]:
    """Those of runs that the viewer may see."""
    run = exists().where(col(WorkflowRunRow.id) == col(WorkflowStepRow.run_id), workflow_runs(viewer))
    return and_(rows_with(viewer, "integrations/view"), run)

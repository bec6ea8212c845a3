"""What whoever sets a feed up tries: the calls that it would make about an event, none of which is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import select

from connectors.delivery import acting
from connectors.feeds.account import StoredAccounts
from connectors.feeds.runs import NothingToDo, Runs, Unrunnable
from connectors.feeds.sender import MANAGES, ran
from connectors.providers.access import Providers
from connectors.providers.calling import Call
from connectors.providers.declared.failing import Rejected
from connectors.webhooks.trying import tried
from db.access import holder
from db.access.viewer import Viewer
from db.events import KINDS
from db.integration import visibility
from db.integration.feed import FeedRow
from db.integration.trigger import OF_EVENT, TRIGGERS, Trigger
from db.integration.webhook import PROVIDER as WEBHOOK
from db.store.events import EventKind
from db.store.row import table
from engine.standard.context import Context
from engine.values.errors import BadUserInput
from engine.values.viewer import either
from resolvers.access.caller import caller
from resolvers.editing.locking import key_of

_FEED: Final = table(FeedRow)
# What a run is called where nothing is sent.
_NOBODYS: Final = "0" * 32


@dataclass(frozen=True, slots=True)
class Tested:
    """`order_id` is None where there was none to tell of; `problem` why nothing would be done, or what would fail."""

    event: str
    revokes: bool = False
    order_id: int | None = None
    calls: Sequence[Call] = ()
    log: Sequence[str] = ()
    problem: str | None = None


async def feed_test(context: Context, providers: Providers, runs: Runs, *, id: str, event: str) -> Tested | None:
    """None where there is no such feed. Raises BadUserInput for what no feed runs on, Forbidden."""
    trigger = TRIGGERS.get(event) or OF_EVENT.get(event)
    if trigger is None:
        raise BadUserInput(f"No feed runs on {event[:60]!r}; events are `order_paid_done`, `order_fully_refunded`, …")
    kind, asked = KINDS[trigger.event], caller(context.viewer)
    context.require(either(*kind.read_by.permissions))
    mine = (_FEED.c.id == key_of(id), _FEED.c.provider_key != WEBHOOK, visibility.feeds(asked))
    found = await context.rows(select(_FEED).where(*mine))
    if not found:
        return None
    row = dict(found[0]._mapping)
    context.require(MANAGES[row["scope"]])
    return await context.apart(partial(_tested, context, providers, runs, row, trigger, kind, asked))


async def _tested(
    context: Context,
    providers: Providers,
    runs: Runs,
    row: Mapping[str, Any],
    trigger: Trigger,
    kind: EventKind,
    asked: Viewer,
) -> Tested:
    nothing = partial(Tested, kind.name)
    provider = providers.registry.get(row["provider_key"])
    if provider is None or provider.feed is None:
        return nothing(problem="The provider is not here any more")
    async with context.database.read() as connection:
        saver = await holder.acting(connection, row["saved_by"]) if row["saved_by"] else None
        held = acting.held(row, saver, [MANAGES[row["scope"]], *acting.reading([kind.name])])
        if held is not None or saver is None:
            return nothing(problem=f"{acting.sentence(held or acting.SAVER_GONE, 'feed')}: save it")
        # Nobody learns more by somebody else's feed than by asking, nor is shown more than would be sent.
        both = Viewer(saver.id, saver.name, saver.permissions & asked.permissions, saver.kind)
        happened = await tried(connection, kind, both)
    try:
        made = await runs.made(row, provider, trigger, happened, _NOBODYS, both)
        account = await StoredAccounts(context.database, providers).account(provider, dry=True, hidden=made.secrets)
    except (NothingToDo, Unrunnable) as none:
        return nothing(problem=none.reason)
    except Rejected as rejected:
        return nothing(problem=rejected.message)
    outcome = await ran(made, account.settings, account.vendor)
    return Tested(
        kind.name, made.run.revoke, made.order_id, list(account.vendor.calls), list(made.run.lines), outcome.reason
    )

"""The targets of feeds: one for each, whose deliveries are its runs, and one of all together, which finds out whose
turn it is (connectors.feeds.matching).

A feed's target wants events under names of their own, `feed:order.paid`: the dispatcher knows no such event, so that
nothing is written for the many feeds that an event does not concern, and each name remembers since when it is wanted.
"""

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.providers.access import SETTING, name_of
from connectors.providers.registry import AnyProvider
from db.integration.feed import FeedRow
from db.integration.trigger import OF_EVENT
from db.store.row import table
from db.work import target as targets
from db.work.target import TargetRow

KIND: Final = "feed"
MATCHING: Final = "feed matching"
ALL: Final = "all"
# Nobody is called to find out whose turn it is: as many at once as a worker prepares together.
_AT_ONCE: Final = 100
_PREFIX: Final = "feed:"
_FEED: Final = table(FeedRow)
_TARGET: Final = table(TargetRow)


def wanted_as(event: str) -> str:
    """The name under which feeds want an event."""
    return _PREFIX + event


async def targeted(connection: AsyncConnection, feed_id: int, provider: AnyProvider, events: Collection[str]) -> int:
    """The target of a feed, in line with what it runs on: `events` by their names, none of one that is off. All calls
    with the credential that its provider is set to share the provider's caps. To be called in the transaction that
    writes the feed."""
    credential = await _credential(connection, provider)
    await targets.upsert(connection, MATCHING, ALL, sorted(OF_EVENT), cap=_AT_ONCE)
    names = [wanted_as(name) for name in events]
    made = await targets.upsert(connection, KIND, str(feed_id), names, cap=provider.caps.at_once, credential=credential)
    await targets.enable(connection, KIND, str(feed_id))
    return made


async def credited(connection: AsyncConnection, provider: AnyProvider) -> None:
    """The feeds of a provider, in line with what it is set to now: they are held to the caps of that credential, and
    what is under way by the one before counts as if it were by this one. To be called in the transaction that writes
    the settings."""
    of_provider = select(_FEED.c.target_id).where(_FEED.c.provider_key == provider.key)
    held = (await connection.execute(select(_TARGET.c.id).where(_TARGET.c.id.in_(of_provider)))).scalars().all()
    if held:
        values = {"credential": await _credential(connection, provider), "cap": provider.caps.at_once}
        await connection.execute(update(_TARGET).where(_TARGET.c.id.in_(held)).values(values))


async def in_line(connection: AsyncConnection, providers: Iterable[AnyProvider]) -> list[AnyProvider]:
    """Those whose feeds `credited` would change: their caps are others than before, or their settings were written by
    somebody else. Raises NoSecretKey."""
    held = select(_FEED.c.provider_key, _TARGET.c.credential, _TARGET.c.cap).distinct()
    found = (await connection.execute(held.join_from(_FEED, _TARGET, _TARGET.c.id == _FEED.c.target_id))).all()
    rows = {row["key"]: dict(row) for row in (await connection.execute(select(SETTING))).mappings()}
    by_key = {one.key: one for one in providers}
    wrong = {
        key
        for key, credential, cap in found
        if (one := by_key.get(key)) is not None and (credential, cap) != (name_of(one, rows.get(key)), one.caps.at_once)
    }
    return [by_key[key] for key in sorted(wrong)]


async def _credential(connection: AsyncConnection, provider: AnyProvider) -> str:
    found = await connection.execute(select(SETTING).where(SETTING.c.key == provider.key))
    row = found.mappings().one_or_none()
    credential = name_of(provider, None if row is None else dict(row))
    await targets.share(connection, credential, cap=provider.caps.at_once, rate=provider.caps.per_second)
    return credential


async def removed(connection: AsyncConnection, feed_id: int) -> None:
    """What waits for a feed that goes is dropped."""
    await targets.remove(connection, KIND, str(feed_id))

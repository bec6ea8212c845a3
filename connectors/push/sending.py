"""Sends notifications to the browsers of a person: encrypted for each (RFC 8291), signed with the store's key (RFC
8292), by the outbound client. An endpoint is a secret of its browser's: it stands in no log and in no reason."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import AnyHttpUrl
from sqlalchemy import case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery.policy import retried
from connectors.delivery.sender import Exchange, Message, Outcome
from connectors.outbound.client import Outbound
from connectors.outbound.message import Failure, Request
from connectors.outbound.url import BadUrl, parsed
from connectors.push.keys import VapidKeys
from connectors.push.note import TTL_SECONDS, Note
from db.access.viewer import SYSTEM
from db.integration.events import PUSH_SUBSCRIPTION_DELETED
from db.integration.push import PushSubscriptionRow
from db.store.database import Database
from db.store.row import now, table
from db.store.unit import Units
from engine.unit.unit import Cause

if TYPE_CHECKING:
    from webpush import WebPush

UNSET: Final = "There is no key for push: STOREGRAPH_PUSH_PRIVATE_KEY is not set"
_SUBSCRIPTION: Final = table(PushSubscriptionRow)
# RFC 8292 allows a day; half of it is signed once and used by all messages to one push service.
_SIGNED_SECONDS: Final = 12 * 3600
_LEFT_SECONDS: Final = 3600
# Push services are few; a stream of made-up ones must not fill memory.
_MOST_SIGNED: Final = 256
_AT_ONCE: Final = 8
_WRITE_SECONDS: Final = 10.0
# Their answers say next to nothing.
_LONGEST_ANSWER: Final = 4096


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the store is to push services. `contact` is a `mailto:` or `https:` address of its operator."""

    keys: VapidKeys
    contact: str


class Push:
    """A port of the server. Without an identity nothing is sent, and each notification fails with the reason."""

    def __init__(self, identity: Identity | None, database: Database, outbound: Outbound) -> None:
        self.identity = identity
        self._database = database
        self._outbound = outbound
        self._signed: dict[str, tuple[float, str]] = {}

    async def send(self, user_id: int, note: Note) -> Outcome:
        """To all browsers of one person that do not have it yet. DELIVERED when one of them has it and none may still
        get it; RETRY while one may; FAILED when none ever will, or there is none. A browser whose push service knows
        it no longer is forgotten."""
        if self.identity is None:
            return Outcome.failed(UNSET)
        try:
            payload = note.payload()
        except ValueError as error:
            return Outcome.failed(str(error))
        async with self._database.read() as connection:
            of_user = select(_SUBSCRIPTION).where(_SUBSCRIPTION.c.user_id == user_id).order_by(_SUBSCRIPTION.c.id)
            rows = [dict(row) for row in (await connection.execute(of_user)).mappings()]
        if not rows:
            return Outcome.failed("Nobody is reached: this person has no browser that takes notifications")
        waiting = [row for row in rows if row["last_topic"] != note.topic]
        turns = asyncio.Semaphore(_AT_ONCE)

        async def told(row: Mapping[str, Any]) -> "_Told":
            async with turns:
                return await self._told(row, note, payload)

        results = await asyncio.gather(*map(told, waiting))
        if any(one.gone for one in results):
            await self._forget(note, results)
        elif results:
            await self._database.tell(lambda connection: _note(connection, note, results), seconds=_WRITE_SECONDS)
        return _outcome(results, had=len(rows) - len(waiting))

    async def _forget(self, note: Note, results: Sequence["_Told"]) -> None:
        """Browsers that are gone, each with the event that says so; of the others what became of them."""
        gone = delete(_SUBSCRIPTION).where(_SUBSCRIPTION.c.id.in_([one.id for one in results if one.gone]))
        told = gone.returning(*(_SUBSCRIPTION.c[name] for name in ("id", "user_id", "user_agent")))
        async with Units(self._database).unit(SYSTEM, cause=Cause("sweep:push")) as unit:
            for row in (await unit.connection.execute(told)).mappings().all():
                unit.emit(PUSH_SUBSCRIPTION_DELETED(dict(row)))
            await _note(unit.connection, note, results)
            await unit.commit("push", None, None, audited=False)

    async def _told(self, row: Mapping[str, Any], note: Note, payload: bytes) -> "_Told":
        try:
            request = self._request(row, note, payload)
        except (BadUrl, ValueError):
            return _Told(row["id"], None, None, "A browser's keys or endpoint are none")
        answer = await self._outbound.send(request)
        if isinstance(answer, Failure):
            passing = not answer.lasting
            return _Told(row["id"], None, None, f"A push service is not reached ({answer.kind})", passing=passing)
        status, reason = answer.status, f"A push service answers {answer.status}"
        if 200 <= status < 300:
            return _Told(row["id"], status)
        if status in (404, 410):
            return _Told(row["id"], status, None, f"{reason}: the browser takes no notifications any more", gone=True)
        if retried(status):
            return _Told(row["id"], status, answer.retry_after, reason, passing=True)
        if status in (400, 401, 403):
            reason += ": it does not accept our key; was the browser subscribed with another one?"
        return _Told(row["id"], status, None, reason)

    def _request(self, row: Mapping[str, Any], note: Note, payload: bytes) -> Request:
        """Raises BadUrl or ValueError for what was stored otherwise than by us."""
        from webpush.types import WebPushKeys, WebPushSubscription

        url = parsed(row["endpoint"])
        keys = WebPushKeys(auth=row["auth"].reveal(), p256dh=row["p256dh"])
        # Of the library only the encryption: its token forgets the port of what it is for.
        message = self._encryption.get(payload, WebPushSubscription(endpoint=AnyHttpUrl(row["endpoint"]), keys=keys))
        headers = (
            ("TTL", str(TTL_SECONDS)),
            ("Topic", note.topic),
            ("Content-Encoding", "aes128gcm"),
            ("Content-Type", "application/octet-stream"),
            ("Authorization", self._authorization(f"{url.scheme}://{url.authority}")),
        )
        return Request("POST", row["endpoint"], headers, message.encrypted, longest=_LONGEST_ANSWER)

    @cached_property
    def _encryption(self) -> "WebPush":
        # Imported when the first notification goes out: it takes a tenth of the start.
        from webpush import WebPush

        assert self.identity is not None
        return WebPush(self.identity.keys.private_pem, self.identity.keys.public_pem, self.identity.contact)

    def _authorization(self, origin: str) -> str:
        """Signed once for each push service and half a day."""
        assert self.identity is not None
        moment = time.time()
        until, value = self._signed.get(origin, (0.0, ""))
        if until - moment < _LEFT_SECONDS:
            until = moment + _SIGNED_SECONDS
            claims = {"aud": origin, "exp": int(until), "sub": self.identity.contact}
            key = ECKey.import_key(self.identity.keys.private_pem)
            value = f"vapid t={jwt.encode({'alg': 'ES256', 'typ': 'JWT'}, claims, key)}, k={self.identity.keys.public}"
            if len(self._signed) >= _MOST_SIGNED:
                self._signed.clear()
            self._signed[origin] = (until, value)
        return value


@dataclass(frozen=True, slots=True)
class _Told:
    """What became of one browser. Without a reason it has the notification."""

    id: int
    status: int | None
    after: float | None = None
    reason: str | None = None
    passing: bool = False
    gone: bool = False


def _outcome(results: Sequence[_Told], *, had: int) -> Outcome:
    reached = had + sum(one.reason is None for one in results)
    waiting = [one for one in results if one.passing]
    others = [one for one in results if one.reason is not None]
    status = next((one.status for one in (*waiting, *others, *results) if one.status is not None), None)
    lines = [f"{one.status or '-'} {one.reason or 'taken'}" for one in results]
    request = Message("POST to push services", {"Browsers": str(len(results))})
    exchange = Exchange(request, Message("", {}, "\n".join(lines)), status)
    if waiting:
        after = max((one.after for one in waiting if one.after is not None), default=None)
        return Outcome.retry(waiting[0].reason or "", after, exchange)
    if reached:
        return Outcome.delivered(exchange)
    return Outcome.failed(others[0].reason or "", exchange)


async def _note(connection: AsyncConnection, note: Note, results: Sequence[_Told]) -> None:
    """What became of those that are not gone: one statement."""
    taken = [one.id for one in results if one.reason is None]
    failed = [one.id for one in results if one.reason is not None and not one.gone]
    if taken or failed:
        reached = _SUBSCRIPTION.c.id.in_(taken)
        values = {
            "last_success_at": case((reached, now()), else_=_SUBSCRIPTION.c.last_success_at),
            "last_topic": case((reached, note.topic), else_=_SUBSCRIPTION.c.last_topic),
            "failure_count": case((reached, 0), else_=_SUBSCRIPTION.c.failure_count + 1),
        }
        await connection.execute(
            update(_SUBSCRIPTION).where(_SUBSCRIPTION.c.id.in_([*taken, *failed])).values(**values)
        )

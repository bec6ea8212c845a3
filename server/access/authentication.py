"""Who asks: a viewer for the credential in a request's headers."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from db.access import holder
from db.access.holder import Held
from db.access.unsettled import KEPT_SECONDS, UNSETTLED
from db.access.user import folded
from db.access.viewer import ANONYMOUS, Viewer
from db.secrets.hashed import Prefix, hashed
from db.store.database import ASKED_SECONDS, Database
from db.store.row import now
from engine.values.errors import Unavailable
from resolvers.access.attempts import Attempts, Bounded, TooMany, network
from server.access.credentials import Basic, Bearer, credential, refused
from server.access.oidc import Distrusted, Issuer, Unreachable, header_of
from server.access.usage import Usage
from server.http.refusal import Refusal

# Credentials in use at a time; a store has a handful. As many visitors' addresses.
KEPT: Final = 1024
# Credentials that were good at an address: they are looked up there whatever others send from it.
MOST_FAMILIAR: Final = 10_000
MOST_BAD: Final = 1024
UNKNOWN: Final = "The token is unknown or has expired: ask for a new one"
# When to ask again for what only the issuer knows.
ISSUER_SECONDS: Final = 5


@dataclass(slots=True)
class _Kept:
    """A credential that was found, and whom it stood for at the address it was used from last."""

    until: float
    held: Held
    viewer: Viewer

    def at(self, address: str | None) -> Viewer:
        if self.viewer.address != address:
            self.viewer = replace(self.held.viewer, address=address)
        return self.viewer


class Authentication:
    """Keeps the viewers of credentials that were found lately, by the credentials' hashes. Unknown ones are remembered
    apart: whoever tries many would push the known ones out."""

    def __init__(
        self,
        database: Database,
        *,
        seconds: float = ASKED_SECONDS,
        issuer: Issuer | None = None,
        usage: Usage | None = None,
        attempts: Attempts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._issuer = issuer
        self._usage = usage
        self._attempts = attempts or Attempts()
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._visitors: Bounded[str | None, Viewer] = Bounded(KEPT)
        self._familiar: Bounded[tuple[str, str], bool] = Bounded(MOST_FAMILIAR)
        self._bad: dict[str, float] = {}  # until when; a few of those that were tried lately
        self._asked: dict[str, asyncio.Task[Held]] = {}

    async def viewer(
        self,
        authorization: Sequence[str],
        api_keys: Sequence[str] = (),
        address: str | None = None,
        *,
        unknown: Callable[[], Awaitable[None]] | None = None,
    ) -> Viewer:
        """The caller of a request with these headers, from this address. Raises Refusal: 401 for anything but one good
        credential, 429 after too many bad ones; and Unavailable when nobody can tell. `unknown` is asked before one is
        looked up that was not found good lately at this address; it may raise Refusal."""
        given = credential(authorization, api_keys)
        if given is None:
            return self._visitor(address)
        key = _key(given)
        known = self._known(key)
        if known is not None:
            viewer = known.at(address)
        else:
            here = key, network(address)
            if unknown is not None and self._familiar.get(here) is None:
                await unknown()
            if self._bad.get(key, 0.0) > self._clock():
                raise refused(UNKNOWN, "invalid_token")
            held = await self._found(key, given, address)
            self._familiar.put(here, True)
            viewer = replace(held.viewer, address=address)
        if self._usage is not None:
            self._usage.note(viewer.credential)
        return viewer

    def _visitor(self, address: str | None) -> Viewer:
        viewer = self._visitors.get(address)
        if viewer is None:
            viewer = replace(ANONYMOUS, address=address)
            self._visitors.put(address, viewer)
        return viewer

    def _known(self, key: str) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        expires = kept.held.until
        over = expires is not None and expires <= now()
        if kept.until <= self._clock() or over or UNSETTLED.touches(kept.held.viewer):
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return kept

    async def _found(self, key: str, given: Bearer | Basic, address: str | None) -> Held:
        """Requests that come together with one credential, as those of a page do, are one question."""
        # From another address a bad credential is that address's failure too.
        place = f"{key} {address}" if isinstance(given, Basic) else key
        task = self._asked.get(place)
        if task is None:
            task = asyncio.create_task(self._held(given, address), name="who asks")
            self._asked[place] = task
            task.add_done_callback(lambda done: self._told(place, key, done))
        return await asyncio.shield(task)

    def _told(self, place: str, key: str, task: asyncio.Task[Held]) -> None:
        del self._asked[place]
        if task.cancelled() or task.exception() is not None:
            return
        held = task.result()
        if UNSETTLED.touches(held.viewer):
            return
        self._kept[key] = _Kept(self._clock() + KEPT_SECONDS, held, held.viewer)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    async def _held(self, given: Bearer | Basic, address: str | None) -> Held:
        if isinstance(given, Basic):
            return await self._of_application(given, address)
        return await self._of_bearer(given.secret)

    async def _of_bearer(self, secret: str) -> Held:
        header = header_of(secret) if self._issuer is not None else None
        if self._issuer is not None and header is not None:
            issuer = self._issuer
            try:
                claims = await issuer.claims(secret, header)
                found = await self._asking(lambda connection: issuer.held(claims, connection))
            except Distrusted as reason:
                raise refused(str(reason), "invalid_token") from None
            except Unreachable:
                message = "The issuer of the token does not answer, so it cannot be checked: try again"
                raise Unavailable(message, retry_after=ISSUER_SECONDS) from None
        elif secret.startswith(Prefix.SESSION):
            found = await self._asking(lambda connection: holder.of_session(connection, secret))
        else:
            found = await self._asking(lambda connection: holder.of_token(connection, secret))
        if found is None:
            self._remember_bad(_key(Bearer(secret)))
            raise refused(UNKNOWN, "invalid_token")
        return found

    def _remember_bad(self, key: str) -> None:
        """Who tries the same again at once is told the same, and the database is not asked again."""
        if len(self._bad) >= MOST_BAD:
            self._bad.clear()
        self._bad[key] = self._clock() + KEPT_SECONDS

    async def _of_application(self, given: Basic, address: str | None) -> Held:
        account = folded(given.name)
        try:
            self._attempts.begin(account, address)
        except TooMany as reason:
            headers = {"Retry-After": str(reason.seconds)}
            raise Refusal(429, reason.message, code=reason.code, headers=headers, **reason.details) from None
        found = await self._asking(lambda connection: holder.of_application(connection, given.name, given.password))
        if found is None:
            raise refused("The user or the application password is wrong", "invalid_token")
        self._attempts.succeeded(account, address)
        return found

    async def _asking(self, question: Callable[[AsyncConnection], Awaitable[Held | None]]) -> Held | None:
        return await self._database.ask(question, seconds=self._seconds)


def _key(given: Bearer | Basic) -> str:
    if isinstance(given, Basic):
        return f"basic {hashed(f'{folded(given.name)}:{given.password}')}"
    return f"bearer {hashed(given.secret)}"

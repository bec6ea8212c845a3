"""Which document a request means: its own text, one that was registered under an id, one that was sent before.

Ids of trusted documents follow the appendix "Persisted Documents" of the GraphQL-over-HTTP specification; hashes of
documents that were sent before follow the protocol of Apollo's automatic persisted queries.
"""

import hashlib
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from db.access import document
from db.store.database import Database
from db.store.row import now
from engine.document.request import Request, RequestErrors
from engine.standard.execution import Executor
from engine.values.errors import ErrorCode
from server.graphql.parameters import Asked
from server.settings.settings import AcceptedDocuments, Settings
from server.work.jobs import Job

# Of a manifest at most so many are in use at a time; each is a few kilobytes.
KEPT: Final = 1000
# That long a document that was removed may still be asked for.
KEPT_SECONDS: Final = 5.0
# What a report of use may miss when a process is killed.
NOTED_SECONDS: Final = 10.0
# Ids are hashes or names; nothing longer was ever registered.
LONGEST_ID: Final = 200
_PREFIX: Final = "sha256:"
# The messages that Apollo's and urql's clients wait for, word for word.
_NOT_FOUND: Final = "PersistedQueryNotFound"
_NOT_SUPPORTED: Final = "PersistedQueryNotSupported"


@dataclass(slots=True)
class Meant:
    """The request with its document, and where that came from: `text`, `trusted` (`client` is the one that it was
    registered for) or `persisted`."""

    request: Request
    source: str
    client: str | None = None


class KnownDocuments:
    """Finds documents, and refuses what is not trusted where only trusted ones are accepted."""

    def __init__(
        self,
        database: Database,
        executor: Executor,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._executor = executor
        self._trusted_only = settings.accepted_documents is AcceptedDocuments.TRUSTED
        self._persisted = Persisted(settings.persisted_query_bytes)
        self._seconds = settings.seconds_anonymous
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, str, str]] = OrderedDict()
        self._uses: Counter[str] = Counter()

    async def meant(self, asked: Request) -> Meant:
        """Raises RequestErrors for a document that is unknown or not accepted, Unavailable when nobody can tell."""
        if not isinstance(asked, Asked) or (asked.document_id is None and asked.hash is None):
            return Meant(self._own(asked), "text")
        if asked.document_id is not None:
            found = await self._trusted(asked.document_id)
            if found is None:
                raise RequestErrors.of(
                    ErrorCode.PERSISTED_QUERY_NOT_FOUND, f"No document is registered as {_shown(asked.document_id)}"
                )
            return Meant(replace(asked, query=found[0]), "trusted", found[1])
        assert asked.hash is not None
        return await self._by_hash(asked, asked.hash)

    async def _by_hash(self, asked: Asked, hash_: str) -> Meant:
        found = await self._trusted(hash_)
        if found is not None and asked.query in ("", found[0]):
            return Meant(replace(asked, query=found[0]), "trusted", found[1])
        if self._trusted_only:
            # Not the answer that has clients send the text: it would be refused too.
            raise _untrusted(f"No document is registered as {_shown(hash_)}")
        if not asked.query:
            text = self._persisted.find(hash_)
            if text is not None:
                return Meant(replace(asked, query=text), "persisted")
            if self._persisted.limit == 0:
                raise RequestErrors.of(ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED, _NOT_SUPPORTED)
            raise RequestErrors.of(ErrorCode.PERSISTED_QUERY_NOT_FOUND, _NOT_FOUND)
        if hashlib.sha256(asked.query.encode()).hexdigest() != hash_:
            raise RequestErrors.of(
                ErrorCode.BAD_USER_INPUT, "extensions.persistedQuery.sha256Hash is not the hash of query"
            )
        if (await self._executor.intent(asked)).kind is not None:  # what cannot run is not kept
            self._persisted.keep(hash_, asked.query)
        return Meant(asked, "text")

    def _own(self, asked: Request) -> Request:
        if self._trusted_only:
            raise _untrusted("This server takes registered documents only: send documentId instead of query")
        return asked

    async def _trusted(self, given: str) -> tuple[str, str] | None:
        """Text and client."""
        id_ = given.removeprefix(_PREFIX)
        if not 0 < len(id_) <= LONGEST_ID or not id_.isprintable():
            return None
        kept = self._kept.get(id_)
        if kept is None or kept[0] <= self._clock():
            self._kept.pop(id_, None)
            row = await self._database.ask(lambda connection: document.find(connection, id_), seconds=self._seconds)
            if row is None:
                return None
            kept = self._kept[id_] = (self._clock() + KEPT_SECONDS, row.text, row.client)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(id_)
        self._uses[id_] += 1
        return kept[1], kept[2]

    def job(self) -> Job:
        return Job("uses of documents", self.note_uses, NOTED_SECONDS, finishes=True)

    async def note_uses(self) -> None:
        """Write down what was used since the last time. What cannot be written now is kept. Raises Unavailable."""
        if not self._uses:
            return
        uses, self._uses = self._uses, Counter()
        try:
            await self._database.tell(lambda connection: document.used(connection, uses, now()), seconds=self._seconds)
        except BaseException:
            self._uses.update(uses)
            raise


class Persisted:
    """Texts by their hashes, the least recently used leave first. `limit` is in bytes of text."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0

    def find(self, hash_: str) -> str | None:
        text = self._texts.get(hash_)
        if text is not None:
            self._texts.move_to_end(hash_)
        return text

    def keep(self, hash_: str, text: str) -> None:
        size = _size(text)
        if hash_ in self._texts or size > self.limit:
            return
        self._texts[hash_] = text
        self._bytes += size
        while self._bytes > self.limit:
            self._bytes -= _size(self._texts.popitem(last=False)[1])


def _size(text: str) -> int:
    # A hash, and what the interpreter needs for an entry: many small texts are not for free.
    return len(text.encode()) + 256


def _untrusted(message: str) -> RequestErrors:
    return RequestErrors.of(ErrorCode.UNTRUSTED_DOCUMENT, message)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")

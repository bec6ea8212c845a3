"""The request that a webhook makes of an event: what it tells, put together as a viewer may see it."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.storage.link import Links
from connectors.webhooks import request
from connectors.webhooks.payload import Happened
from connectors.webhooks.query import Documents, Unanswered
from connectors.webhooks.request import Exact, Unmakeable
from db.access.viewer import Viewer
from db.integration.data import (
    EventData,
    ProductData,
    StoreData,
    Wanted,
    data_of,
    load_products,
    load_store,
    product_of,
    wants_downloads,
)
from db.integration.data.record import Rows
from db.integration.template import Budget, Context, Target, Template, TemplateError, compiled
from db.integration.webhook import WebhookBody, WebhookSettings, read_settings
from db.store.database import Database
from engine.values.errors import ErrorCode


class NotPermitted(Exception):
    """The viewer may not read something of what is told."""


@dataclass(slots=True)
class Read:
    """What was read already, of one moment. `found`: by event, who may see it and whether with downloads, for several
    webhooks tell the same."""

    store: StoreData | None = None
    found: dict[Hashable, EventData] = field(default_factory=dict)
    products: dict[Hashable, Mapping[Wanted, ProductData | None]] = field(default_factory=dict)  # by who may see them
    settings: dict[int, WebhookSettings] = field(default_factory=dict)  # by the webhook's id

    def settings_of(self, feed: Mapping[str, Any]) -> WebhookSettings:
        """Of a webhook; once, if it is one that is stored."""
        key = feed.get("id")
        found = None if key is None else self.settings.get(key)
        if found is None:
            found = read_settings(feed["settings"], feed["concealed"])
            if key is not None:
                self.settings[key] = found
        return found


class Making:
    """Puts requests together, for deliveries and for whoever wants to see one. `links` makes those of downloads."""

    def __init__(self, database: Database, documents: Documents, links: Links) -> None:
        self._database = database
        self._documents = documents
        self._links = links

    async def exact(
        self,
        feed: Mapping[str, Any],
        happened: Happened,
        message: str,
        viewer: Viewer,
        read: Read | None = None,
    ) -> Exact:
        """What would be sent, unsigned. `read` is of the same moment: what stands in it is not read again. Raises
        Unmakeable, Unanswered, NotPermitted; NoSecretKey when a secret does not open."""
        settings = read_settings(feed["settings"], feed["concealed"]) if read is None else read.settings_of(feed)
        templates = _templates(settings)
        data: Mapping[str, Any] = {}
        context = Context()
        if settings.body is WebhookBody.ALL_DATA or any(template.codes for template in templates):
            found = await self._data(happened, viewer, templates, read or Read())
            data, context = happened.data(found.payload), found.context
        if settings.body is WebhookBody.QUERY:
            data = await self._answer(settings.query or "", happened, message, viewer)
        budget = Budget()

        def fill(template: str, target: Target) -> str:
            try:
                return compiled(template).render(context, target, budget)
            except TemplateError as error:
                raise Unmakeable(error.message) from None

        return request.made(settings, happened.envelope(message, data), fill)

    async def envelope(self, happened: Happened, message: str, viewer: Viewer) -> dict[str, Any]:
        """All that is told of an event."""
        found = await self._data(happened, viewer, (), Read())
        return happened.envelope(message, happened.data(found.payload))

    async def ahead(
        self,
        connection: AsyncConnection,
        asked: Iterable[tuple[Mapping[str, Any], Happened, Viewer]],
        read: Read,
    ) -> None:
        """Read on this connection what `exact` needs of these: of all products together."""
        needed = []
        for feed, happened, viewer in asked:
            settings = read.settings_of(feed)
            templates = _templates(settings)
            if settings.body is WebhookBody.ALL_DATA or any(template.codes for template in templates):
                needed.append((happened, viewer, wants_downloads(templates)))
        products: dict[Hashable, tuple[Viewer, set[Wanted]]] = {}
        for happened, viewer, _ in needed:
            if (wanted := product_of(happened)) is not None:
                products.setdefault(_seen_by(viewer), (viewer, set()))[1].add(wanted)
        if products:
            rows = _rows(connection)
            read.store = read.store or await load_store(rows)
            for key, (viewer, some) in products.items():
                read.products[key] = dict.fromkeys(some) | await load_products(rows, viewer, read.store, some)
        for happened, viewer, downloads in needed:
            await self._read(connection, happened, viewer, downloads, read)

    async def read(
        self, happened: Happened, viewer: Viewer, templates: Sequence[Template] = (), read: Read | None = None
    ) -> EventData:
        """What is known of an event, as the viewer may see it now: for conditions, and for these templates."""
        return await self._data(happened, viewer, templates, Read() if read is None else read)

    async def _data(self, happened: Happened, viewer: Viewer, templates: Sequence[Template], read: Read) -> EventData:
        downloads = wants_downloads(templates)
        known = read.found.get(_key(happened, viewer, downloads))
        if known is not None:
            return known
        async with self._database.read() as connection:
            return await self._read(connection, happened, viewer, downloads, read)

    async def _read(
        self, connection: AsyncConnection, happened: Happened, viewer: Viewer, downloads: bool, read: Read
    ) -> EventData:
        rows = _rows(connection)
        key = _key(happened, viewer, downloads)
        if key not in read.found:
            read.store = read.store or await load_store(rows)
            read.found[key] = await data_of(
                rows,
                happened,
                viewer,
                store=read.store,
                downloads=downloads,
                link=self._link,
                products=read.products.get(_seen_by(viewer)),
            )
        return read.found[key]

    def _link(self, order_id: int, identifier: str) -> str:
        return self._links.url(identifier, order_id=order_id)

    async def _answer(self, text: str, happened: Happened, message: str, viewer: Viewer) -> Mapping[str, Any]:
        try:
            variables = self._documents.variables(text, happened.entity_id, happened.payload)
            return await self._documents.run(viewer, text, variables, message)
        except Unanswered as unanswered:
            if unanswered.code == ErrorCode.FORBIDDEN.value:
                raise NotPermitted from unanswered
            raise


def _key(happened: Happened, viewer: Viewer, downloads: bool) -> Hashable:
    return (happened.id, happened.entity, *_seen_by(viewer), downloads)


def _seen_by(viewer: Viewer) -> tuple[Hashable, ...]:
    return viewer.id, viewer.visibility_key


def _rows(connection: AsyncConnection) -> Rows:
    async def rows(statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
        return (await connection.execute(statement, parameters)).all()

    return rows


def _templates(settings: WebhookSettings) -> list[Template]:
    fields = settings.fields if settings.body is WebhookBody.SELECTED_FIELDS else ()
    values = (header.value for header in settings.headers if header.value is not None)
    return [compiled(text) for text in (settings.url, *values, *(field.template for field in fields))]

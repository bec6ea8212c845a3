"""Trying a feed: the exact calls that it would make."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from connectors.feeds.runs import Runs
from connectors.providers.access import Providers
from connectors.providers.calling import Call
from db.commerce.order import OrderRow
from engine.declared.batch import Argument, queried
from engine.declared.declaration import related
from engine.standard.context import Context
from engine.values.viewer import either
from resolvers.integration.feed.testing import feed_test

if TYPE_CHECKING:
    from schema.commerce.order import Order


@strawberry.type(description="A header of a call that a feed would make.")
class IntegrationFeedCallHeader:
    name: str = strawberry.field(description="HTTP does not tell case apart.")
    value: str = strawberry.field(description="`***` is a secret.")


@strawberry.type(description="A call that a feed would make.")
class IntegrationFeedCall:
    method: str = strawberry.field(description="Of HTTP: `PUT`.")
    url: str = strawberry.field(description="The whole of it, with its query string.")
    headers: list[IntegrationFeedCallHeader] = strawberry.field(description="Beside those of the connection.")
    body: str | None = strawberry.field(description="The body, in which `***` is a secret; null where there is none.")


@strawberry.type(description="What a feed would do about an event.")
class IntegrationFeedTest:
    event: str = strawberry.field(description="What it was tried with: `order.paid`.")
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to="order", description="The order that it was tried with; null where nothing would be done."
    )
    revokes: bool = strawberry.field(description="Whether it would undo what it did.")
    calls: list[IntegrationFeedCall] = strawberry.field(
        description="In their order. Each is taken to be answered as the provider's reference shows."
    )
    log: list[str] = strawberry.field(description="What the log of the run would say beside the calls.")
    problem: str | None = strawberry.field(
        description="Why nothing would be done, or what would fail; null where all goes well."
    )
    row: strawberry.Private[Any]


def _call(call: Call) -> IntegrationFeedCall:
    headers = [IntegrationFeedCallHeader(name=name, value=value) for name, value in call.headers.items()]
    return IntegrationFeedCall(method=call.method, url=call.url, headers=headers, body=call.body)


async def _feed_test(context: Context, *, id: str, event: str) -> IntegrationFeedTest | None:
    database = context.database
    found = await feed_test(context, database.port(Providers), database.port(Runs), id=id, event=event)
    if found is None:
        return None
    made = object.__new__(IntegrationFeedTest)
    made.row = SimpleNamespace(order=found.order_id)
    made.event, made.revokes, made.problem = found.event, found.revokes, found.problem
    made.calls, made.log = [_call(one) for one in found.calls], list(found.log)
    return made


@strawberry.type
class FeedTestQueries:
    integration_feed_test: IntegrationFeedTest | None = queried(
        _feed_test,
        Argument("id", strawberry.ID, "The opaque id of an `IntegrationFeed`.", identifies="IntegrationFeed"),
        Argument("event", str, "What it runs on: `order_paid_done`, or `order.paid`. You need the event's permission."),
        permission=either("integrations/manage", "products/edit"),
        ports=(Providers, Runs),
        description="The exact calls that a feed would make now about the latest such event, or about a sample of one. "
        "Nobody is called. A feed of the store needs integrations/manage, a product's products/edit. Null when there "
        "is no such feed.",
    )

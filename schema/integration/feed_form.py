"""Forms of feeds: what an editor shows before it saves one."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry
from strawberry.scalars import JSON

from connectors.providers.access import Providers
from connectors.providers.registry import Registry
from db.catalog.product import ProductRow
from db.integration.feed import FeedRow, FeedScope
from db.integration.provider import ProviderRow
from db.integration.template.catalogue import GROUPS
from db.integration.template.code import Code, CodeGroup
from engine.declared.batch import Argument, batched, queried
from engine.declared.declaration import related
from engine.declared.lookup import picked
from engine.standard.context import Context
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.integration.feed.form import MOST_VARIANTS, FeedForm, feed_form
from resolvers.integration.provider import options
from schema.integration.feed import IntegrationFeed
from schema.integration.form import ProviderField, ProviderMergeField, merge_field, shown

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant
    from schema.integration.provider import IntegrationProvider

_TYPES: Final = {"email": "email", "phone": "tel", "country": "country"}
_ADDRESSES: Final = {"billing": "Billing", "shipping": "Shipping"}


@strawberry.type(description="A code that templates of a feed may say.")
class IntegrationShortcode:
    code: str = strawberry.field(description="As it is written: `{{order.billing.email}}`.")
    title: str = strawberry.field(description="What it stands for.")
    sample: str = strawberry.field(description="What it may become.")


@strawberry.type(description="Codes of one kind.")
class IntegrationShortcodeGroup:
    key: str = strawberry.field(description="What they begin with: `order`.")
    title: str = strawberry.field(description="What people see.")
    codes: list[IntegrationShortcode] = strawberry.field(description="In the order in which they are documented.")
    loops: bool = strawberry.field(
        description="Whether there are several, each of which `{{#order.items}} … {{/order.items}}` goes through."
    )


@strawberry.type(description="A field of the checkout whose value a feed may send.")
class IntegrationInput:
    code: str = strawberry.field(description="What a template says for its value: `{{order.billing.city}}`.")
    type: str = strawberry.field(description="`text`, `email`, `tel` or `country`.")
    name: str = strawberry.field(description="What people see.")


async def _merge_fields(
    context: Context, keys: Sequence[tuple[str, str | None]]
) -> list[list[ProviderMergeField] | None]:
    providers = context.database.port(Providers)
    found: list[list[ProviderMergeField] | None] = []
    for provider, list_id in keys:
        if list_id is None:
            found.append(None)
        else:
            fields = await options.fields_of_list(context, providers, provider, list_id)
            found.append([merge_field(one) for one in fields])
    return found


@strawberry.type(description="What an editor of a feed begins with.")
class IntegrationFeedForm:
    provider: Annotated["IntegrationProvider", strawberry.lazy("schema.integration.provider")] | None = related(
        ProviderRow.key, to="provider", description="Whom the feed is for."
    )
    feed: IntegrationFeed | None = related(FeedRow.id, to="feed", description="The feed; null of a new one.")
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id, to="product", description="Whose feed it is; null of one of the whole store."
    )
    product_variations: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = picked(
        "variants",
        description=f"What a feed of the product can be limited to: the first {MOST_VARIANTS} by their positions.",
    )
    scope: FeedScope = strawberry.field(description="Which feeds it is a form of.")
    settings: JSON = strawberry.field(
        description="Values by the keys of `fields`: those of the feed, or what a new one begins with; of a secret "
        "`{isSet, lastFour, updatedAt}`. Saving takes the same object."
    )
    fields: list[ProviderField] = strawberry.field(
        description="What can be filled in: what all feeds have, and between that the provider's own."
    )
    shortcodes: list[IntegrationShortcodeGroup] = strawberry.field(
        description="What fields with `isTemplate` may say, in groups."
    )
    inputs: list[IntegrationInput] = strawberry.field(
        description="The fields of billing and shipping addresses, which merge fields are mapped to most."
    )
    merge_fields: list[ProviderMergeField] | None = batched(
        _merge_fields,
        to="list_of",
        ports=(Providers,),
        description="The fields of the feed's list, asked of the provider at most once in five minutes; null while no "
        "list is chosen. Of another list see `integrationFeedLists`.",
    )
    row: strawberry.Private[Any]


def _shown(form: FeedForm | None) -> IntegrationFeedForm | None:
    if form is None:
        return None
    made = object.__new__(IntegrationFeedForm)
    made.row = SimpleNamespace(
        provider=form.provider,
        feed=form.feed,
        product=form.product,
        variants=list(form.variants),
        list_of=(form.provider, form.list_id),
    )
    made.scope = form.scope
    made.settings = JSON(dict(form.settings))
    made.fields = shown(list(form.fields))
    made.shortcodes = [_group(one) for one in GROUPS.values()]
    made.inputs = [
        _input(code, address) for code in GROUPS["order"].codes.values() for address in _ADDRESSES if _is(code, address)
    ]
    return made


def _group(group: CodeGroup) -> IntegrationShortcodeGroup:
    codes = [
        IntegrationShortcode(code=one.source, title=one.description, sample=one.sample) for one in group.codes.values()
    ]
    return IntegrationShortcodeGroup(key=group.name, title=group.title, codes=codes, loops=group.loop)


def _is(code: Code, address: str) -> bool:
    return code.key.startswith(f"{address}.") and not code.open


def _input(code: Code, address: str) -> IntegrationInput:
    name = code.key.removeprefix(f"{address}.")
    title = f"{_ADDRESSES[address]}: {name.replace('_', ' ')}"
    return IntegrationInput(code=code.source, type=_TYPES.get(name, "text"), name=title)


async def _of_store(context: Context, *, provider: str, feed_id: str | None = None) -> IntegrationFeedForm | None:
    registry = context.database.port(Registry)
    return _shown(await feed_form(context, registry, FeedScope.GLOBAL, provider=provider, feed_id=feed_id))


async def _of_product(
    context: Context, *, product_id: str, provider: str, feed_id: str | None = None
) -> IntegrationFeedForm | None:
    registry = context.database.port(Registry)
    form = await feed_form(
        context, registry, FeedScope.PRODUCT, provider=provider, feed_id=feed_id, product_id=product_id
    )
    return _shown(form)


_PROVIDER: Final = Argument("provider", str, "The provider's key: `mailchimp`.")
_FEED: Final = Argument(
    "feed_id",
    strawberry.ID | None,
    "The feed that is edited; absent: a new one.",
    default=None,
    identifies="IntegrationFeed",
)


@strawberry.type
class FeedFormQueries:
    integration_feed_settings: IntegrationFeedForm | None = queried(
        _of_store,
        _PROVIDER,
        _FEED,
        permission="integrations/view",
        rest=["GET /integration/global-feeds/settings"],
        ports=(Registry,),
        description="The form of a feed of the whole store, filled in. Null when there is no such provider or feed; "
        "INVALID_INTEGRATION when no such feed can be saved for the provider.",
    )
    product_integration_settings: IntegrationFeedForm | None = queried(
        _of_product,
        Argument("product_id", strawberry.ID, "Whose feed it is.", identifies="Product"),
        _PROVIDER,
        _FEED,
        permission="products/view",
        rest=["GET /products/{product_id}/integrations/{integration_name}/settings"],
        ports=(Registry,),
        description="The form of a feed of a product, filled in. Null when there is no such product, provider or feed; "
        "INVALID_INTEGRATION when no such feed can be saved for the provider.",
    )

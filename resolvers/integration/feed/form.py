"""What an editor of a feed begins with: what is filled in, what can be, and what its templates may say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from connectors.feeds.values import secrets_of, values_of
from connectors.providers import Component, forms, shown
from connectors.providers.registry import AnyProvider, Registry
from db.catalog import visibility as catalog
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.integration import visibility
from db.integration.feed import FeedRow, FeedScope, FeedVariantRow
from db.integration.provider import ProviderRow
from db.integration.trigger import TRIGGERS
from db.integration.webhook import PROVIDER as WEBHOOK
from db.store.row import table
from engine.standard.context import Context
from engine.values.errors import CodedError, ErrorCode
from resolvers.access.caller import caller
from resolvers.editing.locking import key_of
from resolvers.integration.feed import rules

_FEED: Final = table(FeedRow)
_LIMIT: Final = table(FeedVariantRow)
_PRODUCT: Final = table(ProductRow)
_PROVIDER: Final = table(ProviderRow)
_VARIANT: Final = table(VariantRow)
# As many as a feed can be limited to.
MOST_VARIANTS: Final = rules.MOST_LIMITS
LIST: Final = "list_id"


@dataclass(frozen=True, slots=True)
class FeedForm:
    """`settings` has the documented names of what all feeds have beside the provider's own; `fields` are stored forms
    (connectors.providers.shown). `list_id` is what merge fields can be asked of."""

    provider: str
    scope: FeedScope
    feed: int | None
    product: int | None
    variants: Sequence[int]
    settings: Mapping[str, Any]
    fields: Sequence[Mapping[str, Any]]
    list_id: str | None


async def feed_form(
    context: Context,
    registry: Registry,
    scope: FeedScope,
    *,
    provider: str,
    feed_id: str | None,
    product_id: str | None = None,
) -> FeedForm | None:
    """None where there is no such provider, product or feed. Raises CodedError with INVALID_INTEGRATION where no feed
    of this scope can be made for the provider."""
    product = None if product_id is None else key_of(product_id)
    if product is not None and not await _is_product(context, product):
        return None
    known = await _usable(context, registry, provider, scope)
    if known is None:
        return None
    row: Mapping[str, Any] | None = None
    if feed_id is not None:
        row = await _row(context, key_of(feed_id), scope, product, known.key)
        if row is None:
            return None
    assert known.feed is not None
    values, secrets = ({}, {}) if row is None else (values_of(row), secrets_of(row))
    common = await _common(context, known, row, scope)
    own = forms.presented(known.feed, values, secrets)
    return FeedForm(
        provider=known.key,
        scope=scope,
        feed=None if row is None else row["id"],
        product=product,
        variants=() if product is None else await _variants(context, product),
        settings={**own, **common},
        fields=[*_first(), *shown.document(known.feed), *_last(known, scope)],
        list_id=str(values.get(LIST) or "") or None,
    )


async def _usable(context: Context, registry: Registry, key: str, scope: FeedScope) -> AnyProvider | None:
    if not key.isprintable():
        return None
    provider = registry.get(key)
    found = await context.rows(select(_PROVIDER.c.enabled).where(_PROVIDER.c.key == key))
    if provider is None and not found and key != WEBHOOK:
        return None
    wrong = rules.unusable(key, scope, provider, enabled=bool(found) and found[0].enabled)
    if wrong is not None:
        raise CodedError(ErrorCode.INVALID_INTEGRATION, wrong, provider=key[:60])
    return provider


async def _is_product(context: Context, key: int) -> bool:
    mine = select(_PRODUCT.c.id).where(_PRODUCT.c.id == key, catalog.products(caller(context.viewer)))
    return bool(await context.rows(mine))


async def _row(
    context: Context, key: int, scope: FeedScope, product: int | None, provider: str
) -> Mapping[str, Any] | None:
    of_product = _FEED.c.product_id.is_(None) if product is None else _FEED.c.product_id == product
    mine = (_FEED.c.id == key, _FEED.c.scope == scope, of_product, _FEED.c.provider_key == provider)
    found = await context.rows(select(_FEED).where(*mine, visibility.feeds(caller(context.viewer))))
    return dict(found[0]._mapping) if found else None


async def _variants(context: Context, product: int) -> list[int]:
    mine = select(_VARIANT.c.id).where(_VARIANT.c.product_id == product, catalog.variants(caller(context.viewer)))
    ordered = mine.order_by(_VARIANT.c.position, _VARIANT.c.id).limit(MOST_VARIANTS)
    return [row.id for row in await context.rows(ordered)]


async def _common(
    context: Context, provider: AnyProvider, row: Mapping[str, Any] | None, scope: FeedScope
) -> dict[str, Any]:
    """What all feeds have, by its documented names."""
    was = row or rules.new(provider)
    common: dict[str, Any] = {
        "name": was["name"],
        "enabled": was["enabled"],
        "event_trigger": list(was["event_triggers"]),
        "conditionals": was["conditionals"],
    }
    if provider.revokes is not None:
        common["watch_on_access_revoke"] = was["watch_on_access_revoke"]
    if scope is FeedScope.PRODUCT:
        limits: Sequence[Any] = ()
        if row is not None:
            held = select(_LIMIT.c.variant_id).where(_LIMIT.c.feed_id == row["id"]).order_by(_LIMIT.c.variant_id)
            limits = await context.rows(held)
        common["conditional_variation_ids"] = [one.variant_id for one in limits]
    return common


def _first() -> list[Mapping[str, Any]]:
    return [_field("name", Component.TEXT, "Name", required=True, default="")]


def _last(provider: AnyProvider, scope: FeedScope) -> list[dict[str, Any]]:
    """The fields that the documents put behind the provider's."""
    events = [[one.name, one.title, one.group.value] for one in TRIGGERS.values()]
    found = [
        _field(
            "event_trigger",
            Component.SELECTION_GROUP,
            "Events",
            required=True,
            options=events,
            multiple=True,
            default=[],
        )
    ]
    if scope is FeedScope.PRODUCT:
        limited = "The variants that it is limited to; none: all of them."
        found.append(
            _field("conditional_variation_ids", Component.SELECT, "Variants", help=limited, multiple=True, default=[])
        )
    if provider.revokes is not None:
        undone = "Undo it when the customer loses access"
        found.append(
            _field("watch_on_access_revoke", Component.YES_NO_CHECKBOX, undone, default=bool(provider.revokes))
        )
    found.append(_field("conditionals", Component.CONDITIONAL_BLOCK, "Conditions"))
    found.append(_field("enabled", Component.YES_NO_CHECKBOX, "Enabled", default=True))
    return found


def _field(  # noqa: PLR0913  what a field of a form says
    key: str,
    component: Component,
    label: str,
    *,
    help: str = "",
    required: bool = False,
    options: Sequence[Sequence[str]] | None = None,
    multiple: bool = False,
    default: Any = None,
) -> dict[str, Any]:
    """One that all feeds have, as the others are stored."""
    return {
        "key": key,
        "component": component.value,
        "label": label,
        "help": help,
        "placeholder": "",
        "required": required,
        "options": options,
        "option_source": None,
        "route": None,
        "depends_on": [],
        "template": False,
        "secret": False,
        "multiple": multiple,
        "has_value": True,
        "default": default,
        "routing": [],
        "primary": [],
        "link": None,
    }

"""What a feed may be. Whatever is wrong is refused at its path, all of it at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from sqlalchemy import select

from connectors.feeds.values import columns_of, secrets_of, values_of
from connectors.providers import forms
from connectors.providers.registry import AnyProvider, Registry
from db.catalog.variant import VariantRow
from db.events import KINDS
from db.integration import conditions
from db.integration.feed import FeedScope
from db.integration.matching import wanted
from db.integration.provider import ProviderRow
from db.integration.template import TemplateError, compiled
from db.integration.trigger import OF_EVENT, TRIGGERS
from db.integration.webhook import PROVIDER as WEBHOOK
from db.store.row import now, table
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import either
from resolvers.editing import text
from resolvers.integration.feed.asked import Asked

LONGEST_NAME: Final = 192
MOST_LIMITS: Final = 100
# All that may be told of an order: whoever lacks one of them is not shown what a run sent.
READS: Final = " customers/view  orders/view  subscriptions/view "
_PROVIDER: Final = table(ProviderRow)
_VARIANT: Final = table(VariantRow)


async def provider_of(unit: Unit, key: str, scope: FeedScope, registry: Registry) -> AnyProvider:
    """The provider that feeds of this scope may be saved for. Raises Refused with NOT_FOUND, INVALID_INTEGRATION."""
    found = select(_PROVIDER.c.enabled).where(_PROVIDER.c.key == key)
    # No key holds what PostgreSQL would refuse to look for.
    stored = (await unit.connection.execute(found)).one_or_none() if key.isprintable() else None
    provider = registry.get(key)
    wrong = unusable(key, scope, provider, enabled=stored is not None and stored.enabled)
    if provider is None and stored is None and key != WEBHOOK:
        unit.refuse(ErrorCode.NOT_FOUND, "No such provider: `integrationProviders` lists them", "provider")
    elif wrong is not None:
        unit.refuse(ErrorCode.INVALID_INTEGRATION, wrong, "provider")
    unit.settle()
    assert provider is not None
    return provider


def unusable(key: str, scope: FeedScope, provider: AnyProvider | None, *, enabled: bool) -> str | None:
    """Why no feed of this scope may be saved for a provider; None: nothing is wrong."""
    if key == WEBHOOK:
        return "Webhooks are saved by `webhookCreate` and `webhookUpdate`"
    if provider is None or not enabled:
        return "The provider is not enabled: install it, and give it its settings"
    if provider.feed is None:
        return f"{provider.title} has no feeds"
    if scope not in provider.scopes:
        return f"{provider.title} has no feeds of {'a product' if scope is FeedScope.PRODUCT else 'the whole store'}"
    return None


@dataclass(frozen=True, slots=True)
class Saved:
    """`columns` of the feed's row; `events` that it wants; `limits`: its variants, None where they stay."""

    columns: dict[str, Any]
    events: list[str]
    limits: list[int] | None


async def checked(
    unit: Unit, asked: Asked, provider: AnyProvider, scope: FeedScope, row: Mapping[str, Any] | None
) -> Saved:
    """What is to be stored. Refuses what it must not be; raises Forbidden for the first event that the caller may not
    read."""
    was = row or new(provider)
    enabled = bool(asked.common.get("enabled", was["enabled"]))
    name = text.line(asked.common.get("name", was["name"]))
    path = asked.path("name", "name")
    if len(name) > LONGEST_NAME:
        unit.refuse(ErrorCode.VALIDATION, f"The name has at most {LONGEST_NAME} characters", *path)
    elif enabled and not name:
        unit.refuse(ErrorCode.VALIDATION, "The name is required", *path)
    triggers = _triggers(unit, asked.common.get("event_triggers", was["event_triggers"]), asked, enabled=enabled)
    watches = bool(asked.common.get("watch_on_access_revoke", was["watch_on_access_revoke"]))
    if watches and provider.revokes is None:
        watches = False  # a form without that field; what a form does not have is dropped
    conditionals = asked.common.get("conditionals", was["conditionals"])
    if "conditionals" in asked.common:
        conditions.validate(conditionals, unit.at(*asked.path("conditionals", "conditionals")))
    events = wanted(triggers, watches_revocations=watches)
    for event in events:
        unit.require(either(*KINDS[event].read_by.permissions))
    filled = _filled(unit, asked, provider, row, complete=enabled)
    return Saved(
        {
            "name": name,
            "enabled": enabled,
            "event_triggers": triggers,
            "watch_on_access_revoke": watches,
            "conditionals": conditionals,
            "reads": READS,
            **columns_of(filled.values, filled.secrets),
        },
        events,
        await _limits(unit, asked, None if row is None else row["product_id"]) if scope is FeedScope.PRODUCT else None,
    )


def new(provider: AnyProvider) -> Mapping[str, Any]:
    """What a feed has that nobody has filled in yet, beside the provider's form."""
    return {
        "name": "",
        "enabled": True,
        "event_triggers": [],
        "watch_on_access_revoke": bool(provider.revokes),
        "conditionals": None,
    }


def _triggers(unit: Unit, given: Sequence[Any], asked: Asked, *, enabled: bool) -> list[str]:
    path = asked.path("event_triggers", "eventTriggers")
    said = "event_triggers" in asked.common
    names = list(dict.fromkeys(str(one) for one in given))
    if enabled and not names:
        unit.refuse(ErrorCode.VALIDATION, "Event trigger is required", *path)
    if not said:
        # What an import brought may name what no event is called here: it never runs on that.
        return names
    for index, one in enumerate(given):
        if one not in TRIGGERS:
            own = OF_EVENT.get(str(one))
            near = [own.name] if own else get_close_matches(str(one)[:60], sorted(TRIGGERS), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            unit.refuse(ErrorCode.VALIDATION, f"No feed runs on such an event{hint}", *path, str(index))
    return names


def _filled(
    unit: Unit, asked: Asked, provider: AnyProvider, row: Mapping[str, Any] | None, *, complete: bool
) -> forms.Filled:
    assert provider.feed is not None
    filled = forms.read(
        provider.feed,
        asked.settings,
        stored={} if row is None else values_of(row),
        secrets={} if row is None else secrets_of(row),
        complete=complete,
        now=now(),
    )
    for problem in filled.problems:
        unit.refuse(ErrorCode.VALIDATION, problem.message, "settings", *problem.path)
    for shape in forms.shapes(provider.feed):
        if shape.companions:
            routers = filled.values.get(shape.companions[1])
            conditions.validate_list(routers, unit.at("settings", shape.companions[1]))
        if shape.declared.template:
            _templates(unit, filled.values.get(shape.key), "settings", shape.key)
    return filled


def _templates(unit: Unit, value: Any, *path: str) -> None:
    """Refuses texts that are too long to be a template, or say too many codes."""
    if isinstance(value, str):
        try:
            compiled(value)
        except TemplateError as error:
            unit.refuse(ErrorCode.VALIDATION, error.message, *path)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            _templates(unit, part, *path, str(key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            _templates(unit, part, *path, str(index))


async def _limits(unit: Unit, asked: Asked, product: int | None) -> list[int] | None:
    """The variants of the product that were named, locked: who deletes one waits, and takes it out of the feed."""
    given = asked.common.get("variants")
    if given is None:
        return None
    path = asked.path("variants", "conditionalVariantIds")
    if len(given) > MOST_LIMITS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_LIMITS} variants", *path)
        return None
    product = asked.common.get("product", product)
    mine = select(_VARIANT.c.id).where(_VARIANT.c.id.in_(given), _VARIANT.c.product_id == product)
    found = set((await unit.connection.execute(mine.with_for_update(read=True, key_share=True))).scalars())
    for index, one in enumerate(given):
        if one not in found:
            unit.refuse(ErrorCode.VALIDATION, "No variant of this product", *path, str(index))
    return sorted(found)

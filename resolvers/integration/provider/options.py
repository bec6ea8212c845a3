"""What forms ask of vendors while somebody fills them in: values to choose from, and the fields of a list."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlmodel import col

from connectors.providers import Asked, MergeField, Option, Rejected, VendorFailed
from connectors.providers.access import Credential, Providers
from connectors.providers.registry import AnyProvider, sources
from connectors.providers.tokens import Rows, fresh
from db.catalog import visibility as catalog
from db.catalog.product import ProductRow
from db.integration import visibility
from db.integration.feed import FeedRow
from db.integration.provider import ProviderRow
from db.store.row import table
from db.text.search import containing, folded, sought
from engine.standard.context import Context
from engine.values.errors import BadUserInput, CodedError, ErrorCode
from resolvers.access.caller import caller

T = TypeVar("T")

PRODUCT: Final = table(ProductRow)
# The documented key that is no provider's: posts of a type, of which this gateway has products.
POSTS: Final = "post_type"
PRODUCTS: Final = frozenset({"product", "products", "fluent-products"})
MOST: Final = 1000
MOST_CHOSEN: Final = 100
MOST_FEEDS: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedOptions:
    """The values that a form asks for: at most `first` that `search` finds. `parent` is what they hang on, `provider`
    whose they are where several have that key."""

    option_key: str
    search: str
    parent: str | None
    provider: str | None
    first: int


@dataclass(frozen=True, slots=True)
class FeedLists:
    """The keys of feeds, and the fields of a list where one was asked for."""

    feeds: Sequence[int]
    fields: Sequence[MergeField] | None


async def dynamic_options(
    context: Context, providers: Providers, wanted: WantedOptions, values: Sequence[str]
) -> list[Option]:
    """At most `first` values that the search finds, and those that are chosen already. Raises CodedError."""
    _check(wanted)
    if len(values) > MOST_CHOSEN:
        raise CodedError(ErrorCode.VALIDATION, f"At most {MOST_CHOSEN} values are chosen")
    if wanted.option_key == POSTS:
        return await _products(context, wanted, values) if wanted.parent in PRODUCTS else []
    found = await _credential(context, providers, wanted)
    if found is None:
        return []
    asked = Asked(_plain(found, wanted.option_key), wanted.search, wanted.parent)
    return _chosen(await _asked(context, providers, found, asked), wanted, values)


async def chained_options(context: Context, providers: Providers, wanted: WantedOptions, settings: Any) -> list[Option]:
    """Values that hang on others. Raises CodedError: NOT_FOUND for a key that no provider has."""
    _check(wanted)
    if settings is not None and not isinstance(settings, Mapping):
        raise CodedError(ErrorCode.VALIDATION, "`settings` is an object of values by their keys")
    found = await _credential(context, providers, wanted)
    if found is None:
        raise CodedError(ErrorCode.NOT_FOUND, f"No provider that can be used has options {wanted.option_key[:60]!r}")
    asked = Asked(_plain(found, wanted.option_key), wanted.search, wanted.parent, dict(settings or {}))
    return _chosen(await _asked(context, providers, found, asked), wanted, ())


async def feed_lists(context: Context, providers: Providers, *, provider: str | None, list_id: str | None) -> FeedLists:
    """Feeds of a provider that the viewer may see, and the merge fields of a list of it. Raises CodedError."""
    feed = table(FeedRow)
    statement = select(feed.c.id).where(visibility.feeds(caller(context.viewer))).order_by(feed.c.id).limit(MOST_FEEDS)
    if provider is not None:
        known = providers.registry.get(provider) is not None
        if not known and not await _is_stored(context, provider):
            raise CodedError(ErrorCode.NOT_FOUND, f"No provider is called {provider[:60]!r}")
        statement = statement.where(feed.c.provider_key == provider)
    keys = [row.id for row in await context.rows(statement, {})]
    if list_id is None:
        return FeedLists(keys, None)
    if provider is None:
        raise CodedError(ErrorCode.VALIDATION, "Say whose list it is: `provider`")
    return FeedLists(keys, await fields_of_list(context, providers, provider, list_id))


async def fields_of_list(context: Context, providers: Providers, provider: str, list_id: str) -> Sequence[MergeField]:
    """The merge fields of a list of a provider. Raises CodedError."""
    credential = await _of(context, providers, provider)

    async def ask(fresh: Credential) -> Sequence[MergeField]:
        return await providers.merge_fields(fresh, list_id)

    return await _told(context, providers, credential, ask)


async def _is_stored(context: Context, key: str) -> bool:
    if not key.isprintable():
        return False
    return bool(await context.rows(select(col(ProviderRow.key)).where(col(ProviderRow.key) == key), {}))


def _check(wanted: WantedOptions) -> None:
    if not wanted.option_key.strip():
        raise CodedError(ErrorCode.VALIDATION, "An option key is required")
    if not 1 <= wanted.first <= MOST:
        raise BadUserInput(f"`first` is from 1 to {MOST}")
    if "\0" in wanted.search or len(wanted.search) > 200:
        raise CodedError(ErrorCode.VALIDATION, "A search has at most 200 characters, none of them NUL")


async def _credential(context: Context, providers: Providers, wanted: WantedOptions) -> Credential | None:
    """Who answers a key: the provider that is named, or the first that has it and can be used; None: nobody. Raises
    CodedError where the named one cannot be used."""
    option_key, provider = wanted.option_key, wanted.provider
    if provider is not None:
        known = providers.registry.get(provider)
        if known is None:
            raise CodedError(ErrorCode.NOT_FOUND, f"No provider is called {provider[:60]!r}")
        return await _of(context, providers, provider) if _has(known, option_key) else None
    having = [one.key for one in providers.registry if _has(one, option_key)]
    found = await _read(context, providers, having)
    usable = (found[key] for key in having)
    return next((one for one in usable if isinstance(one, Credential)), None)


async def _of(context: Context, providers: Providers, key: str) -> Credential:
    found = (await _read(context, providers, [key]))[key]
    if isinstance(found, str):
        raise CodedError(ErrorCode.CONFIGURATION_ERROR, found, provider=key)
    return found


async def _read(context: Context, providers: Providers, keys: Sequence[str]) -> dict[str, Credential | str]:
    async def read() -> dict[str, Credential | str]:
        async with context.database.read() as connection:
            return await providers.credentials(connection, keys)

    return await context.apart(read) if keys else {}


async def _asked(context: Context, providers: Providers, credential: Credential, asked: Asked) -> Sequence[Option]:
    return await _told(context, providers, credential, lambda fresh: providers.options(fresh, asked))


async def _told(
    context: Context, providers: Providers, credential: Credential, ask: Callable[[Credential], Awaitable[T]]
) -> T:
    """What a vendor answers. This request holds no connection to the database meanwhile."""
    key, title = credential.provider.key, credential.provider.title

    async def asked() -> T:
        return await ask(await fresh(providers, credential, Rows.of(context.database)))

    try:
        return await context.apart(asked)
    except Rejected as rejected:
        raise CodedError(ErrorCode.CONFIGURATION_ERROR, rejected.message, provider=key) from None
    except VendorFailed as failed:
        details: dict[str, Any] = {"provider": key, "status": failed.status, "retryable": failed.retryable}
        if failed.retry_after is not None:
            details["retryAfter"] = failed.retry_after
        raise CodedError(ErrorCode.PROVIDER_ERROR, failed.message, **details) from None
    except CodedError:
        raise
    except Exception as error:
        message = f"{title} could not be asked: {type(error).__name__}"
        raise CodedError(ErrorCode.PROVIDER_ERROR, message, provider=key, retryable=False) from error


def _has(provider: AnyProvider, option_key: str) -> bool:
    return _plain_key(provider, option_key) in sources(provider)


def _plain(credential: Credential, option_key: str) -> str:
    return _plain_key(credential.provider, option_key)


def _plain_key(provider: AnyProvider, option_key: str) -> str:
    """The documents name a key with its provider or without: `mailchimp_lists`, `lists`."""
    known = sources(provider)
    names = (option_key, option_key.removeprefix(f"{provider.key}_"), f"{provider.key}_{option_key}")
    return next((name for name in names if name in known), option_key)


def _chosen(options: Sequence[Option], wanted: WantedOptions, values: Sequence[str]) -> list[Option]:
    search = folded(wanted.search)
    found = [one for one in options if search in folded(one.title) or one.id == wanted.search][: wanted.first]
    there = {one.id for one in found}
    return found + [one for one in options if one.id in values and one.id not in there]


async def _products(context: Context, wanted: WantedOptions, values: Sequence[str]) -> list[Option]:
    visible = catalog.products(caller(context.viewer))
    found = select(PRODUCT.c.id, PRODUCT.c.title).where(visible)
    words = sought(wanted.search)
    asked = found.where(containing(PRODUCT.c.search_text, words, context.dialect)) if words else found
    rows = list(await context.rows(asked.order_by(PRODUCT.c.id).limit(wanted.first), words))
    there = {row.id for row in rows}
    # No key has more digits.
    more = {int(value) for value in values if value.isascii() and value.isdecimal() and len(value) < 19} - there
    if more:
        rows += await context.rows(found.where(PRODUCT.c.id.in_(more)).order_by(PRODUCT.c.id), {})
    return [Option(str(row.id), row.title) for row in rows]

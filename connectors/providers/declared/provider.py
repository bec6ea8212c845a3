"""What a provider says of itself, and what it can be asked to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from connectors.providers.calling import Vendor
from connectors.providers.declared.oauth import OAuth, Token
from connectors.providers.declared.options import Asked, MergeField, Option
from connectors.providers.declared.reply import Reply, explained
from connectors.providers.declared.run import Run
from connectors.providers.declared.scope import Scope
from connectors.providers.declared.site import Site, bearer

S = TypeVar("S", bound=BaseModel)
F = TypeVar("F", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Caps:
    """What all calls with one credential are held to: so many at once, so many a second (None: no limit). `burst`: as
    many may begin one right after the other, where none did for long: what vendors call a bucket."""

    at_once: int = 5
    per_second: float | None = None
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Verified:
    """The vendor accepts the settings. `sentence` tells whom they belong to: "Connected to the account Acme"."""

    sentence: str = ""


class Provider(Generic[S, F]):
    """One object for the life of a process; its methods run concurrently. It keeps nothing of one call for another but
    what it may lose.

    `vendor` is the only way out: it knows the site, carries the credential, and in a dry run calls nobody. What a
    provider raises beside VendorFailed, Rejected and Skipped is a failed attempt with a reason, too."""

    key: str
    """Unique and never changed: feeds and settings are stored under it."""
    title: str
    description: str = ""
    logo: str | None = None
    """The URL of its picture."""
    category: str = "crm"
    categories: tuple[str, ...] = ()
    """The groups that the list of add-ons shows it in; none: `category`."""
    priority: int = 10
    """Feeds run in this order, ascending."""
    scopes: frozenset[Scope] = frozenset({Scope.GLOBAL, Scope.PRODUCT})
    """Where feeds may exist; asked only of one that has a feed form."""
    installable: bool = True
    """Whether it is off until somebody installs it (operation 71); otherwise it is there from the first start."""
    addon: str | None = None
    """The slug of the add-on that brings it, where it is not the key: `fluent-crm`."""
    caps: Caps = Caps()
    delay_on_product_action: bool = True
    delay_on_global_action: bool = True
    settings: type[S] | None = None
    """The form of its credentials, None where it takes none."""
    feed: type[F] | None = None
    """The form of its feeds, None where it has none. The host adds what all feeds have: `name`, `enabled`,
    `event_trigger`, `conditionals`, `conditional_variation_ids`, and `watch_on_access_revoke` as `revokes` says."""
    revokes: bool | None = None
    """Whether a new feed undoes when access is revoked; None: its feeds cannot."""
    oauth: OAuth | None = None
    sources: frozenset[str] = frozenset()
    """Keys that `options` answers beside the `option_source` and the `route` of its fields."""

    def site(self, settings: S) -> Site:
        """Where it is reached with these settings, which are valid in form. Raises Rejected when they name no place."""
        raise NotImplementedError

    def authorized(self, settings: S, token: Token) -> Site:
        """The same with a token of OAuth."""
        site = self.site(settings)
        return replace(site, headers={**site.headers, **bearer(token.access)})

    async def verify(self, settings: S, vendor: Vendor) -> Verified:
        """Ask the vendor whether it accepts the settings. Raises Rejected when it does not, VendorFailed when it cannot
        be asked. A 401 or 403 that is left to raise VendorFailed is a rejection too."""
        raise NotImplementedError

    async def connected(self, settings: S, token: Token, vendor: Vendor) -> Mapping[str, Any]:
        """What is to be kept with a token that has just been had (`Token.kept`). `vendor` has no credential and goes
        nowhere by itself: `vendor.to(site)`."""
        return {}

    async def options(self, asked: Asked, settings: S, vendor: Vendor) -> Sequence[Option]:
        """The values of a key, read to the end. Answers are kept for five minutes by credential and `asked`."""
        return ()

    async def merge_fields(self, list_id: str, settings: S, vendor: Vendor) -> Sequence[MergeField]:
        """The fields of a list that values may be mapped to."""
        return ()

    async def run(self, run: Run[F], settings: S, vendor: Vendor) -> None:
        """Do what the feed says. It may happen twice for the same event, and must come to the same. Raises Skipped or
        VendorFailed."""
        raise NotImplementedError

    async def revoke(self, run: Run[F], settings: S, vendor: Vendor) -> None:
        """Undo it; where `revokes` is not None."""
        raise NotImplementedError

    def explain(self, reply: Reply) -> str | None:
        """What the vendor says is wrong, in its own words; None: it does not say."""
        return explained(reply)

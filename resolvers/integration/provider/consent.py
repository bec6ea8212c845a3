"""OAuth 2: somebody is sent to the vendor to consent, and comes back with a code (connectors.providers.consent)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import strawberry
import structlog
from sqlalchemy import delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.providers import Rejected, VendorFailed, Verified, consent, forms
from connectors.providers.access import SETTING, Credential, Providers, made, seal_token
from connectors.providers.declared.oauth import OAuth, Token
from connectors.providers.registry import AnyProvider
from connectors.storage import Links
from db.access import holder
from db.access.session import SessionRow
from db.access.viewer import Viewer
from db.integration.setting import AuthorizationRow
from db.secrets.encrypted import Secret
from db.secrets.hashed import hashed
from db.store.database import Database
from db.store.row import now, table
from db.store.unit import Units
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.perform import Reach
from engine.unit.unit import Cause, Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import permits
from resolvers.access.caller import caller
from resolvers.editing.locking import not_found
from resolvers.integration.provider.settings import locked, write
from resolvers.integration.provider.verifying import asked

log = structlog.get_logger("storegraph.providers")

MANAGE: Final = "integrations/manage"
# A state of ours has 43 characters, codes of vendors some hundreds.
LONGEST_STATE: Final = 100
LONGEST_CODE: Final = 2048
_CONSENT: Final = table(AuthorizationRow)
_SESSION: Final = table(SessionRow)
# The vendor was sent the settings, and they may be wrong; nobody could be asked.
_WRONG, _UNANSWERED = 400, 502


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes along with whoever is sent; the vendor repeats the state, and never sees the verifier before the code
    is exchanged."""

    state: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the vendor sends somebody back with; all of it may be anything."""

    state: str
    code: str = ""
    error: str = ""


class Refused(Exception):
    """Nothing was stored; the message is for whoever looks at the page."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Unknown(Refused):
    """No consent is awaited under this state."""

    def __init__(self) -> None:
        super().__init__(400, "This link is used, too old or none of ours. Begin again in the settings.")


@strawberry.input(description="At whose vendor somebody consents.")
class IntegrationAuthorizeInput:
    provider: str = strawberry.field(description="The provider's key: `google_calendar`, `mailchimp`.")


@asynccontextmanager
async def sending(_reach: Reach, _input: IntegrationAuthorizeInput, dry: bool) -> AsyncIterator[Sent | None]:
    """A dry run sends nobody anywhere: its state would be no good."""
    yield None if dry else Sent(consent.random(), consent.random())


@mutation(permission=MANAGE, rest=None, ports=(Providers, Links), outside=sending)
async def integration_authorize(unit: Unit, input: IntegrationAuthorizeInput) -> Keys:
    """Begin OAuth 2: answers the vendor's page, which whoever asked opens and consents on within ten minutes; the
    vendor leads back to the server's `/oauth/callback`, and the settings are valid then. Another beginning by the same
    caller ends the one before. CONFIGURATION_ERROR: the client's id and secret are not stored."""
    provider = unit.port(Providers).registry.get(input.provider)
    if provider is None or provider.settings is None:
        not_found(unit, "provider with settings; `integrationProviders` lists them", "provider")
    row = await locked(unit, input.provider)
    if provider.oauth is None:
        unit.refuse(ErrorCode.VALIDATION, f"{provider.title} takes no consent: its settings are all", "provider")
        unit.settle()
    oauth: OAuth = provider.oauth  # type: ignore[assignment]
    client = consent.client(oauth, row)
    if client is None:
        message = f"Save {oauth.client_id} and {oauth.client_secret} of {provider.title} first"
        unit.refuse(ErrorCode.CONFIGURATION_ERROR, message, "provider")
    viewer = caller(unit.viewer)
    saver = holder.saver(viewer)
    if saver is None:
        # Their permissions are another system's to say, and nobody can ask it when the vendor leads back.
        unit.refuse(ErrorCode.BUSINESS_RULE, "A consent is begun by a user or a token of this store")
    unit.settle()
    sent: Sent | None = unit.outside
    if sent is None or client is None or saver is None:
        return {"settings": input.provider, "url": None, "expires_at": None}
    before = (_CONSENT.c.viewer == saver) & (_CONSENT.c.key == input.provider)
    await unit.connection.execute(delete(_CONSENT).where(or_(before, _CONSENT.c.expires_at < now())))
    redirect = f"{unit.port(Links).address}{consent.CALLBACK}"
    awaited = AuthorizationRow(
        state_hash=hashed(sent.state),
        key=input.provider,
        viewer=saver,
        credential=viewer.credential,
        version=row["version"],
        verifier=Secret(sent.verifier),
        redirect=redirect,
        expires_at=now() + consent.LASTS,
    )
    await unit.connection.execute(insert(_CONSENT), awaited.model_dump())
    url = consent.address(oauth, client[0], state=sent.state, verifier=sent.verifier, redirect=redirect)
    return {"settings": input.provider, "url": url, "expires_at": awaited.expires_at.isoformat()}


async def consented(units: Units, providers: Providers, answer: Answer, viewer: Viewer | None) -> Verified:
    """Somebody came back. `viewer` is who asks now, None where nothing says who: then the state alone says it, which
    only whoever began was told. It is good once, whatever comes of it. Raises Refused."""
    awaited = await _taken(units, answer.state)
    if awaited["expires_at"] <= now():
        raise Unknown
    provider = providers.registry.get(awaited["key"])
    began = await _began(units, awaited)
    if viewer is not None and holder.saver(viewer) != awaited["viewer"]:
        raise Refused(403, "Somebody else began this. Begin again yourself.")
    if answer.error:
        said = "You did not consent" if answer.error == "access_denied" else "The vendor refused"
        raise Refused(_WRONG, f"{said}. Nothing was stored.")
    if not answer.code or len(answer.code) > LONGEST_CODE:
        raise Refused(_WRONG, "The vendor sent no code. Nothing was stored.")
    async with units.read() as connection:
        found = await connection.execute(select(SETTING).where(SETTING.c.key == awaited["key"]))
        row = dict(found.mappings().one())
    client = None if provider is None or provider.oauth is None else consent.client(provider.oauth, row)
    if provider is None or client is None or row["version"] != awaited["version"]:
        raise Refused(409, "The settings were changed meanwhile. Begin again.")
    token, verified = await _connected(providers, provider, client, row, awaited, answer.code)
    async with units.unit(began, cause=Cause("request:oauth")) as unit:
        here = await locked(unit, provider.key)
        if here["version"] != awaited["version"]:
            raise Refused(409, "The settings were changed meanwhile. Begin again.")
        values: dict[str, Any] = {"token": seal_token(token), "token_ends_at": token.ends_at}
        values |= {"token_claimed_until": None, "verified_at": now(), "account": verified.sentence, "valid": True}
        await write(unit, provider, here, values)
        await unit.commit("integrationAuthorize", None, None, audited=True)
    return verified


async def _taken(units: Units, state: str) -> dict[str, Any]:
    """The consent that is awaited, awaited no more. Two who come with one state: one of them has it."""
    if not state or len(state) > LONGEST_STATE:
        raise Unknown
    database = units.port(Database)
    gone = delete(_CONSENT).where(_CONSENT.c.state_hash == hashed(state)).returning(*_CONSENT.c)

    async def take(connection: AsyncConnection) -> dict[str, Any] | None:
        row = (await connection.execute(gone)).mappings().one_or_none()
        return None if row is None else dict(row)

    found = await database.tell(take, seconds=10.0)
    if found is None:
        raise Unknown
    return found


async def _began(units: Units, awaited: dict[str, Any]) -> Viewer:
    """Who began, with what they may do now; not when they have signed out meanwhile."""
    async with units.read() as connection:
        viewer = await holder.acting(connection, awaited["viewer"])
        kind, _, key = (awaited["credential"] or "").partition(":")
        if kind == "session" and key.isdecimal():
            open_ = select(_SESSION.c.id).where(_SESSION.c.id == int(key), _SESSION.c.expires_at > now())
            viewer = viewer if (await connection.execute(open_)).first() is not None else None
    if viewer is None or not permits(viewer, MANAGE):
        raise Refused(403, "Whoever began this is signed out, or may not manage integrations any more.")
    return viewer


async def _connected(
    providers: Providers,
    provider: AnyProvider,
    client: tuple[str, str],
    row: dict[str, Any],
    awaited: dict[str, Any],
    code: str,
) -> tuple[Token, Verified]:
    """The token for the code, with what the provider finds out about it, once the vendor has accepted it."""
    verifier: str = awaited["verifier"].reveal()
    try:
        token = await consent.exchanged(
            providers, provider, client, code=code, verifier=verifier, redirect=awaited["redirect"]
        )
        credential = _credential(provider, row, token)
        nowhere = providers.stranger(provider, credential.secrets)
        kept = await provider.connected(credential.settings, token, nowhere)
        token = replace(token, kept=kept)
    except Rejected as rejected:
        raise Refused(_WRONG, f"{rejected.message}. Nothing was stored.") from None
    except VendorFailed as failed:
        status = _WRONG if failed.status in (400, 401, 403) else _UNANSWERED
        raise Refused(status, f"{failed.message}. Nothing was stored.") from None
    except Refused:
        raise
    except Exception as error:
        log.warning("a provider could not be connected", provider=provider.key, exc_info=error)
        raise Refused(_UNANSWERED, f"{provider.title} could not be asked. Nothing was stored.") from None
    said = await asked(providers, _credential(provider, row, token))
    if isinstance(said, Verified):
        return token, said
    status = _WRONG if said.code is ErrorCode.CONFIGURATION_ERROR else _UNANSWERED
    raise Refused(status, f"{said.message}. Nothing was stored.")


def _credential(provider: AnyProvider, row: dict[str, Any], token: Token) -> Credential:
    found = made(provider, row["settings"], forms.unseal(row["concealed"]), token)
    if isinstance(found, str):
        raise Refused(409, f"{found}. Nothing was stored.")
    return found

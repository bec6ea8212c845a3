"""JSON Web Tokens of an OpenID Connect issuer: whom they stand for, by keys that the issuer publishes."""

import asyncio
import base64
import binascii
import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog
from joserfc import jwk, jws, jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.outbound.client import Outbound, Times
from connectors.outbound.message import Failure, Request
from connectors.outbound.reach import ANYWHERE
from db.access import holder
from db.access.holder import Held
from db.access.permission import expanded
from db.access.viewer import Viewer, ViewerKind
from server.settings.settings import Settings

log = structlog.get_logger("storegraph.server")

# Clocks differ by that much at most where somebody looks after them.
LEEWAY_SECONDS: Final = 30
# An unknown key id may be a new key, or somebody's invention: the issuer is asked no more often than this.
FETCH_SECONDS: Final = 60.0
# A key that the issuer takes back is trusted that long at most.
KEPT_SECONDS: Final = 3600.0
TIMEOUT_SECONDS: Final = 5.0
# Issuers publish a handful of keys, a few kB.
LONGEST_ANSWER: Final = 256 * 1024
MOST_KEYS: Final = 100
LONGEST_TOKEN: Final = 16 * 1024
LONGEST_SUBJECT: Final = 255

# UTF-16 writes one character by two of these; alone they are none.
_HALVES: Final = frozenset(map(chr, range(0xD800, 0xE000)))
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_REASONS: Final = {
    "iss": "The token is of another issuer",
    "aud": "The token is for another audience",
    "nbf": "The token is not valid yet",
    "iat": "The token was issued in the future",
}


class Distrusted(Exception):
    """The token is not accepted; the text says why, to its holder."""


class Unreachable(Exception):
    """The issuer's keys cannot be had."""


@dataclass(frozen=True)
class Trust:
    """Which issuer, for whom it has to have issued, and which claims say what a person may do."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    jwks_url: str | None = None  # None: as the issuer's configuration document says
    role_claim: str | None = None
    permissions_claim: str | None = None
    email_claim: str | None = None


def trusted(settings: Settings) -> "Issuer | None":
    """The issuer of the settings; None where there is none."""
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    return Issuer(
        Trust(
            settings.oidc_issuer,
            settings.oidc_audience,
            settings.oidc_algorithms,
            settings.oidc_jwks_url,
            settings.oidc_role_claim,
            settings.oidc_permissions_claim,
            settings.oidc_email_claim,
        )
    )


def header_of(token: str) -> dict[str, Any] | None:
    """The header of what is shaped like a signed JWT; None for any other token."""
    if not _SHAPE.fullmatch(token):
        return None
    first = token.partition(".")[0]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (binascii.Error, ValueError):
        return None
    return header if isinstance(header, dict) and "alg" in header else None


class Issuer:
    """Reads tokens of one issuer. Keeps its keys, and asks for them again when a token names one that is not there."""

    def __init__(self, trust: Trust, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._trust = trust
        self._clock = clock
        self._keys: dict[str, jwk.Key] = {}
        self._fetched: float | None = None  # successfully
        self._tried: float | None = None
        self._turn = asyncio.Lock()
        self._registry = jws.JWSRegistry(algorithms=list(trust.algorithms), strict_check_header=False)

    async def claims(self, token: str, header: Mapping[str, Any]) -> dict[str, Any]:
        """What a token says that is its issuer's, meant for us, and good now. Raises Distrusted, or Unreachable where
        that cannot be told."""
        if len(token) > LONGEST_TOKEN:
            raise Distrusted("The token is too long")
        return self._checked(token, await self._key(header))

    async def held(self, claims: Mapping[str, Any], connection: AsyncConnection) -> Held:
        """Whom these claims stand for. Raises Distrusted for a user who may no longer sign in."""
        viewer = await self._viewer(claims, connection)
        return Held(viewer, datetime.fromtimestamp(claims["exp"] + LEEWAY_SECONDS, UTC))

    async def _key(self, header: Mapping[str, Any]) -> jwk.Key:
        if header["alg"] not in self._trust.algorithms:
            raise Distrusted(f"The token's algorithm is not one of {', '.join(self._trust.algorithms)}")
        if "crit" in header:
            raise Distrusted("The token needs an extension that is not understood here")
        kid = header.get("kid")
        if not isinstance(kid, str) or not kid:
            raise Distrusted("The token does not name its key (kid)")
        if kid not in self._keys or self._outdated():
            await self._fetch(kid)
        if kid not in self._keys:
            if self._fetched is None:
                raise Unreachable
            raise Distrusted("The token is signed with a key that its issuer does not publish")
        return self._keys[kid]

    def _outdated(self) -> bool:
        return self._fetched is None or self._clock() - self._fetched > KEPT_SECONDS

    async def _fetch(self, kid: str) -> None:
        async with self._turn:
            if kid in self._keys and not self._outdated():
                return  # whoever had the turn before was here for the same
            if self._tried is not None and self._clock() - self._tried < FETCH_SECONDS:
                return
            self._tried = self._clock()
            try:
                self._keys = await self._published()
                self._fetched = self._clock()
            except (TimeoutError, ValueError, JoseError) as error:
                # The keys there are stay: an issuer that is down has not taken any back.
                log.warning("the issuer's keys cannot be fetched", issuer=self._trust.issuer, exc_info=error)

    async def _published(self) -> dict[str, jwk.Key]:
        async with asyncio.timeout(2 * TIMEOUT_SECONDS), _client() as client:
            url = self._trust.jwks_url or await self._discovered(client)
            document = await _json(client, url)
        found: dict[str, jwk.Key] = {}
        for given in (document.get("keys") or [])[:MOST_KEYS]:
            # A shared secret is nobody's public key: HS256 with it would let anyone sign.
            if isinstance(given, dict) and given.get("kty") != "oct" and given.get("use", "sig") == "sig":
                kid = given.get("kid")
                try:
                    if isinstance(kid, str) and kid:
                        found.setdefault(kid, jwk.import_key(given))
                except (JoseError, ValueError, TypeError) as error:
                    log.warning("a key of the issuer is not understood", kid=kid, reason=str(error))
        return found

    async def _discovered(self, client: Outbound) -> str:
        document = await _json(client, f"{self._trust.issuer.rstrip('/')}/.well-known/openid-configuration")
        url = document.get("jwks_uri")
        if document.get("issuer") != self._trust.issuer:
            raise ValueError(f"the configuration document is of another issuer: {document.get('issuer')!r}")
        # As strict as the setting: an issuer reached over TLS does not lead elsewhere than to TLS.
        if not isinstance(url, str) or not url.startswith(("https://", f"{self._trust.issuer.rstrip('/')}/")):
            raise ValueError(f"jwks_uri is no https URL: {url!r}")
        return url

    def _checked(self, token: str, key: jwk.Key) -> dict[str, Any]:
        """The claims of a token with a good signature, meant for us, now."""
        try:
            claims = jwt.decode(token, key, algorithms=list(self._trust.algorithms), registry=self._registry).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            raise Distrusted("The token's signature is not its issuer's") from None
        if not _readable(claims):
            raise Distrusted("The token's claims hold what is no text")
        for name in ("exp", "nbf", "iat"):
            if name in claims and (isinstance(claims[name], bool) or not isinstance(claims[name], int | float)):
                raise Distrusted(f"The token's {name} is no time")
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._trust.issuer},
            aud={"essential": True, "value": self._trust.audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            registry.validate(claims)
        except ExpiredTokenError:
            raise Distrusted("The token has expired: ask for a new one") from None
        except MissingClaimError as error:
            raise Distrusted(f"The token has no {error.claim}") from None
        except InvalidClaimError as error:
            raise Distrusted(_REASONS.get(error.claim, f"The token's {error.claim} is not good here")) from None
        except (JoseError, ValueError, TypeError, OverflowError):
            raise Distrusted("The token's claims are not good here") from None
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
            raise Distrusted("The token's sub is no name")
        if not -(2**40) < claims["exp"] < 2**40:
            raise Distrusted("The token's exp is no time")
        return claims

    async def _viewer(self, claims: Mapping[str, Any], connection: AsyncConnection) -> Viewer:
        """Permissions add up: of the claim that lists them, of the roles, of the user with this address."""
        trust = self._trust
        subject = hashlib.sha256(f"{trust.issuer}\n{claims['sub']}".encode()).hexdigest()[:32]
        name = claims.get("name")
        viewer = Viewer(
            f"oidc:{subject}", name[:200] if isinstance(name, str) and name else claims["sub"], kind=ViewerKind.USER
        )
        permissions = expanded(_words(claims, trust.permissions_claim))
        if roles := _words(claims, trust.role_claim):
            permissions |= await holder.of_roles(connection, roles)
        email = _at(claims, trust.email_claim)
        # Unconfirmed, it is whatever somebody typed into the issuer's form.
        if isinstance(email, str) and email and claims.get("email_verified") is True:
            person = await holder.of_email(connection, email)
            if person is None and await holder.inactive(connection, email):
                raise Distrusted("The user of this token is not active")
            if person is not None:
                viewer = replace(person, credential=None)
                permissions |= person.permissions
        return replace(viewer, permissions=permissions)


def _readable(claims: Mapping[str, Any]) -> bool:
    """Whether all text in them is text: JSON can spell halves of characters, and NUL, which no database takes."""
    left: list[Any] = [claims]
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            left.extend(value)
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
        elif isinstance(value, str) and ("\0" in value or not _HALVES.isdisjoint(value)):
            return False
    return True


def _at(claims: Mapping[str, Any], path: str | None) -> Any:
    """A claim by its name, or by a dotted path where it lies deeper (`realm_access.roles`)."""
    if path is None:
        return None
    if path in claims:  # `https://shop.example/roles` has dots of its own
        return claims[path]
    value: Any = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _words(claims: Mapping[str, Any], path: str | None) -> Sequence[str]:
    """A claim that is a list of words, or text with spaces between them as OAuth writes scopes."""
    value = _at(claims, path)
    if isinstance(value, str):
        return value.split()[:MOST_KEYS]
    return [word for word in value if isinstance(word, str)][:MOST_KEYS] if isinstance(value, list) else []


def _client() -> Outbound:
    """Whoever runs the server named the issuer: it may be next door."""
    return Outbound(ANYWHERE, Times(connect=TIMEOUT_SECONDS, total=2 * TIMEOUT_SECONDS))


async def _json(client: Outbound, url: str) -> dict[str, Any]:
    request = Request("GET", url, [("Accept", "application/json")], longest=LONGEST_ANSWER, whole=True)
    answer = await client.send(request)
    if isinstance(answer, Failure):
        raise ValueError(f"{url} cannot be asked: {answer.reason}")
    if answer.status != 200:
        raise ValueError(f"{url} answers {answer.status}")
    document = orjson.loads(answer.body)
    if not isinstance(document, dict):
        raise ValueError(f"{url} answers no JSON object")
    return document

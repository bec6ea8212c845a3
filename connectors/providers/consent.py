"""OAuth 2 with a vendor: where a person consents, and the tokens that come of it (RFC 6749, PKCE of RFC 7636)."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from connectors.providers import forms
from connectors.providers.access import Providers
from connectors.providers.declared.failing import VendorFailed
from connectors.providers.declared.oauth import OAuth, Token
from connectors.providers.declared.site import Site, basic
from connectors.providers.registry import AnyProvider
from db.store.row import now

# Under the server's public address: where vendors send people back to.
CALLBACK: Final = "/oauth/callback"
# Whoever consents reads a page and signs in at the vendor's.
LASTS: Final = timedelta(minutes=10)


def random() -> str:
    """A state, or a verifier of PKCE: 256 bits, 43 characters."""
    return secrets.token_urlsafe(32)


def client(oauth: OAuth, row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Id and secret of the application as the settings' row has them; None while one is missing."""
    name, secret = row["settings"].get(oauth.client_id), forms.unseal(row["concealed"]).get(oauth.client_secret)
    return (str(name), secret.value) if name and secret is not None else None


def address(oauth: OAuth, client_id: str, *, state: str, verifier: str, redirect: str) -> str:
    """The vendor's page, where somebody consents."""
    asked = {"response_type": "code", "client_id": client_id, "redirect_uri": redirect, "state": state}
    if oauth.scopes:
        asked["scope"] = " ".join(oauth.scopes)
    if oauth.pkce:
        asked |= {"code_challenge": _challenge(verifier), "code_challenge_method": "S256"}
    return f"{oauth.authorize}{'&' if '?' in oauth.authorize else '?'}{urlencode(asked | dict(oauth.extra))}"


async def exchanged(
    providers: Providers, provider: AnyProvider, client: tuple[str, str], *, code: str, verifier: str, redirect: str
) -> Token:
    """The tokens for a code. Raises VendorFailed."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
    if provider.oauth is not None and provider.oauth.pkce:
        form["code_verifier"] = verifier
    return await _had(providers, provider, client, form, Token(""), (code, verifier))


async def refreshed(providers: Providers, provider: AnyProvider, client: tuple[str, str], token: Token) -> Token:
    """The token anew. A vendor that gives no other refresh token means the same one. Raises VendorFailed."""
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh or ""}
    return await _had(providers, provider, client, form, token, (token.access, token.refresh or ""))


async def _had(
    providers: Providers,
    provider: AnyProvider,
    client: tuple[str, str],
    form: dict[str, str],
    before: Token,
    hidden: tuple[str, ...],
) -> Token:
    oauth, (client_id, secret) = provider.oauth, client
    assert oauth is not None
    place = urlsplit(oauth.token)
    site = Site(f"{place.scheme}://{place.netloc}", basic(client_id, secret) if oauth.basic else {})
    if not oauth.basic:
        form |= {"client_id": client_id, "client_secret": secret}
    asked = now()
    reply = await providers.stranger(provider, (secret, *hidden)).to(site).post(place.path, form=form)
    access = reply.text("access_token")
    if not access:
        raise VendorFailed(reply.status, f"{provider.title} gave no token")
    seconds = reply.text("expires_in") or "0"
    lasts = int(seconds) if seconds.isdecimal() and len(seconds) < 10 else 0
    # None or 0: it lasts until somebody revokes it.
    ends = asked + timedelta(seconds=lasts) if lasts else None
    return Token(access, reply.text("refresh_token") or before.refresh, ends, before.kept, before.grant or random())


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()

"""Zoom, as a server-to-server app of an account. https://developers.zoom.us/docs/internal-apps/s2s-oauth/"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from pydantic import SecretStr, field_validator

from connectors.providers import (
    NO_SECRET,
    Form,
    NoForm,
    Provider,
    Rejected,
    Reply,
    Site,
    Vendor,
    VendorFailed,
    Verified,
    basic,
    bearer,
    form,
)

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_TOKEN: Final = {"access_token": "eyJ…", "token_type": "bearer", "expires_in": 3599, "scope": "user:read:user:admin"}
_USER: Final = {"id": "KdYKjnimT4KPd8FFgQt9FQ", "email": "ada@shop.example", "display_name": "Ada Byron"}
_REFUSED: Final = frozenset({400, 401, 403})


class ZoomSettings(Form):
    account_id: Annotated[
        str, form("text", label="Account ID", required=True, help="Of the server-to-server OAuth app at Zoom.")
    ] = ""
    client_id: Annotated[str, form("text", label="Client ID", required=True)] = ""
    client_secret: Annotated[SecretStr, form("password", label="Client secret", required=True)] = NO_SECRET

    @field_validator("account_id", "client_id")
    @classmethod
    def _identifier(cls, value: str) -> str:
        if value and not _ID.fullmatch(value):
            raise ValueError("is letters, digits, - and _")
        return value


class Zoom(Provider[ZoomSettings, NoForm]):
    key = "zoom"
    title = "Zoom"
    description = "Meetings for what is booked."
    category = "meetings"
    logo = "https://cdn.simpleicons.org/zoom"
    installable = False
    settings = ZoomSettings

    def site(self, settings: ZoomSettings) -> Site:
        """Where tokens are had; meetings are made at `https://api.zoom.us/v2` with one."""
        return Site("https://zoom.us", basic(settings.client_id, settings.client_secret.get_secret_value()))

    async def verify(self, settings: ZoomSettings, vendor: Vendor) -> Verified:
        api = await self.signed_in(settings, vendor)
        with _rejected():  # of an app that may not read users, say
            user = await api.get("/users/me", example=_USER)
        who = user.text("email") or user.text("id")
        return Verified(f"Connected to the account of {who}")

    async def signed_in(self, settings: ZoomSettings, vendor: Vendor) -> Vendor:
        """The way to the API, with a token of an hour. Raises Rejected where Zoom knows no such app."""
        asked = {"grant_type": "account_credentials", "account_id": settings.account_id}
        with _rejected():
            token = await vendor.post("/oauth/token", query=asked, example=_TOKEN)
        access = token.text("access_token")
        if not access:
            raise VendorFailed(token.status, "Zoom gave no token", retryable=True)
        return vendor.to(Site("https://api.zoom.us/v2", bearer(access)))

    def explain(self, reply: Reply) -> str | None:
        """`{"reason": …, "error": "invalid_client"}` of tokens, `{"code": 124, "message": …}` of the API."""
        return reply.text("reason") or reply.text("message") or reply.text("error")


@contextmanager
def _rejected() -> Iterator[None]:
    """What Zoom answers of an app or an account that it does not know is 400."""
    try:
        yield
    except VendorFailed as failed:
        if failed.status in _REFUSED:
            raise Rejected(failed.message) from None
        raise

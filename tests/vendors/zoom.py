"""Zoom's tokens for server-to-server apps and its API, as https://developers.zoom.us/docs/api/ documents them. In the
world they have two hosts."""

from collections.abc import Mapping
from typing import Final

from connectors.outbound.message import Sends
from tests.vendors.serving import Answered, Call, Redirected, Vendor, answers

ACCOUNT, CLIENT, SECRET = "AbCdEf_123", "gN2xExample", "a-secret-of-zoom"
TOKEN: Final = "eyJzdiI6IjAwMDAwMSJ9.example"
HOSTS: Final[Mapping[str, str]] = {"https://zoom.us/": "/tokens/", "https://api.zoom.us/": "/api/"}


class Zoom(Vendor):
    def __init__(self) -> None:
        super().__init__()
        self.scopes = {"user:read:user:admin", "meeting:write:meeting:admin"}

    def redirected(self, inner: Sends) -> Redirected:
        return Redirected(inner, {public: self.url + place for public, place in HOSTS.items()})

    def refused(self, call: Call) -> Answered | None:
        if call.path.startswith("/tokens/"):
            known = call.basic == (CLIENT, SECRET)
            wrong = {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}
            return None if known else Answered(400, wrong)
        if call.bearer != TOKEN:
            return Answered(401, {"code": 124, "message": "Invalid access token."})
        return None

    def unknown(self, call: Call) -> Answered:
        return Answered(404, {"code": 300, "message": "Unrecognized URL."})

    @answers("POST", "/tokens/oauth/token")
    def token(self, call: Call) -> Answered:
        if call.query.get("grant_type") != "account_credentials":
            return Answered(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"})
        if call.query.get("account_id") != ACCOUNT:
            return Answered(400, {"reason": "Bad Request", "error": "invalid_request"})
        return Answered(
            body={
                "access_token": TOKEN,
                "token_type": "bearer",
                "expires_in": 3599,
                "scope": " ".join(sorted(self.scopes)),
                "api_url": "https://api.zoom.us",
            }
        )

    @answers("GET", "/api/v2/users/me")
    def me(self, call: Call) -> Answered:
        if "user:read:user:admin" not in self.scopes:
            lacking = "Invalid access token, does not contain scopes:[user:read:user:admin]."
            return Answered(400, {"code": 4711, "message": lacking})
        return Answered(
            body={"id": "KdYKjnimT4KPd8FFgQt9FQ", "email": "ada@shop.example", "display_name": "Ada Byron", "type": 2}
        )

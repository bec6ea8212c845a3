"""Google's tokens (https://developers.google.com/identity/protocols/oauth2/web-server) and its Calendar API 3. In the
world they have a host each."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.outbound.message import Sends
from tests.vendors.serving import Answered, Call, Redirected, Vendor, answers

CLIENT, SECRET = "123-abc.apps.googleusercontent.com", "GOCSPX-example"
HOSTS: Final[Mapping[str, str]] = {
    "https://oauth2.googleapis.com/": "/oauth2/",
    "https://www.googleapis.com/": "/www/",
}
READS: Final = "https://www.googleapis.com/auth/calendar.calendarlist.readonly"


@dataclass
class Agreed:
    """What somebody agreed to; a code of it is good once."""

    redirect_uri: str
    scope: str
    challenge: str | None = None


class GoogleCalendar(Vendor):
    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, Agreed] = {}
        self.tokens: dict[str, str] = {}  # access tokens and their scope
        self.refreshing: dict[str, str] = {}

    def redirected(self, inner: Sends) -> Redirected:
        return Redirected(inner, {public: self.url + place for public, place in HOSTS.items()})

    def agreed(self, redirect_uri: str, scope: str, challenge: str | None = None) -> str:
        """The code that Google's page leads back with, once somebody has agreed."""
        code = f"4/0AX{len(self.codes)}"
        self.codes[code] = Agreed(redirect_uri, scope, challenge)
        return code

    def refused(self, call: Call) -> Answered | None:
        if call.path.startswith("/www/") and call.bearer not in self.tokens:
            return _denied(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
        return None

    def unknown(self, call: Call) -> Answered:
        return _denied(404, "Not Found", "NOT_FOUND")

    @answers("POST", "/oauth2/token")
    def token(self, call: Call) -> Answered:
        given = call.form
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT, SECRET):
            return Answered(401, {"error": "invalid_client", "error_description": "The OAuth client was not found."})
        if given.get("grant_type") == "refresh_token":
            scope = self.refreshing.get(given.get("refresh_token", ""))
            if scope is None:
                return Answered(
                    400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
                )
            return Answered(body=self._token(scope))
        found = self.codes.pop(given.get("code", ""), None)
        if found is None or found.redirect_uri != given.get("redirect_uri"):
            return Answered(400, {"error": "invalid_grant", "error_description": "Bad Request"})
        if found.challenge is not None and found.challenge != _challenge(given.get("code_verifier", "")):
            return Answered(400, {"error": "invalid_grant", "error_description": "Invalid code verifier."})
        refresh = f"1//0{len(self.refreshing)}"
        self.refreshing[refresh] = found.scope
        return Answered(body={**self._token(found.scope), "refresh_token": refresh})

    @answers("GET", "/www/calendar/v3/users/me/calendarList/{calendar}")
    def calendar(self, call: Call, calendar: str) -> Answered:
        if READS not in self.tokens[call.bearer or ""].split():
            return _denied(403, "Request had insufficient authentication scopes.", "PERMISSION_DENIED")
        if calendar not in ("primary", "ada@shop.example"):
            return self.unknown(call)
        return Answered(
            body={
                "kind": "calendar#calendarListEntry",
                "id": "ada@shop.example",
                "summary": "Ada",
                "timeZone": "Europe/Berlin",
                "accessRole": "owner",
                "primary": True,
            }
        )

    def _token(self, scope: str) -> dict[str, Any]:
        access = f"ya29.{len(self.tokens)}"
        self.tokens[access] = scope
        return {"access_token": access, "expires_in": 3599, "scope": scope, "token_type": "Bearer"}


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _denied(status: int, message: str, reason: str) -> Answered:
    return Answered(status, {"error": {"code": status, "message": message, "status": reason}})

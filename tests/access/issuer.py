"""A small OpenID Connect issuer on loopback, whose keys can be rotated and which can be made to misbehave."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import orjson
from joserfc import jwk, jwt
from joserfc.jws import JWSRegistry
from starlette.types import Receive, Scope, Send

from tests.server.running import in_a_thread

AUDIENCE = "storegraph"


class IssuerServer:
    """`asked` counts requests for its keys."""

    def __init__(self) -> None:
        self.url = ""
        self.keys = {"one": _first_key()}
        self.extra: list[dict[str, Any]] = []
        self.asked = 0
        self.status = 200
        self.body: bytes | None = None
        self.named: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, body = 404, b"{}"
        if scope["path"] == "/.well-known/openid-configuration":
            status = 200
            body = orjson.dumps({"issuer": self.named or self.url, "jwks_uri": f"{self.url}/keys"})
        elif scope["path"] == "/keys":
            self.asked += 1
            status = self.status
            public = [k.as_dict(private=False) for k in self.keys.values()] + self.extra
            body = orjson.dumps({"keys": public}) if self.body is None else self.body
        await send({"type": "http.response.start", "status": status, "headers": [(b"location", b"/keys")]})
        await send({"type": "http.response.body", "body": body})

    def token(self, signed_by: str = "one", header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A good token unless said otherwise; a claim of None is left out."""
        given = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "somebody",
            "iat": int(time.time()),
            "exp": int(time.time()) + 600,
            **claims,
        }
        head = {"alg": "RS256", "kid": signed_by, **(header or {})}
        return jwt.encode(
            {k: v for k, v in head.items() if v is not None},
            {k: v for k, v in given.items() if v is not None},
            self.keys[signed_by],
            algorithms=[str(head["alg"])],
            encoder_cls=_Escaping,
            registry=JWSRegistry(algorithms=[str(head["alg"])], strict_check_header=False),
        )


class _Escaping(json.JSONEncoder):
    """Spells halves of characters as other libraries do."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": True})


def key(kid: str) -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@cache
def _first_key() -> jwk.RSAKey:
    """One for all tests of a process: to make one takes a tenth of a second of the processor."""
    return key("one")


@contextmanager
def issuing() -> Iterator[IssuerServer]:
    server = IssuerServer()
    with in_a_thread(server) as url:
        server.url = url
        yield server

"""Tokens of an OpenID Connect issuer: what is accepted, what is refused and why, and how its keys are kept."""

import base64
import hmac
import time
from typing import Any

import httpx2
import orjson
import pytest
from joserfc import jwk, jwt

from db.access.unsettled import KEPT_SECONDS
from db.access.viewer import Viewer, ViewerKind
from db.store.database import Database
from db.store.row import now
from engine.values.errors import Unavailable
from server.access.authentication import Authentication
from server.access.oidc import FETCH_SECONDS, LEEWAY_SECONDS, LONGEST_ANSWER, Issuer, Trust
from server.http.refusal import Refusal
from server.settings.settings import Settings
from tests.access.issuer import AUDIENCE, IssuerServer, key
from tests.access.people import user
from tests.gateway import Gateway
from tests.server.running import running


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def asking(gateway: Gateway, issuer: IssuerServer, clock: Clock) -> "Asking":
    return Asking(gateway.database, issuer, clock)


class Asking:
    """Viewers out of tokens, by the issuer's keys."""

    def __init__(self, database: Database, issuer: IssuerServer, clock: Clock) -> None:
        trust = Trust(
            issuer.url,
            AUDIENCE,
            ("RS256", "ES256"),
            role_claim="realm.roles",
            permissions_claim="permissions",
            email_claim="email",
        )
        self.authentication = Authentication(database, issuer=Issuer(trust, clock=clock), clock=clock)

    async def viewer(self, token: str) -> Viewer:
        return await self.authentication.viewer([f"Bearer {token}"])

    async def refused(self, token: str) -> tuple[int, str]:
        with pytest.raises((Refusal, Unavailable)) as refused:
            await self.viewer(token)
        refusal = Refusal.of(refused.value)
        return refusal.status, refusal.message


async def test_permissions_come_from_the_claims_that_say_them(asking: Asking, issuer: IssuerServer) -> None:
    nothing = await asking.viewer(issuer.token(name="Somebody"))
    assert (nothing.name, nothing.kind, nothing.permissions) == ("Somebody", ViewerKind.USER, frozenset())
    listed = await asking.viewer(issuer.token(permissions=["products/manage", "nonsense", 7]))
    assert listed.permissions == {"products/edit", "products/delete"}
    spaced = await asking.viewer(issuer.token(permissions="products/view orders/view"))
    assert spaced.permissions == {"products/view", "orders/view"}
    by_role = await asking.viewer(issuer.token(realm={"roles": ["accountant", "emperor"]}))
    assert "reports/export" in by_role.permissions
    assert len(by_role.permissions) == 10
    assert nothing.id == by_role.id  # the same subject
    assert (await asking.viewer(issuer.token(sub="another"))).id != nothing.id
    odds: tuple[dict[str, Any], ...] = (
        {"realm": "roles"},
        {"realm": {"roles": {}}},
        {"permissions": {"a": 1}},
        {"permissions": None},
    )
    for odd in odds:
        assert (await asking.viewer(issuer.token(**odd))).permissions == frozenset()


async def test_a_confirmed_address_is_the_user_of_that_address(
    asking: Asking, issuer: IssuerServer, gateway: Gateway
) -> None:
    ann = await user(gateway, "ann", "worker", password=None)
    known = await asking.viewer(
        issuer.token(email="Ann@Example.com", email_verified=True, permissions=["reports/view"])
    )
    assert (known.id, known.user_id) == ("user:1", 1)
    assert {"orders/view", "reports/view"} <= known.permissions
    for unconfirmed in (None, False, "true", 1):
        stranger = await asking.viewer(issuer.token(email="ann@example.com", email_verified=unconfirmed))
        assert (stranger.user_id, stranger.permissions) == (None, frozenset())
    update = "mutation ($input: UserUpdateInput!) { userUpdate(input: $input) { userErrors { code } } }"
    token = issuer.token(email="ann@example.com", email_verified=True)
    assert (await asking.viewer(token)).user_id == 1
    await gateway(update, {"input": {"id": ann, "active": False}})
    assert await asking.refused(token) == (401, "The user of this token is not active")  # although it was kept


async def test_what_is_not_good_is_refused_and_says_why(asking: Asking, issuer: IssuerServer) -> None:
    today = int(time.time())
    late, early = today - LEEWAY_SECONDS - 5, today + LEEWAY_SECONDS + 60
    for claims, why in (
        ({"exp": late}, "has expired"),
        ({"exp": None}, "has no exp"),
        ({"exp": "tomorrow"}, "exp is no time"),
        ({"exp": True}, "exp is no time"),
        ({"exp": 2**60}, "exp is no time"),
        ({"nbf": early}, "not valid yet"),
        ({"iat": early}, "issued in the future"),
        ({"iss": "https://elsewhere.example"}, "another issuer"),
        ({"iss": None}, "has no iss"),
        ({"aud": "another"}, "another audience"),
        ({"aud": ["another", "one more"]}, "another audience"),
        ({"aud": None}, "has no aud"),
        ({"sub": None}, "has no sub"),
        ({"sub": "x" * 256}, "sub is no name"),
    ):
        status, message = await asking.refused(issuer.token(**claims))
        assert (status, why in message) == (401, True), (claims, message)
    assert (await asking.viewer(issuer.token(aud=["another", AUDIENCE], nbf=today - 5))).id


@pytest.mark.parametrize("broken", ["\ud800", "a\0b"])
async def test_claims_that_hold_what_is_no_text_are_refused(asking: Asking, issuer: IssuerServer, broken: str) -> None:
    claims: dict[str, Any]
    for claims in (
        {"sub": broken},
        {"name": broken},
        {"realm": {"roles": ["worker", broken]}},
        {"permissions": broken},
        {"email": f"{broken}@example.com", "email_verified": True},
        {broken: 1},
    ):
        assert await asking.refused(issuer.token(**claims)) == (401, "The token's claims hold what is no text")


async def test_a_token_signed_in_another_way_is_refused(asking: Asking, issuer: IssuerServer) -> None:
    good = issuer.token()
    head, body, signature = good.split(".")
    await asking.viewer(good)

    def with_header(**header: Any) -> str:
        given = {"alg": "RS256", "kid": "one", **header}
        kept = {name: value for name, value in given.items() if value is not None}
        return base64.urlsafe_b64encode(orjson.dumps(kept)).rstrip(b"=").decode()

    stranger = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    # By hand: the library would not take a public key for a secret.
    public = issuer.keys["one"].as_pem(private=False)
    signed = f"{with_header(alg='HS256')}.{body}"
    confused = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).rstrip(b"=").decode()
    elliptic = jwk.ECKey.generate_key("P-256", {"kid": "one"})
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "x", "exp": int(time.time()) + 600}
    for token, why in (
        (f"{with_header(alg='none')}.{body}.", "algorithm is not one of"),
        (f"{with_header(alg='none')}.{body}.{signature}", "algorithm is not one of"),
        (f"{with_header(alg='None')}.{body}.{signature}", "algorithm is not one of"),
        (f"{signed}.{confused}", "algorithm is not one of"),
        (issuer.token(header={"alg": "RS512"}), "algorithm is not one of"),
        (f"{with_header(alg=['RS256'])}.{body}.{signature}", "algorithm is not one of"),
        (jwt.encode({"alg": "RS256", "kid": "one"}, claims, stranger), "signature is not its issuer's"),
        (jwt.encode({"alg": "ES256", "kid": "one"}, claims, elliptic), "signature is not its issuer's"),
        (f"{head}.{body}.", "signature is not its issuer's"),
        (good[:-4], "signature is not its issuer's"),
        (f"{head}.{body[:-3]}.{signature}", "signature is not its issuer's"),
        (f"{with_header(kid=None)}.{body}.{signature}", "does not name its key"),
        (f"{with_header(kid=7)}.{body}.{signature}", "does not name its key"),
        (f"{with_header(crit=['b64'], b64=False)}.{body}.{signature}", "an extension that is not understood"),
        (f"{with_header(kid='nobodys')}.{body}.{signature}", "a key that its issuer does not publish"),
        (f"{head}.{'x' * 20_000}.{signature}", "too long"),
    ):
        status, message = await asking.refused(token)
        assert (status, why in message) == (401, True), (token[:60], message)


async def test_a_shared_secret_among_the_published_keys_opens_nothing(asking: Asking, issuer: IssuerServer) -> None:
    secret = jwk.OctKey.generate_key(256, {"kid": "shared"})
    issuer.extra = [secret.as_dict(private=True), {"kty": "RSA", "kid": "broken"}, {"kid": 7}, {}, "x"]  # type: ignore[list-item]
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "x", "exp": int(time.time()) + 600}
    token = jwt.encode({"alg": "HS256", "kid": "shared"}, claims, secret, algorithms=["HS256"])
    assert "algorithm is not one of" in (await asking.refused(token))[1]
    await asking.viewer(issuer.token())


async def test_a_new_key_is_fetched_and_no_more_than_once_a_minute(
    asking: Asking, issuer: IssuerServer, clock: Clock
) -> None:
    for _ in range(3):
        await asking.viewer(issuer.token())
    assert issuer.asked == 1
    issuer.keys = {"two": key("two")}
    assert "does not publish" in (await asking.refused(issuer.token("two")))[1]  # the minute is not over
    assert issuer.asked == 1
    clock.now += FETCH_SECONDS
    await asking.viewer(issuer.token("two"))
    assert issuer.asked == 2
    issuer.keys["one"] = key("one")
    for number in range(5):
        await asking.refused(issuer.token("one", header={"kid": f"invented-{number}"}))
    assert issuer.asked == 2
    assert "signature" not in (await asking.refused(issuer.token("one")))[1]  # the key taken back is gone


async def test_keys_that_cannot_be_fetched_are_kept(asking: Asking, issuer: IssuerServer, clock: Clock) -> None:
    await asking.viewer(issuer.token())
    issuer.status = 500
    clock.now += 2 * 3600
    await asking.viewer(issuer.token())
    assert issuer.asked == 2


@pytest.mark.parametrize(
    ("status", "body"), [(500, None), (302, None), (200, b"nonsense"), (200, b"[]"), (200, b" " * (LONGEST_ANSWER + 1))]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_without_keys_nobody_can_tell(
    asking: Asking, issuer: IssuerServer, clock: Clock, status: int, body: bytes | None
) -> None:
    issuer.status, issuer.body = status, body
    for _ in range(3):
        assert (await asking.refused(issuer.token()))[0] == 503
    assert issuer.asked == 1
    issuer.status, issuer.body = 200, None
    clock.now += FETCH_SECONDS
    await asking.viewer(issuer.token())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_configuration_of_another_issuer_is_not_followed(asking: Asking, issuer: IssuerServer) -> None:
    issuer.named = "https://elsewhere.example"
    assert (await asking.refused(issuer.token()))[0] == 503
    assert issuer.asked == 0


async def test_a_kept_token_ends_when_it_expires(
    asking: Asking, issuer: IssuerServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token(exp=int(time.time()) + 600)
    await asking.viewer(token)
    clock.now += KEPT_SECONDS / 2  # still kept
    later = now().replace(year=now().year + 1)
    monkeypatch.setattr("server.access.authentication.now", lambda: later)
    monkeypatch.setattr("time.time", later.timestamp)
    assert "expired" in (await asking.refused(token))[1]


def test_over_http_with_the_settings(database_url: str, issuer: IssuerServer) -> None:
    settings = Settings(
        database_url=database_url,
        oidc_issuer=issuer.url,
        oidc_audience=AUDIENCE,
        oidc_permissions_claim="permissions",
    )
    query = {"query": "{ viewer { kind permissions user { id } } }"}
    with running(settings) as client:

        def ask(token: str) -> httpx2.Response:
            return client.post("/graphql", json=query, headers={"Authorization": f"Bearer {token}"})

        assert ask(issuer.token(permissions=["products/view"])).json() == {
            "data": {"viewer": {"kind": "USER", "permissions": ["products/view"], "user": None}}
        }
        refused = ask(issuer.token(aud="another"))
        assert refused.status_code == 401
        assert refused.json()["errors"][0]["message"] == "The token is for another audience"

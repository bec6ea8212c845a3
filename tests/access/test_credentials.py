"""Credentials over HTTP, from their making to their end."""

import asyncio
import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from db.access.application_password import ApplicationPasswordRow
from db.access.token import TokenRow
from db.store.database import Database
from db.store.row import now, table
from resolvers.access.attempts import FREE
from server.settings.settings import Settings
from tests.access.people import PASSWORD
from tests.server.running import running

ADMIN = "known-admin-token"
WHO = "{ viewer { id kind permissions user { login } } }"


class Caller:
    """Asks a server as one caller."""

    def __init__(self, client: httpx2.Client, **headers: str) -> None:
        self.client = client
        self.headers = headers

    def response(self, query: str, **variables: Any) -> httpx2.Response:
        return self.client.post("/graphql", json={"query": query, "variables": variables}, headers=self.headers)

    def __call__(self, query: str, **variables: Any) -> Any:
        """The answer of the only field."""
        answer = self.response(query, **variables).json()
        assert "errors" not in answer, answer
        (found,) = answer["data"].values()
        return found

    def status(self) -> int:
        return self.response("{ __typename }").status_code

    def named(self, **headers: str) -> "Caller":
        return Caller(self.client, **headers)

    def bearing(self, token: str) -> "Caller":
        return self.named(Authorization=f"Bearer {token}")

    def basic(self, user: str, password: str) -> "Caller":
        return self.named(Authorization=f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}")


@pytest.fixture
def admin(database_url: str) -> Iterator[Caller]:
    with running(Settings(database_url=database_url, admin_token=SecretStr(ADMIN), work=False)) as client:
        caller = Caller(client).bearing(ADMIN)
        made = caller(
            "mutation ($input: UserCreateInput!) { userCreate(input: $input) { userErrors { message } } }",
            input={"login": "ann", "email": "ann@example.com", "role": "worker", "password": PASSWORD},
        )
        assert made == {"userErrors": []}
        yield caller


def sign_in(anyone: Caller, login: str, password: str) -> Any:
    return anyone(
        "mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code message } } }",
        input={"login": login, "password": password},
    )


def token_create(admin: Caller, **values: Any) -> tuple[str, str]:
    """Id and secret of a new token."""
    made = admin(
        "mutation ($input: TokenCreateInput!) {"
        " tokenCreate(input: $input) { token { id } secret userErrors { message } } }",
        input={"name": "machine", "permissions": ["products/view"], **values},
    )
    assert made["userErrors"] == []
    return made["token"]["id"], made["secret"]


def written(url: str, statement: Any) -> None:
    async def work() -> None:
        database = Database.open(url)
        async with database.write() as connection:
            await connection.execute(statement)
            await connection.commit()
        await database.close()

    asyncio.run(work())


def test_a_session_from_sign_in_to_sign_out(admin: Caller) -> None:
    anyone = admin.named()
    ann, elsewhere, third = (admin.bearing(sign_in(anyone, "ANN@example.com", PASSWORD)["token"]) for _ in range(3))
    who = ann(WHO)
    assert (who["kind"], who["user"]) == ("USER", {"login": "ann"})
    assert "orders/view" in who["permissions"]
    out = "mutation ($everywhere: Boolean!) { signOut(input: { everywhere: $everywhere }) { userErrors { code } } }"
    assert elsewhere.status() == 200
    assert elsewhere(out, everywhere=False) == {"userErrors": []}
    assert (ann.status(), elsewhere.status()) == (200, 401)
    assert ann(out, everywhere=True) == {"userErrors": []}
    assert (ann.status(), third.status()) == (401, 401)
    assert admin(out, everywhere=False) == {"userErrors": [{"code": "BAD_REQUEST"}]}
    (error,) = anyone.response(out, everywhere=False).json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


def test_an_application_password_by_basic(admin: Caller, database_url: str) -> None:
    ann = admin.bearing(sign_in(admin.named(), "ann", PASSWORD)["token"])
    create = """mutation { applicationPasswordCreate(input: { name: "curl" }) {
      applicationPassword { id lastFour } secret userErrors { code } } }"""
    made = ann(create)
    secret = made["secret"]
    assert [len(part) for part in secret.split(" ")] == [4] * 6
    assert secret.endswith(made["applicationPassword"]["lastFour"])
    for user, password in (
        ("ann", secret),
        ("Ann@Example.com", secret.replace(" ", "")),
        ("ANN", f" {secret} "),
    ):
        assert admin.basic(user, password)(WHO)["kind"] == "APPLICATION"
    program = admin.basic("ann", secret)
    assert program(WHO)["permissions"] == ann(WHO)["permissions"]
    assert program(create)["userErrors"] == [{"code": "BUSINESS_RULE"}]  # what is stolen makes no second key
    for user, password in (("ann", PASSWORD), ("ann", secret[:-1]), ("ann", secret.lower()), ("bob", secret)):
        assert admin.basic(user, password).status() == 401
    revoke = (
        "mutation ($id: ID!) { applicationPasswordRevoke(input: { id: $id }) { applicationPassword { revokedAt } } }"
    )
    assert ann(revoke, id=made["applicationPassword"]["id"])["applicationPassword"]["revokedAt"]
    assert program.status() == 401
    written(database_url, update(table(ApplicationPasswordRow)).values(revoked_at=None))
    assert program.status() == 200


def test_one_sees_and_revokes_only_ones_own(admin: Caller) -> None:
    bob = {"login": "bob", "email": "bob@example.com", "role": "manager", "password": PASSWORD}
    admin("mutation ($i: UserCreateInput!) { userCreate(input: $i) { user { id } } }", i=bob)
    ann, bob_ = (admin.bearing(sign_in(admin.named(), name, PASSWORD)["token"]) for name in ("ann", "bob"))
    create = 'mutation { applicationPasswordCreate(input: { name: "x" }) { applicationPassword { id } } }'
    theirs = bob_(create)["applicationPassword"]["id"]
    revoke = "mutation ($id: ID!) { applicationPasswordRevoke(input: { id: $id }) { userErrors { code } } }"
    assert ann(revoke, id=theirs) == {"userErrors": [{"code": "NOT_FOUND"}]}
    assert ann("query ($id: ID!) { node(id: $id) { id } }", id=theirs) is None
    assert bob_("query ($id: ID!) { node(id: $id) { id } }", id=theirs) == {"id": theirs}
    assert admin(revoke, id=theirs) == {"userErrors": []}


def test_a_token_rotates_with_an_overlap_and_is_revoked_at_once(admin: Caller, database_url: str) -> None:
    id_, first = token_create(admin)
    rotate = """mutation ($id: ID!, $minutes: Int!) {
      tokenRotate(input: { id: $id, overlapMinutes: $minutes }) { secret userErrors { code field } } }"""
    assert admin.bearing(first).status() == 200
    second = admin(rotate, id=id_, minutes=10)["secret"]
    assert [admin.bearing(s).status() for s in (first, second)] == [200, 200]
    assert admin.bearing(first)(WHO)["id"] == admin.bearing(second)(WHO)["id"]
    written(database_url, update(table(TokenRow)).values(previous_until=now() - timedelta(seconds=1)))
    third = admin(rotate, id=id_, minutes=0)["secret"]
    assert [admin.bearing(s).status() for s in (first, second, third)] == [401, 401, 200]
    for minutes in (-1, 100_000):
        said = admin(rotate, id=id_, minutes=minutes)
        assert said["userErrors"] == [{"code": "VALIDATION", "field": ["overlapMinutes"]}]
    fourth = admin(rotate, id=id_, minutes=10)["secret"]
    revoke = "mutation ($id: ID!) { tokenRevoke(input: { id: $id }) { token { revokedAt } userErrors { code } } }"
    assert admin(revoke, id=id_)["token"]["revokedAt"]
    assert [admin.bearing(s).status() for s in (third, fourth)] == [401, 401]
    assert admin(rotate, id=id_, minutes=1)["userErrors"] == [{"code": "BUSINESS_RULE", "field": ["id"]}]
    assert admin(revoke, id=id_)["userErrors"] == []


def test_the_token_of_the_setting_is_the_settings(admin: Caller) -> None:
    (own,) = admin("{ tokens { nodes { id name lastFour } } }")["nodes"]
    assert own["lastFour"] == ADMIN[-4:]
    for mutation in ("tokenRevoke", "tokenRotate"):
        said = admin(
            f"mutation ($id: ID!) {{ {mutation}(input: {{ id: $id }}) {{ userErrors {{ code }} }} }}", id=own["id"]
        )
        assert said == {"userErrors": [{"code": "BUSINESS_RULE"}]}


def test_x_api_key_is_another_spelling_of_bearer(admin: Caller) -> None:
    _, secret = token_create(admin)
    assert admin.named(**{"X-API-Key": secret})(WHO)["kind"] == "TOKEN"
    assert admin.named(**{"X-API-Key": f"{secret}x"}).status() == 401
    both = admin.named(**{"X-API-Key": secret, "Authorization": f"Bearer {secret}"})
    assert both.status() == 401
    assert "Send one of" in both.response("{ __typename }").json()["errors"][0]["message"]
    for odd in ("", "two words", "a,b", 'x"; error="y'):
        refused = admin.named(**{"X-API-Key": odd}).response("{ __typename }")
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == 'Bearer realm="storegraph", error="invalid_request"'


def test_a_storefronts_token_sees_what_anyone_sees(admin: Caller) -> None:
    _, secret = token_create(admin, kind="STOREFRONT", permissions=[], hourly=1000)
    assert secret.startswith("sg_storefront_")
    shop = admin.bearing(secret)
    who = shop(WHO)
    assert (who["kind"], who["permissions"], who["user"]) == ("STOREFRONT", [], None)
    drafts = "{ products(filter: { status: { eq: DRAFT } }) { totalCount } }"
    assert shop(drafts) == admin.named()(drafts)
    sign_out = shop.response("mutation { signOut(input: {}) { userErrors { code } } }").json()
    assert sign_out["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    bad = {"name": "x", "kind": "STOREFRONT", "permissions": ["products/view"]}
    create = "mutation ($input: TokenCreateInput!) { tokenCreate(input: $input) { secret userErrors { code field } } }"
    assert admin(create, input=bad)["userErrors"] == [{"code": "VALIDATION", "field": ["permissions"]}]


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"name": " "}, [["name"]]),
        ({"name": "STOREGRAPH_ADMIN_TOKEN"}, [["name"]]),
        ({"permissions": []}, [["permissions"]]),
        ({"permissions": ["products/view", "products/veiw"]}, [["permissions", "1"]]),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, [["expiresAt"]]),
        ({"hourly": 0}, [["hourly"]]),
        ({"name": "", "permissions": ["x"], "hourly": -1}, [["name"], ["permissions", "0"], ["hourly"]]),
    ],
)
def test_a_token_that_makes_no_sense(admin: Caller, values: dict[str, Any], fields: list[list[str]]) -> None:
    create = "mutation ($input: TokenCreateInput!) { tokenCreate(input: $input) { secret userErrors { code field } } }"
    said = admin(create, input={"name": "x", "permissions": ["products/view"], **values})
    assert said == {"secret": None, "userErrors": [{"code": "VALIDATION", "field": field} for field in fields]}


def test_guessing_is_slowed_for_the_guesser_alone(admin: Caller) -> None:
    anyone = admin.named()
    for _ in range(FREE):
        said = sign_in(anyone, "ann", "a wrong password")
        assert said["userErrors"] == [{"code": "VALIDATION", "message": "The login or the password is wrong"}]
    answer = anyone.response('mutation { signIn(input: { login: "ann", password: "x" }) { token } }').json()
    assert answer["data"] == {"signIn": None}
    assert answer["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert answer["errors"][0]["extensions"]["retryAfter"] >= 1
    # The right password waits too, or the answer would tell it from the wrong ones.
    assert anyone.response(
        f'mutation {{ signIn(input: {{ login: "ANN", password: "{PASSWORD}" }}) {{ token }} }}'
    ).json()["data"] == {"signIn": None}
    nobody = sign_in(anyone, "nobody", "a wrong password")
    assert nobody["userErrors"] == [{"code": "VALIDATION", "message": "The login or the password is wrong"}]


def test_guessing_at_basic_is_slowed_too(admin: Caller) -> None:
    for number in range(FREE):
        assert admin.basic("ann", f"wrong {number}").status() == 401
    slowed = admin.basic("ann", "wrong again").response("{ __typename }")
    assert slowed.status_code == 429
    assert int(slowed.headers["Retry-After"]) >= 1
    assert slowed.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert sign_in(admin.named(), "ann", PASSWORD)["userErrors"] == []  # a broken program does not keep its user out


def test_a_page_that_asks_much_at_once_is_one_caller(admin: Caller) -> None:
    """All of it comes before the first answer: none of it is a failure."""
    ann = admin.bearing(sign_in(admin.named(), "ann", PASSWORD)["token"])
    secret = ann('mutation { applicationPasswordCreate(input: { name: "page" }) { secret } }')["secret"]
    program, ready = admin.basic("ann", secret), threading.Barrier(12)

    def ask(_: int) -> int:
        ready.wait()
        return program.status()

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(ask, range(12))) == {200}


def test_many_guesses_at_once_block_nobody(admin: Caller) -> None:
    """Argon2 works beside the loop: other requests are answered meanwhile, and what is too much is told so."""
    with ThreadPoolExecutor(20) as pool:
        guesses = pool.map(
            lambda n: (
                admin.named()
                .response(
                    'mutation ($l: String!) { signIn(input: { login: $l, password: "wrong wrong wrong" }) { token } }',
                    l=f"u{n}",
                )
                .json()
            ),
            range(60),
        )
        statuses = [admin.status() for _ in range(10)]
        codes = {a["errors"][0]["extensions"]["code"] for a in guesses if "errors" in a}
    assert statuses == [200] * 10
    # Who waits for a turn on a busy machine longer than a request may take is told that.
    assert "RATE_LIMITED" in codes
    assert codes <= {"RATE_LIMITED", "QUERY_TOO_COMPLEX"}


def test_what_was_used_last_is_written_at_the_end(database_url: str) -> None:
    settings = Settings(database_url=database_url, admin_token=SecretStr(ADMIN))
    used = "{ tokens { nodes { name lastUsedAt } } }"
    with running(settings) as client:
        assert Caller(client).bearing(ADMIN)(used)["nodes"] == [{"name": "STOREGRAPH_ADMIN_TOKEN", "lastUsedAt": None}]
    with running(settings) as client:
        (own,) = Caller(client).bearing(ADMIN)(used)["nodes"]
    assert own["lastUsedAt"] is not None

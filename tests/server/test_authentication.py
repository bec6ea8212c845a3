"""Who asks: tokens found, refused, and remembered for a few seconds."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import event

from db.access import token
from db.access.permission import PERMISSIONS
from db.access.unsettled import KEPT_SECONDS
from db.store.database import Database
from db.store.row import now
from server.access.authentication import KEPT, Authentication
from server.http.refusal import Refusal
from server.settings.settings import Settings
from tests.server.running import issued, running

DRAFTS = {"query": "{ products(filter: {status: {eq: DRAFT}}) { totalCount } }"}


@pytest.fixture
def asking(database_url: str) -> Iterator[httpx2.Client]:
    settings = Settings(database_url=database_url, admin_token=SecretStr("known-admin-token"), work=False)
    with running(settings) as client:
        yield client


def ask(client: httpx2.Client, *authorization: str) -> httpx2.Response:
    headers = [(b"Authorization", value.encode("latin-1")) for value in authorization]
    return client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)


def test_each_kind_of_caller(asking: httpx2.Client, database_url: str) -> None:
    good = issued(database_url, "products/view")
    brief = issued(database_url, "products/view", expires_at=now() + timedelta(minutes=5))
    expired = issued(database_url, "products/view", expires_at=now() - timedelta(seconds=1))
    assert ask(asking).status_code == 200
    for accepted in (f"Bearer {good}", f"bearer {good}", f"BEARER   {brief}", "Bearer known-admin-token"):
        assert ask(asking, accepted).status_code == 200, accepted
    for refused in (f"Bearer {expired}", "Bearer unknown", f"Bearer {good}x", f"Bearer {good[:-1]}"):
        the_refusal(ask(asking, refused), "invalid_token")


@pytest.mark.parametrize(
    "authorization",
    [
        ("",),
        ("Bearer",),
        ("Bearer two words",),
        ("Bearer a,b",),
        ("Bearer ünknown",),
        ("Basic",),
        ("Basic !",),
        ("Basic dXNlcg==",),
        ("Basic dXNlcjo=",),
        ("Basic dXNlcjoNCg==",),
        ("Basic //////8=",),
        ("Digest username=x",),
        ("known-admin-token",),
        ("Bearer known-admin-token", "Bearer known-admin-token"),
    ],
)
def test_a_malformed_header_is_not_an_anonymous_caller(client: httpx2.Client, authorization: tuple[str, ...]) -> None:
    the_refusal(ask(client, *authorization), "invalid_request")


def the_refusal(answer: httpx2.Response, error: str) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="storegraph", error="{error}"'
    assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert set(answer.json()) == {"errors"}


def test_the_whole_request_is_refused_before_its_body_is_looked_at(client: httpx2.Client) -> None:
    answer = client.post("/graphql", content=b"nonsense", headers={"Authorization": "Bearer unknown"})
    the_refusal(answer, "invalid_token")


def test_the_admin_token_may_all(asking: httpx2.Client) -> None:
    answer = asking.post("/graphql", json=DRAFTS, headers={"Authorization": "Bearer known-admin-token"})
    assert answer.json() == {"data": {"products": {"totalCount": 0}}}


# What is remembered


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def statements(database: Database) -> list[str]:
    """Those that ask for a token."""
    seen: list[str] = []

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "access_token" in statement:
            seen.append(statement)

    for engine in database.engines:
        event.listen(engine.sync_engine, "before_cursor_execute", executed)
    return seen


async def made(database: Database, **given: Any) -> str:
    async with database.write() as connection:
        secret = await token.issue(connection, name="test", permissions=PERMISSIONS, **given)
        await connection.commit()
    return secret


async def test_a_known_token_costs_one_statement_every_few_seconds(database: Database, statements: list[str]) -> None:
    clock = Clock()
    authentication = Authentication(database, clock=clock)
    secret = await made(database)
    statements.clear()
    viewers = [await authentication.viewer([f"Bearer {secret}"]) for _ in range(10)]
    assert len(statements) == 1
    assert {viewer.id for viewer in viewers} == {viewers[0].id}
    clock.now += KEPT_SECONDS
    await authentication.viewer([f"Bearer {secret}"])
    assert len(statements) == 2


async def test_an_expired_token_is_let_in_no_longer_than_that(database: Database) -> None:
    clock = Clock()
    authentication = Authentication(database, clock=clock)
    expired = await made(database, expires_at=now() - timedelta(seconds=1))
    with pytest.raises(Refusal):
        await authentication.viewer([f"Bearer {expired}"])


async def test_an_unknown_token_is_asked_for_once_every_few_seconds(database: Database, statements: list[str]) -> None:
    clock = Clock()
    authentication = Authentication(database, clock=clock)
    known = await made(database)
    await authentication.viewer([f"Bearer {known}"])
    statements.clear()
    for number in range(KEPT + 5):
        for _ in range(2 if number < 5 else 1):
            with pytest.raises(Refusal):
                await authentication.viewer([f"Bearer unknown{number}"])
        if number == 5:
            assert len(statements) == 6
    statements.clear()
    await authentication.viewer([f"Bearer {known}"])  # however many were tried, the known one is
    assert not statements
    clock.now += KEPT_SECONDS
    with pytest.raises(Refusal):
        await authentication.viewer([f"Bearer unknown{KEPT}"])
    assert len(statements) == 1


async def test_where_bad_ones_came_from_only_those_that_were_good_there_are_looked_up(
    database: Database, statements: list[str]
) -> None:
    """Nobody shuts the owner out who works behind the same address; and a stranger's guesses cost no statement."""

    async def unknown() -> None:
        raise Refusal(429, "Too many")

    clock = Clock()
    authentication = Authentication(database, clock=clock)
    owner, other = await made(database), await made(database)
    await authentication.viewer([f"Bearer {owner}"], address="192.0.2.1")
    clock.now += KEPT_SECONDS
    statements.clear()

    await authentication.viewer([f"Bearer {owner}"], address="192.0.2.1", unknown=unknown)
    assert len(statements) == 1
    for secret, address in ((other, "192.0.2.1"), ("guess", "192.0.2.1"), (other, "192.0.2.2")):
        with pytest.raises(Refusal) as refused:
            await authentication.viewer([f"Bearer {secret}"], address=address, unknown=unknown)
        assert refused.value.status == 429
    assert len(statements) == 1


async def test_the_tokens_used_last_are_kept(
    database: Database, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert KEPT >= 100
    monkeypatch.setattr("server.access.authentication.KEPT", 2)
    authentication = Authentication(database)
    first, second, third = [await made(database) for _ in range(3)]
    for secret in (first, second, first, third):  # the third pushes the second out
        await authentication.viewer([f"Bearer {secret}"])
    statements.clear()
    await authentication.viewer([f"Bearer {first}"])
    assert not statements
    await authentication.viewer([f"Bearer {second}"])
    assert len(statements) == 1


async def test_no_token_asks_nothing(database: Database, statements: list[str]) -> None:
    viewer = await Authentication(database).viewer([])
    assert viewer.id is None
    assert not statements

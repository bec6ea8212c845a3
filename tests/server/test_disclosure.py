"""Who is told of the schema itself: by introspection, by the SDL, by what a mistyped name may have meant."""

import asyncio
from base64 import b64encode
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from starlette.routing import Router

from db.access.viewer import ANONYMOUS, Viewer, ViewerKind
from db.store.database import Database
from engine.document.request import OPEN, Openness
from server.access.authentication import Authentication
from server.graphql.disclosure import openness
from server.graphql.sdl import SDL
from server.http.edge import Edge
from server.limits.limits import Limits
from server.metrics import Metrics
from server.settings.limits import RateProfile
from server.settings.settings import Settings, Switch
from tests.databases import migrated_sqlite, sqlite_url
from tests.server.running import running, stocked

TOKEN = {"Authorization": "Bearer known-admin-token"}
INTROSPECTIONS = [
    "{ __schema { queryType { name } } }",
    '{ __type(name: "Product") { name } }',
    "{ products { totalCount } s: __schema { queryType { name } } }",
    "query { ...F } fragment F on Query { ... on Query { __schema { queryType { name } } } }",
    "query Q($no: Boolean = false) { __typename __schema @include(if: $no) { queryType { name } } }",
]
# Each of a different place in which graphql-core helps with names.
MISTYPED: list[tuple[str, dict[str, Any]]] = [
    ("{ products { nodes { titel } } }", {}),
    ("{ products(frist: 1) { nodes { title } } }", {}),
    ("{ node(id: 1) { ... on Produkt { title } } }", {}),
    ("{ products(sort: [{ field: TITEL }]) { nodes { title } } }", {}),
    ("{ products(filter: { statsu: { eq: DRAFT } }) { nodes { title } } }", {}),
    ("query Q($f: ProductFilter) { products(filter: $f) { totalCount } }", {"f": {"statsu": {"eq": "DRAFT"}}}),
    ("query Q($s: [ProductSort!]) { products(sort: $s) { totalCount } }", {"s": [{"field": "TITEL"}]}),
    ("query Q($f: ProductFiltr) { products(filter: $f) { totalCount } }", {}),
    ("mutation M { variantUpdat(input: {}) { userErrors { code } } }", {}),
]


@pytest.fixture(scope="module")
def public(sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that every machine may ask."""
    path = tmp_path_factory.mktemp("served") / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    stocked(sqlite_url(path))
    settings = Settings(
        database_url=sqlite_url(path), host="0.0.0.0", admin_token=SecretStr("known-admin-token"), rates=RateProfile.OFF
    )
    with running(settings) as client:
        yield client


def asked(client: httpx2.Client, query: str, variables: dict[str, Any], **headers: str) -> Any:
    return client.post("/graphql", json={"query": query, "variables": variables}, headers=headers).json()


@pytest.mark.parametrize("query", INTROSPECTIONS)
def test_strangers_get_no_introspection_and_callers_do(public: httpx2.Client, query: str) -> None:
    stranger = asked(public, query, {})

    (error,) = stranger["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert "data" not in stranger
    assert "errors" not in asked(public, query, {}, **TOKEN)


def test_typename_is_no_introspection(public: httpx2.Client) -> None:
    """Every client's cache asks for it."""
    assert asked(public, "{ __typename products { __typename } }", {})["data"]["__typename"] == "Query"


def test_the_sdl_is_for_the_same_callers(public: httpx2.Client) -> None:
    stranger = public.get("/schema.graphql")

    assert stranger.status_code == 401
    assert stranger.headers["www-authenticate"].startswith("Bearer")
    assert public.get("/schema.graphql", headers=TOKEN).text.startswith("schema {")
    assert public.get("/schema.graphql", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_what_is_derived_of_the_schema_is_for_the_same_callers(public: httpx2.Client) -> None:
    query = "{ catalogue { operations { rest group field events example } } eventTypes { name } }"
    stranger = asked(public, query, {})["data"]
    caller = asked(public, query, {}, **TOKEN)["data"]

    assert any(one["field"] for one in caller["catalogue"]["operations"])
    assert caller["eventTypes"]
    hidden: dict[str, Any] = {"field": None, "events": [], "example": None}
    assert stranger["catalogue"]["operations"] == [one | hidden for one in caller["catalogue"]["operations"]]
    assert stranger["eventTypes"] == []


@pytest.mark.parametrize(("query", "variables"), MISTYPED)
def test_strangers_get_no_suggestions_and_callers_do(
    public: httpx2.Client, query: str, variables: dict[str, Any]
) -> None:
    stranger = [error["message"] for error in asked(public, query, variables)["errors"]]
    caller = [error["message"] for error in asked(public, query, variables, **TOKEN)["errors"]]

    assert [message for message in stranger if "Did you mean" in message] == []
    assert [message for message in caller if "Did you mean" in message]
    assert len(stranger) == len(caller)  # the mistakes are told to both


@pytest.mark.parametrize(
    ("switch", "host", "told"),
    [
        (Switch.AUTO, "0.0.0.0", [False, True, False]),
        (Switch.AUTO, "127.0.0.1", [True, True, True]),
        (Switch.ON, "0.0.0.0", [True, True, True]),
        (Switch.OFF, "127.0.0.1", [False, False, False]),
    ],
)
def test_the_switches(switch: Switch, host: str, told: list[bool]) -> None:
    callers = [
        ANONYMOUS,
        Viewer("token:1", kind=ViewerKind.TOKEN),
        Viewer("token:2", kind=ViewerKind.STOREFRONT),  # everyone has it: it stands in a page
    ]
    settings = Settings(database_url="sqlite:///none.db", host=host, introspection=switch, suggestions=switch)

    assert [openness(settings)(viewer) for viewer in callers] == [Openness(tells, tells) for tells in told]
    apart = Settings(database_url="sqlite:///none.db", host=host, introspection=Switch.ON, suggestions=Switch.OFF)
    assert openness(apart)(ANONYMOUS) == Openness(introspection=True, suggestions=False)


def test_it_is_open_in_the_demo() -> None:
    demo = Settings(demo=True, host="0.0.0.0")

    assert openness(demo)(ANONYMOUS) == Openness()


def test_off_is_off_for_everyone(sqlite_template: Any, tmp_path: Any) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    settings = Settings(
        database_url=sqlite_url(path), admin_token=SecretStr("known-admin-token"), introspection=Switch.OFF
    )
    with running(settings) as client:
        answer = asked(client, INTROSPECTIONS[0], {}, **TOKEN)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert client.get("/schema.graphql", headers=TOKEN).status_code == 403
        assert client.get("/schema.graphql").status_code == 401


async def test_the_schema_is_printed_once_and_wrong_passwords_there_are_their_addresses(tmp_path: Path) -> None:
    printed: list[int] = []
    settings = Settings(rates=RateProfile.DOCUMENTED)
    database = Database.open(sqlite_url(migrated_sqlite(tmp_path / "store.db")))

    def print_() -> str:
        printed.append(1)
        return "type Query"

    sdl = SDL(print_, lambda _: OPEN, Authentication(database), Limits(settings))
    client = partial(httpx2.AsyncClient, base_url="http://localhost")

    app = Edge(settings, Metrics(), {"/schema.graphql": sdl}, Router())

    async def asked(address: str, **headers: str) -> httpx2.Response:
        async with client(transport=httpx2.ASGITransport(app, client=(address, 1))) as asking:
            return await asking.get("/schema.graphql", headers=headers)

    answers = await asyncio.gather(*(asked("192.0.2.1") for _ in range(5)))
    assert {answer.text for answer in answers} == {"type Query"}
    assert len(printed) == 1
    known = await asked("192.0.2.1", **{"If-None-Match": answers[0].headers["ETag"]})
    assert known.status_code == 304
    assert known.headers["X-RateLimit-Remaining"] == "94"

    wrong = {"Authorization": f"Basic {b64encode(b'owner:wrong').decode()}"}
    there = [(await asked("192.0.2.1", **wrong)).status_code for _ in range(6)]
    assert there == [401] * 5 + [429]
    assert (await asked("192.0.2.2", **wrong)).status_code == 401
    await database.close()

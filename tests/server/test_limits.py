"""Requests an hour, changes an hour, requests at a time: counted per caller, told in headers, refused with 429."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from db.access.viewer import ANONYMOUS, Viewer, ViewerKind
from engine.declared.mutation import GUESSES, STANDARD
from schema.root import schema
from server.http.refusal import Refusal
from server.limits.limits import BULK, CHECKOUT, HEADERS, PROFILES, Counters, Limits, Turn
from server.limits.windows import Windows
from server.settings.limits import RateProfile
from server.settings.mistake import Mistake
from server.settings.settings import Settings
from tests.gateway import ADMIN
from tests.server.running import JSON, issued, running, stocked

TYPENAME = "{ __typename }"
REDIS = "redis://127.0.0.1:6379/9"


def limits(**given: Any) -> Limits:
    return Limits(Settings(rates=RateProfile.DOCUMENTED, **given))


async def spent(of: Limits, viewer: Viewer, *rates: str) -> dict[str, str]:
    """One request with these mutation fields; what its answer says."""
    turn = of.turn()
    try:
        await turn.begin(viewer)
        await turn.changes(rates)
    finally:
        turn.end()
    return said(turn)


def said(turn: Turn) -> dict[str, str]:
    """The headers of an answer, as whoever reads them writes their names."""
    told = {name.decode(): value.decode() for name, value in turn.headers.items()}
    return {name: told[name.lower()] for name in HEADERS if told}


async def used_up(of: Limits, viewer: Viewer, most: int) -> None:
    for left in reversed(range(most)):
        assert (await spent(of, viewer))["X-RateLimit-Remaining"] == str(left)
    with pytest.raises(Refusal) as refused:
        await spent(of, viewer)
    assert refused.value.status == 429
    assert refused.value.extensions["code"] == "RATE_LIMITED"
    assert 3500 < refused.value.extensions["retryAfter"] <= 3601
    assert refused.value.headers == {"Retry-After": str(refused.value.extensions["retryAfter"])}


def at(address: str, viewer: Viewer = ANONYMOUS) -> Viewer:
    return Viewer(viewer.id, viewer.name, viewer.permissions, viewer.kind, hourly=viewer.hourly, address=address)


async def test_the_documented_rates() -> None:
    of = limits()

    await used_up(of, at("192.0.2.1"), 100)
    await used_up(of, Viewer("token:7"), 1000)
    # The request itself, and with it the first of its fields: ten bulk fields are ten charges, in whatever documents.
    assert (await spent(of, ADMIN, *[BULK] * 9))["X-RateLimit-Limit"] == "10"
    assert (await spent(of, ADMIN, BULK))["X-RateLimit-Remaining"] == "0"
    with pytest.raises(Refusal, match="10 bulk changes an hour"):
        await spent(of, ADMIN, BULK)
    assert (await spent(of, ADMIN))["X-RateLimit-Remaining"] == str(1000 - 9 - 1 - 1 - 1)


async def test_checkouts_are_counted_by_address() -> None:
    of = limits()

    assert (await spent(of, at("192.0.2.1"), *[CHECKOUT] * 60))["X-RateLimit-Remaining"] == "0"
    with pytest.raises(Refusal, match="60 checkouts an hour"):
        await spent(of, at("192.0.2.1"), CHECKOUT)
    assert (await spent(of, at("192.0.2.2"), CHECKOUT))["X-RateLimit-Remaining"] == "59"


async def test_codes_of_coupons_are_counted_by_address() -> None:
    """However they come: one by one, or many in a document."""
    of = limits()

    assert (await spent(of, at("192.0.2.1"), *[GUESSES] * 29))["X-RateLimit-Remaining"] == "1"
    assert (await spent(of, at("192.0.2.1"), GUESSES))["X-RateLimit-Remaining"] == "0"
    with pytest.raises(Refusal, match="30 codes of coupons an hour"):
        await spent(of, at("192.0.2.1"), GUESSES)
    assert (await spent(of, at("192.0.2.2"), GUESSES))["X-RateLimit-Remaining"] == "29"


def test_whatever_tells_of_a_code_is_counted() -> None:
    rates = {name: known.mutation.rate for name, known in schema.mutations.items()}

    assert rates["cartApplyCoupon"] == GUESSES
    assert set(rates.values()) <= {STANDARD, *PROFILES[RateProfile.DOCUMENTED]}


async def test_an_anonymous_budget_is_an_addresses() -> None:
    of = limits()

    await used_up(of, at("2001:db8:1:1::1"), 100)
    for same in ("2001:db8:1:1::2", "2001:0db8:0001:0001:ffff:ffff:ffff:ffff"):
        with pytest.raises(Refusal):
            await spent(of, at(same))
    for other in ("2001:db8:1:2::1", "192.0.2.1"):
        assert (await spent(of, at(other)))["X-RateLimit-Remaining"] == "99"
    assert (await spent(of, at("::ffff:192.0.2.1")))["X-RateLimit-Remaining"] == "98"


async def test_a_storefronts_token_has_a_budget_for_each_address() -> None:
    of = limits()
    token = Viewer("token:3", kind=ViewerKind.STOREFRONT)

    assert (await spent(of, at("192.0.2.1", token)))["X-RateLimit-Remaining"] == "999"
    assert (await spent(of, at("192.0.2.1", token)))["X-RateLimit-Remaining"] == "998"
    assert (await spent(of, at("192.0.2.2", token)))["X-RateLimit-Remaining"] == "999"


async def test_another_credential_another_budget_wherever_it_is_used() -> None:
    of = limits()

    assert (await spent(of, at("192.0.2.1", Viewer("token:1"))))["X-RateLimit-Remaining"] == "999"
    assert (await spent(of, at("192.0.2.2", Viewer("token:1"))))["X-RateLimit-Remaining"] == "998"
    assert (await spent(of, at("192.0.2.1", Viewer("token:2"))))["X-RateLimit-Remaining"] == "999"


async def test_a_credential_may_have_a_rate_of_its_own() -> None:
    of = limits()

    assert (await spent(of, Viewer("token:1", hourly=5)))["X-RateLimit-Limit"] == "5"
    await used_up(of, Viewer("token:2", hourly=3), 3)


async def test_changes_that_do_not_fit_are_not_charged() -> None:
    of, viewer = limits(), Viewer("token:1", hourly=10)
    await spent(of, viewer, *[STANDARD] * 4)  # six are left

    with pytest.raises(Refusal):
        await spent(of, viewer, *[STANDARD] * 7)  # the request itself takes one of them
    assert (await spent(of, viewer))["X-RateLimit-Remaining"] == "4"


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_do_not_fall_short_of_the_documents(profile: RateProfile) -> None:
    documented = PROFILES[RateProfile.DOCUMENTED]

    # Checkouts and codes are not among the documented ones: theirs are of this server.
    own = {"checkout": 60, "guesses": 30}
    assert documented == {"anonymous": 100, "storefront": 1000, "rest": 1000, "bulk": 10, **own}
    assert all(PROFILES[profile][name] >= rate for name, rate in documented.items())


@pytest.mark.parametrize(
    ("given", "profile"),
    [
        ({}, RateProfile.DOCUMENTED),
        ({"demo": True}, RateProfile.DEMO),
        ({"demo": True, "rates": RateProfile.STOREFRONT}, RateProfile.STOREFRONT),
        ({"rates": RateProfile.OFF}, RateProfile.OFF),
    ],
)
def test_which_profile(given: dict[str, Any], profile: RateProfile) -> None:
    assert Settings(**({"rates": RateProfile.AUTO} | given)).rates_in_force is profile


async def test_nothing_is_counted_when_that_is_off() -> None:
    of = Limits(Settings(rates=RateProfile.OFF))

    for _ in range(200):
        assert await spent(of, at("192.0.2.1"), BULK) == {}


async def test_how_many_at_a_time() -> None:
    of = limits(concurrent=2)
    one, two, three = of.turn(), of.turn(), of.turn()
    await one.begin(ADMIN)
    await two.begin(ADMIN)

    with pytest.raises(Refusal) as refused:
        await three.begin(ADMIN)
    three.end()
    await of.turn().begin(Viewer("token:other"))
    one.end()
    await of.turn().begin(ADMIN)

    assert (refused.value.status, refused.value.extensions) == (429, {"code": "RATE_LIMITED", "retryAfter": 1})


def test_many_callers_take_bounded_memory() -> None:
    windows = Windows(most=100)
    for n in range(300):
        assert windows.charge(n, 5, 1)[:2] == (True, 4)

    assert len(windows) == 100
    assert windows.charge(299, 5, 1)[1] == 3
    assert windows.charge(0, 5, 1)[1] == 4  # the first were forgotten


def test_an_hour_ends() -> None:
    now = [0.0]
    windows = Windows(clock=lambda: now[0])
    assert windows.charge("a", 2, 2) == (True, 0, 3600)
    now[0] = 1800
    assert windows.charge("a", 2, 1) == (False, 0, 1800)
    assert windows.charge("b", 2, 1) == (True, 1, 3600)
    now[0] = 3600
    assert windows.charge("a", 2, 1) == (True, 1, 3600)
    assert windows.charge("b", 2, 1) == (True, 0, 1800)


async def test_a_clock_that_jumps_ahead_and_back_freezes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    of, today = limits(), time.time()

    for moment, left in ((today, "99"), (today + 366 * 86400, "98"), (today, "97")):
        monkeypatch.setattr(time, "time", lambda moment=moment: moment)
        told_ = await spent(of, at("192.0.2.1"))
        assert told_["X-RateLimit-Remaining"] == left
        assert 3500 < int(told_["X-RateLimit-Reset"]) - moment <= 3601


async def bad(of: Limits, address: str) -> int:
    """The status that a credential which nobody knows is refused with."""
    turn = of.turn()
    try:
        await turn.unknown(address)
    except Refusal as refused:
        assert said(turn)["X-RateLimit-Remaining"] == "0"
        return refused.status
    await turn.turned_away(address)
    return 401


async def test_bad_credentials_meet_their_end_before_they_are_looked_up() -> None:
    of = limits()

    assert [await bad(of, "192.0.2.1") for _ in range(102)] == [401] * 100 + [429] * 2
    assert await bad(of, "192.0.2.2") == 401
    assert (await spent(of, Viewer("token:1")))["X-RateLimit-Remaining"] == "999"  # who is known is not concerned


async def test_anonymous_requests_are_no_bad_credentials() -> None:
    of = limits()
    await used_up(of, at("192.0.2.1"), 100)

    assert await bad(of, "192.0.2.1") == 401


# Redis


@pytest.fixture
def redis() -> Iterator[Any]:
    """An empty database of a Redis; skips where there is none."""
    redis = pytest.importorskip("redis")
    client = redis.Redis.from_url(REDIS)
    try:
        client.flushdb()
    except redis.ConnectionError:
        pytest.skip("needs a Redis on this machine")
    yield client
    client.flushdb()
    client.close()


async def test_processes_share_a_budget_in_redis(redis: Any) -> None:
    one, other = limits(redis_url=REDIS), limits(redis_url=REDIS)

    before = time.time()
    assert (await spent(one, ADMIN))["X-RateLimit-Remaining"] == "999"
    headers = await spent(other, ADMIN)

    assert headers["X-RateLimit-Remaining"] == "998"
    assert before + 3598 < int(headers["X-RateLimit-Reset"]) <= time.time() + 3601
    assert 0 < redis.ttl(redis.keys("*")[0]) <= 3600
    await one.aclose()
    await other.aclose()


async def test_a_redis_that_is_down_takes_nobody_down() -> None:
    of = limits(redis_url="redis://127.0.0.1:1/0")

    await used_up(of, at("192.0.2.1"), 100)  # every process counts for itself meanwhile
    await of.aclose()


async def test_a_redis_that_hangs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    pytest.importorskip("redis")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        counters = Counters(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        of = Limits(Settings(rates=RateProfile.DOCUMENTED), counters)
        for left in (99, 98, 97):
            assert (await spent(of, at("192.0.2.1")))["X-RateLimit-Remaining"] == str(left)
        await of.aclose()
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):  # asked once, not for each request
            silent.accept()


@pytest.mark.parametrize(
    "url",
    [
        *("redis", "http://127.0.0.1:6379", "redis://127.0.0.1:none", "redis://[::1"),
        *("redis://127.0.0.1:6379/zero", "redis://127.0.0.1:6379/0?nonsense=1", "redis://127.0.0.1/0?socket_timeout=x"),
    ],
)
def test_what_is_no_redis(url: str) -> None:
    with pytest.raises(Mistake, match=r"STOREGRAPH_REDIS_URL: write redis://"):
        limits(redis_url=url)


# At the edge


Asking = Callable[..., httpx2.Response]


@contextmanager
def served(url: str, **given: Any) -> Iterator[Asking]:
    with running(Settings(database_url=url, rates=RateProfile.DOCUMENTED, **given)) as client:

        def ask(query: str = TYPENAME, token: str | None = None, **more: Any) -> httpx2.Response:
            headers = {"Accept": JSON} | ({"Authorization": f"Bearer {token}"} if token else {})
            return client.post("/graphql", json={"query": query, **more}, headers=headers)

        ask.client = client  # type: ignore[attr-defined]
        yield ask


def told(answer: httpx2.Response) -> tuple[int, int]:
    assert 3500 < int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 3601
    return int(answer.headers["X-RateLimit-Limit"]), int(answer.headers["X-RateLimit-Remaining"])


def test_every_answer_tells_and_the_last_is_refused(database_url: str) -> None:
    with served(database_url) as ask:
        client = ask.client  # type: ignore[attr-defined]
        answers = [
            ask(),
            ask("{"),
            ask("{ nothing }"),
            client.put("/graphql"),
            client.post("/graphql", content=b"[", headers={"Content-Type": JSON}),
            client.post("/graphql", content=b"query", headers={"Content-Type": "text/plain"}),
            client.post("/graphql", json={}, headers={"Accept": "image/png"}),
            client.get("/graphql", params={"query": TYPENAME}),
            client.get("/graphql", params={"query": "mutation { __typename }"}),
            ask(token="unknown"),
            client.get("/schema.graphql"),
            client.get("/schema.graphql", headers={"Authorization": "Bearer unknown"}),
            client.post("/schema.graphql"),
        ]
        assert [a.status_code for a in answers[:10]] == [200, 200, 200, 405, 400, 415, 406, 200, 405, 401]
        assert [a.status_code for a in answers[10:]] == [200, 401, 405]
        assert [told(a) for a in answers[:12]] == [(100, 99 - n) for n in range(12)]

        page = client.get("/graphql", headers={"Accept": "text/html"})
        assert page.headers["Content-Type"].startswith("text/html")
        assert "X-RateLimit-Limit" not in page.headers  # a page is free
        for _ in range(88):
            ask()
        refused = ask()
        assert client.get("/schema.graphql").status_code == 429
        health = client.get("/health")

    assert (refused.status_code, told(refused), health.status_code) == (429, (100, 0), 200)
    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert refused.headers["Retry-After"] == str(refused.json()["errors"][0]["extensions"]["retryAfter"])


CHANGE = 'variantUpdate(input: {id: "UHJvZHVjdFZhcmlhbnQ6MQ", price: 1}, validateOnly: true) { userErrors { code } }'


def test_changes_are_charged_one_by_one(database_url: str) -> None:
    stocked(database_url)
    token = issued(database_url, "products/edit")
    with served(database_url) as ask:
        three = "mutation { " + " ".join(f"m{n}: {CHANGE}" for n in range(3)) + " }"
        skipped = "mutation { a: __typename " + f"b: {CHANGE.replace(' {', ' @skip(if: true) {', 1)}" + " }"
        assert told(ask(three, token)) == (1000, 997)
        assert told(ask(three, token)) == (1000, 994)
        assert told(ask(TYPENAME, token)) == (1000, 993)
        assert told(ask(skipped, token))[1] == 992
        assert told(ask(TYPENAME)) == (100, 99)  # another caller


def test_other_origins_may_read_the_headers(database_url: str) -> None:
    with served(database_url, cors_origins="https://shop.example") as ask:
        client = ask.client  # type: ignore[attr-defined]
        answer = client.post("/graphql", json={"query": TYPENAME}, headers={"Origin": "https://shop.example"})

    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"} <= set(
        exposed.split(", ")
    )

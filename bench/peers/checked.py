"""What has to be true before anything is measured: all answer the same, and dressed ones refuse what they should."""

import asyncio
import json
import random
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from bench.peers import asked
from bench.peers.servers import OURS, THEIRS, Server, on

STARTING_SECONDS: Final = 120.0
# A token that may ask so often in an hour.
POOR: Final = 3


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]

    @property
    def refused(self) -> bool:
        given = (self.body.get("data") or {}).values()
        return self.status in {400, 401, 403, 429} or ("errors" in self.body and not any(given))


def post(server: Server, body: str, headers: dict[str, str] | None = None) -> Answer:
    """Raises OSError where nobody listens."""
    request = urllib.request.Request(server.url, body.encode(), server.headers if headers is None else headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, json.load(response))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _read(error.read()))


def _read(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"text": content.decode(errors="replace")}


def awaited(server: Server) -> None:
    """Raises SystemExit for a server that does not start."""
    until = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            post(server, json.dumps({"query": asked.NOTHING}))
        except OSError as error:
            if server.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{server.name}: {error}\n{server.log.read_text()[-2000:]}") from None
            time.sleep(0.1)
        else:
            return


# So few products to draw from that PostGraphile's places are the others'.
_FEW: Final = 250


def alike(servers: list[Server], dsn: str) -> None:
    """Raises SystemExit where two answer differently, or a price is not what is stored then."""
    for name in asked.QUERIES:
        told: dict[str, Any] = {}
        for server in servers:
            answer = post(server, server.body(name, _FEW, random.Random(1)))
            if answer.status != 200 or "errors" in answer.body:
                logged = server.log.read_text()[-2000:]
                raise SystemExit(f"{server.group} {server.name} {name}: {answer.body}\n{logged}")
            told[f"{server.group} {server.name}"] = asked.gist(answer.body["data"])
            print(f"{server.group:8} {server.name:20} {name}: {asked.leaves(answer.body['data'])} values")
        first, *others = told.items()
        for other, gist in others if name != "Q0" else ():
            if gist != first[1]:
                raise SystemExit(f"{name}: {first[0]} says\n{first[1]}\n{other} says\n{gist}")
        if not first[1] and name != "Q0":
            raise SystemExit(f"{name}: nobody was told anything")
    asyncio.run(_stored(dsn, random.Random(1)))


async def _stored(dsn: str, chance: random.Random) -> None:
    """Both databases worked out the same from the last change of a price."""
    given = asked.HANDWRITTEN.variables("M1", _FEW, chance)
    found = []
    for name, event in ((OURS, "event"), (THEIRS, "outbox")):
        connection = await asyncpg.connect(on(dsn, name))
        prices = await connection.fetchrow("SELECT min_price, max_price FROM product WHERE id = $1", given["o"] // 3)
        version = await connection.fetchval("SELECT version FROM product_variant WHERE id = $1", given["o"])
        told = await connection.fetchval(f"SELECT count(*) FROM {event}")
        await connection.close()
        if prices is None or version < 2 or not told:
            raise SystemExit(f"{name}: version {version} and {told} events after a change of a price")
        found.append(tuple(prices))
    if found[0] != found[1]:
        raise SystemExit(f"{OURS} has {found[0]} as least and greatest price, {THEIRS} {found[1]}")


def guarded(server: Server, poor: str) -> None:
    """Raises SystemExit for a server that answers whom, or what, it should refuse. `poor`: a token of POOR requests an
    hour."""
    change = server.body("M1", _FEW, random.Random(2))
    plain = {name: value for name, value in server.headers.items() if name != "Authorization"}
    nobody = post(server, change, plain)
    unknown = post(server, change, plain | {"Authorization": "Bearer sg_unknown"})
    dear = post(server, json.dumps({"query": asked.dear(server.words)}))
    often = [post(server, change, plain | {"Authorization": f"Bearer {poor}"}) for _ in range(POOR + 1)]
    for of, answer in (
        ("no token", nobody),
        ("an unknown token", unknown),
        ("a dear document", dear),
        ("one too many", often[-1]),
    ):
        if not answer.refused:
            raise SystemExit(f"{server.name} answers {of}: {json.dumps(answer.body)[:500]}")
    if unknown.status != 401 or often[-1].status != 429:
        raise SystemExit(f"{server.name} answers an unknown token {unknown.status}, one too many {often[-1].status}")
    if any(answer.refused for answer in often[:-1]):
        raise SystemExit(f"{server.name} refuses before the budget is used up")
    print(f"{server.name:20} refuses no token, an unknown one, a dear document, and one request too many")

"""The servers that are measured: how each is started, and what it is asked with."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from bench.peers import asked

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
FLOOR: Final = "uvicorn, asyncpg"
OURS, THEIRS = "storegraph_bench_peers_ours", "storegraph_bench_peers_theirs"
CONNECTIONS: Final = 16
# What settings can leave out of the edge: rates, access log, metrics, subscriptions. Credentials they cannot.
EDGE_OFF: Final = {"RATES": "off", "LOG_LEVEL": "warning", "METRICS": "off", "LIVE": "false"}
EDGE_ON: Final = {"RATES": "documented", "LOG_FORMAT": "json", "METRICS": "on"}


@dataclass(frozen=True)
class Round:
    rate: float
    server: float  # microseconds of a request
    database: float
    p50: float  # milliseconds
    p99: float


@dataclass
class Server:
    """`group`: whom it is compared with, `bare` or `dressed`. `secret`: the token that it is asked with, None for one
    that takes none."""

    name: str
    group: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path
    words: asked.Words
    secret: str | None
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    late: Counter[float] = field(
        default_factory=Counter
    )  # samples of the loop's lag, by buckets' upper ends in seconds

    @property
    def ours(self) -> bool:
        return self.words is asked.STOREGRAPH

    @property
    def peer(self) -> bool:
        """Whether it is one of those that storegraph is compared with."""
        return not self.ours and self.name != FLOOR

    @property
    def database(self) -> str:
        return OURS if self.ours else THEIRS

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def headers(self) -> dict[str, str]:
        plain = {"Content-Type": "application/json", "Accept": "application/json"}
        return plain if self.secret is None else plain | {"Authorization": f"Bearer {self.secret}"}

    def body(self, name: str, products: int, chance: random.Random) -> str:
        variables = {} if name == "Q0" else self.words.variables(name, products, chance)
        return json.dumps({"query": self.words.queries[name], "variables": variables})


def on(dsn: str, name: str) -> str:
    """The URL of a database on the same server."""
    return make_url(dsn).set(database=name).render_as_string(hide_password=False)


@contextmanager
def started(
    command: list[str], core: str, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("STOREGRAPH_")}
    with log.open("w") as out:
        process = subprocess.Popen(
            ["taskset", "-c", core, *command], cwd=ROOT, env={**plain, **environment}, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@dataclass
class Starting:
    """Starts servers, each on the next port, until the stack is left."""

    dsn: str
    secret: str
    port: int
    core: str
    node: str
    folder: Path
    stack: ExitStack

    def group(self, group: str) -> list[Server]:
        dressed = group == "dressed"
        serve = ["-m", "server.commands.main", "serve"]
        if dressed:
            ours = [self._ours("storegraph", group, serve, EDGE_ON)]
        else:
            ours = [
                self._ours("storegraph, edge off", group, serve, EDGE_OFF),
                self._ours("storegraph, no edge", group, [str(HERE / "bare.py")], {}),
            ]
        return [*ours, *self._theirs(group, {"DRESSED": "true"} if dressed else {})]

    def _ours(self, name: str, group: str, command: list[str], more: Mapping[str, str]) -> Server:
        given = {
            "DATABASE_URL": on(self.dsn, OURS),
            "DATA_FOLDER": str(self.folder),
            "POOL_SIZE": str(CONNECTIONS),
            "WORK": "false",
            "PORT": str(self.port),
            **more,
        }
        environment = {f"STOREGRAPH_{of}": value for of, value in given.items()} | {"PYTHONPATH": str(ROOT)}
        secret = None if command != ["-m", "server.commands.main", "serve"] else self.secret
        return self._server(name, group, [sys.executable, *command], environment, asked.STOREGRAPH, secret)

    def _theirs(self, group: str, more: Mapping[str, str]) -> Iterator[Server]:
        theirs = {"DATABASE_URL": on(self.dsn, THEIRS), "NODE_ENV": "production", **more}
        for name, script, words, own in (
            ("postgraphile", "postgraphile.mjs", asked.POSTGRAPHILE, {"GRAPHILE_ENV": "production"}),
            ("mercurius-jit", "handwritten.mjs", asked.HANDWRITTEN, {}),
            ("yoga-jit", "handwritten.mjs", asked.HANDWRITTEN, {"SERVER": "yoga"}),
        ):
            environment = {**theirs, **own, "PORT": str(self.port)}
            secret = self.secret if group == "dressed" else None
            yield self._server(name, group, [self.node, str(HERE / script)], environment, words, secret)
        if group == "bare":
            environment = {**theirs, "PORT": str(self.port)}
            yield self._server(
                FLOOR, group, [sys.executable, str(HERE / "floor.py")], environment, asked.HANDWRITTEN, None
            )

    def _server(
        self,
        name: str,
        group: str,
        command: list[str],
        environment: Mapping[str, str],
        words: asked.Words,
        secret: str | None,
    ) -> Server:
        log = self.folder / f"{group}.{name}.log"
        process = self.stack.enter_context(started(command, self.core, environment, log))
        port, self.port = self.port, self.port + 1
        return Server(name, group, process, port, log, words, secret)

"""What a server keeps of documents is bounded: a stream of new ones does not make it grow."""

import asyncio
import random
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from schema.root import schema
from tests.server.running import JSON, SECONDS, serving, stocked

DOCUMENTS: Final = 10_000
CONNECTIONS: Final = 8
TOKEN: Final = "known-admin-token"
# All that the process may take, in MB. 200 are aimed at: docs/performance.md says what stands between.
MOST: Final = 240.0
DEPTH: Final = 3


def _selection(of: GraphQLObjectType, chance: random.Random, depth: int) -> str:
    """Some leaves, and some of what they hang on, drawn."""
    free = [
        (name, get_named_type(field.type))
        for name, field in of.fields.items()
        if not any(map(is_required_argument, field.args.values()))
    ]
    leaves = [name for name, kind in free if is_leaf_type(kind)]
    chosen = ["__typename", *chance.sample(leaves, chance.randint(0, min(len(leaves), 8)))]
    inner = [(name, kind) for name, kind in free if isinstance(kind, GraphQLObjectType)]
    if depth:
        for name, kind in chance.sample(inner, min(len(inner), chance.randint(1, 3))):
            chosen.append(f"{name} {{ {_selection(kind, chance, depth - 1)} }}")
    return " ".join(chosen)


def documents(count: int) -> Iterator[str]:
    """Distinct ones, about as large as those of a front end."""
    chance = random.Random(7)
    kind: GraphQLNamedType | None = schema.core.type_map["Product"]
    assert isinstance(kind, GraphQLObjectType)
    for number in range(count):
        yield f"query Ask{number} {{ products(first: 2) {{ nodes {{ {_selection(kind, chance, DEPTH)} }} }} }}"


def memory(process: Any) -> float:
    """MB that a process has."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


async def _asked(url: str, asked: Iterator[str]) -> int:
    """How many were answered with data."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": JSON}
    answered = 0

    async def one(client: httpx2.AsyncClient) -> None:
        nonlocal answered
        for document in asked:
            answer = await client.post(url, json={"query": document}, headers=headers)
            answered += bool((answer.json().get("data") or {}).get("products"))

    async with httpx2.AsyncClient(timeout=SECONDS) as client:
        await asyncio.gather(*(one(client) for _ in range(CONNECTIONS)))
    return answered


@pytest.mark.soak
def test_ten_thousand_documents_leave_a_server_small(database_url: str, tmp_path: Path) -> None:
    stocked(database_url)
    given = {"DATABASE_URL": database_url, "ADMIN_TOKEN": TOKEN, "RATES": "off", "LOG_FORMAT": "json"}
    with serving(data_folder=tmp_path, cold=True, **given) as command:
        url, process, stream = command.url(), command.process, documents(DOCUMENTS)
        # Nobody else reads its log, and a pipe that is full would hold it up.
        threading.Thread(target=lambda: deque(process.stderr or (), maxlen=0), daemon=True).start()
        seen = {0: memory(process)}
        for until in (DOCUMENTS // 10, DOCUMENTS // 2, DOCUMENTS):
            part = [next(stream) for _ in range(until - max(seen))]
            assert asyncio.run(_asked(url, iter(part))) > 0.9 * len(part)
            seen[until] = memory(process)
        print({count: f"{megabytes:.0f} MB" for count, megabytes in seen.items()})  # noqa: T201  the figures of a soak
        assert seen[DOCUMENTS] < MOST

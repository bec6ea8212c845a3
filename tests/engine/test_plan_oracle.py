"""Plans say what graphql-core's executor says: drawn documents are answered by both, byte for byte, with the same
errors at the same places, whoever asks."""

import os
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import orjson
import pytest

from db.access.permission import ALL
from db.access.viewer import Viewer, ViewerKind
from engine.plan.plans import Plans
from engine.standard.execution import Answer, Executor, Request
from schema.root import schema
from tests.drawing import examples
from tests.engine.reads import Known, Reads
from tests.engine.store import furnished
from tests.gateway import ADMIN, ANONYMOUS, ANY_COST, CLERK, Gateway, opened

DRAWN: Final = examples(240)
SEED: Final = int(os.environ.get("STOREGRAPH_TEST_SEED", "0"))
STANDARD: Final = Executor(schema)
EXECUTED: Final[Counter[str]] = Counter()
PLANNED: Final = Executor(
    schema, plans=Plans(schema.core, schema.entities), ran=lambda _kind, by: EXECUTED.update([by])
)
# What is there to be asked for.
LEARNT: Final = """{
  products(first: 50) { nodes { id slug title variants { id sku title } terms { id slug } downloads { id } feeds { id }
    upgradePaths { id } orderItems { nodes { id order { id uuid customer { id email } } } } } }
  users { nodes { id login } } tokens { nodes { id } } roles { id key } taxClasses { id } shippingClasses { id }
  attributeGroups { id terms { id } } events { nodes { id } } auditLog { nodes { id } }
  trustedDocuments { nodes { id } } integrationProviders { id } taxonomies { id } storeSettings { id }
}"""


def viewers(random: Random) -> Viewer:
    permissions = sorted(ALL)
    some = frozenset(random.sample(permissions, random.randint(1, 4)))
    return random.choice(
        (
            ADMIN,
            ADMIN,
            CLERK,
            ANONYMOUS,
            Viewer("token:shop", "shop", frozenset(), ViewerKind.STOREFRONT),
            Viewer("token:some", "some", some, ViewerKind.TOKEN),
            Viewer("user:1", "person", some, ViewerKind.USER, user_id=1),
        )
    )


@pytest.fixture
async def store(module_database_url: str) -> AsyncIterator[Gateway]:
    async with opened(module_database_url) as gateway:
        if not (await gateway("{ products { totalCount } }"))["products"]["totalCount"]:
            await furnished(gateway)
        moment = datetime.now(UTC)
        gateway.links._clock = lambda: moment  # links say until when they last: both answers are of one second
        yield gateway


async def answers(gateway: Gateway, request: Request, viewer: Viewer) -> tuple[Answer, Answer]:
    """By plan, and by graphql-core."""
    return (
        await PLANNED.execute(request, viewer, gateway.units, "test", ANY_COST),
        await STANDARD.execute(request, viewer, gateway.units, "test", ANY_COST),
    )


def said(answer: Answer) -> Any:
    errors = {
        (orjson.dumps(e.get("path")), e["message"], orjson.dumps(e.get("locations")), e["extensions"]["code"])
        for e in answer.body.get("errors", [])
    }
    return answer.executed, orjson.dumps(answer.body.get("data")), errors, answer.retry_after


def leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(leaves, value.values()))
    return sum(map(leaves, value)) if isinstance(value, list) else value is not None


async def compared(gateway: Gateway, drawn: int, seed: int) -> None:
    known = Known()
    known.learn(await gateway(LEARNT))
    EXECUTED.clear()
    full = ran = 0
    for number in range(drawn):
        random = Random(f"{seed}.{number}")
        reads = Reads(schema, known, random)
        text = reads.document()
        viewer = viewers(random)
        # What is kept of a document is for neither other variables nor other viewers.
        asked = ((reads.variables, viewer), (reads.varied(), viewer), (reads.varied(), viewers(random)))
        for variables, viewer in asked:
            planned, standard = await answers(gateway, Request(text, variables), viewer)
            assert said(planned) == said(standard), (number, viewer, text, variables)
            assert "INTERNAL" not in {e["extensions"]["code"] for e in standard.body.get("errors", [])}, text
            known.learn(standard.body.get("data"))
            ran += standard.executed
            full += leaves(standard.body.get("data")) > 0
    # Documents that say nothing prove nothing.
    assert full > 0.6 * 3 * drawn
    assert EXECUTED["plan"] > 0.9 * ran
    assert EXECUTED["again"] == 0


async def test_drawn_documents_are_answered_alike(store: Gateway) -> None:
    await compared(store, DRAWN // 2, SEED)  # on each database


@pytest.mark.soak
async def test_many_drawn_documents_are_answered_alike(store: Gateway) -> None:
    await compared(store, 20_000, SEED + 1)

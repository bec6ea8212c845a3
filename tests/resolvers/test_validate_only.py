"""Every mutation of the schema, as a recorded case does it: a dry run writes nothing, also of an input that is not
right, and of several with one idempotency key, at once or later, one writes.

The cases are those of `tests/operations`. A mutation without one fails here until it has one, or a reason not to.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Any, Final

import pytest
import time_machine
from sqlalchemy import select
from sqlmodel import col

from db.store.outbox import EventRow
from engine.standard.execution import Request
from engine.values.errors import ErrorCode
from schema.root import schema
from tests.drawing import REPEATED, examples
from tests.factories import store_rows
from tests.gateway import Gateway, opened
from tests.operations.seeds import SEEDS
from tests.patience import PATIENCE
from tests.recorded import NOW, Imported
from tests.resolvers.dry_runs import Place, mutations, places
from tests.resolvers.odd import odd
from tests.resolvers.shelf import as_stored

# Mutations that cannot be looked at this way, and why.
LEFT_OUT: Final[Mapping[str, str]] = {
    "signOut": "it ends the session that asks, and no case has one",
}

# Mutations of visitors who have nothing yet under which a key could be kept, and what each time does.
ANEW: Final[Mapping[str, str]] = {
    "signIn": "a session begins",
}

# What is drawn: the same of the same code, and anew by `make soak`.
ODD: Final = 1 if REPEATED else SystemRandom().random()
PLACES: Final = [place for name, place in sorted(places().items()) if name not in LEFT_OUT]


def test_every_mutation_has_a_case() -> None:
    missing = mutations() - places().keys() - LEFT_OUT.keys()
    assert not missing, f"a case in tests/operations that shows it at work, alone in its operation: {sorted(missing)}"


def test_what_is_left_out_is_there() -> None:
    assert LEFT_OUT.keys() | ANEW.keys() <= mutations()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.field)
async def test_a_dry_run_writes_nothing_and_one_key_writes_once(place: Place, imported: Imported) -> None:
    async with before(place, imported) as (gateway, asked):
        stored = await as_stored(gateway)
        dry = await asked(place.document(validateOnly=True))
        assert dry["toldErrors"] == []
        # Nor does one under a key, and it does not use the key up.
        assert await asked(place.document(validateOnly=True, idempotencyKey="once")) == dry
        await asked.oddly()
        assert await as_stored(gateway) == stored

        document = place.document(idempotencyKey="once")
        async with asyncio.timeout(PATIENCE):
            twins = await asyncio.gather(*(asked(document) for _ in range(3)))
        assert [twin["toldErrors"] for twin in twins] == [[], [], []]
        if place.field in ANEW:
            assert not any(twin["repeated"] for twin in twins)
            return
        assert sorted(twin["repeated"] for twin in twins) == [False, True, True]
        known, viewer = schema.mutations[place.field].mutation, place.case.steps[place.step].viewer
        told = [name for name in await written(gateway, since=stored) if known.tells(viewer, name)]
        assert told == [event["name"] for event in dry["toldEvents"]]

        stored = await as_stored(gateway)
        assert (await asked(document))["repeated"]
        assert await as_stored(gateway) == stored


async def written(gateway: Gateway, since: Mapping[str, Sequence[Any]]) -> list[str]:
    """The events that were written since then, in their order."""
    async with gateway.database.read() as connection:
        events = await connection.execute(select(col(EventRow.name)).order_by(col(EventRow.id)))
        return list(events.scalars())[len(since["event"]) :]


@asynccontextmanager
async def before(place: Place, imported: Imported) -> AsyncIterator[tuple[Gateway, "Asking"]]:
    """A copy of the recorded store in which the steps before this one were taken, and who asks with this step's
    variables."""
    case = place.case
    with imported.copy() as url, time_machine.travel(NOW, tick=False):
        async with opened(url) as gateway:
            if case.seed is not None:
                await store_rows(gateway, SEEDS[case.seed]())
            case.put_stored(gateway)
            answers = await case.taken(gateway, place.step)

            yield gateway, Asking(gateway, place, answers)


@dataclass(frozen=True)
class Asking:
    """Asks documents with the variables of a step, after those before it were answered."""

    gateway: Gateway
    place: Place
    answers: Sequence[Mapping[str, Any]]

    async def __call__(self, document: str) -> dict[str, Any]:
        answer = await self._answer(document, self._variables())
        assert "errors" not in answer.body, (str(self.place), answer.body["errors"])
        payload: dict[str, Any] = answer.body["data"][self.place.key]
        return payload | {"repeated": answer.body.get("extensions", {}).get("idempotent", False)}

    async def oddly(self) -> None:
        """A dry run says in its own words what is wrong, whatever is sent."""
        chance, document = Random(f"{ODD} {self.place.field}"), self.place.document(validateOnly=True)
        step = self.place.case.steps[self.place.step]
        for _ in range(examples(6)):
            variables = odd(document, step.operation, self._variables(), chance)
            answer = await self._answer(document, variables)
            data = (answer.body.get("data") or {}).get(self.place.key) or {"toldErrors": []}
            codes = {error["extensions"]["code"] for error in answer.body.get("errors", ())}
            codes |= {error["code"] for error in data["toldErrors"]}
            assert ErrorCode.INTERNAL.value not in codes, (str(self.place), variables, answer.body)

    def _variables(self) -> dict[str, Any]:
        step = self.place.case.steps[self.place.step]
        return self.place.case.variables_of(step, self.answers, self.gateway)

    async def _answer(self, document: str, variables: dict[str, Any]) -> Any:
        step, gateway = self.place.case.steps[self.place.step], self.gateway
        request = Request(document, variables, step.operation)
        return await gateway.executor.execute(request, step.viewer, gateway.units, "the-request-id")

"""What runs cost the database: four statements each and two a step, beside those that actions take for themselves."""

from typing import Any, Final

import pytest

from connectors.workflows.actions import Actions, Change
from connectors.workflows.deeds import Deeds
from db.integration.workflow.row import RunState
from engine.unit.perform import perform
from tests.connectors.workflows.driving import attempted, delivered, happens_again, latest_event, stands, taken
from tests.connectors.workflows.flows import Flows

A_RUN: Final = 4
A_STEP: Final = 2
LETTER: Final = {"type": "SEND_EMAIL", "recipient": "admin", "subject": "Changed", "text": "See there."}
ARCHIVE: Final = {"type": "UPDATE_STATUS", "status": "draft"}


async def told(flows: Flows, *steps: dict[str, Any]) -> int:
    """An event that a workflow of these steps is about."""
    await flows.configured(*steps)
    await flows.edited("Changed", status="PUBLISH")
    return await latest_event(flows)


async def of_a_run(flows: Flows, event: int) -> list[str]:
    """The statements from a delivery that a worker has taken to the end of its run."""
    claimed = await taken(flows, await delivered(flows, event))
    sender = flows.sender
    with flows.gateway.counting() as statements:
        await attempted(sender, claimed)
    return statements


async def of_actions(flows: Flows, event: int, *places: int) -> list[str]:
    """Those that the actions alone take for what they tell of, and for what they change in a transaction that is open:
    its mutation, the savepoint around that, and its event."""
    sender = flows.sender
    claimed = await taken(flows, await delivered(flows, event))
    going: Any = (await sender.prepare([claimed]))[claimed.delivery_id]
    units, actions = flows.gateway.units, flows.gateway.units.port(Actions)
    with flows.gateway.counting() as statements:
        for place in places:
            made = await actions.made(going.about, place)
            if isinstance(made, Change):
                async with units.unit(going.about.viewer) as unit:
                    deed = units.port(Deeds)[made.mutation]
                    await perform(deed, made.input, going.about.viewer, units, unit=unit)
                    await unit.commit("test", None, None, audited=False)
    return statements


@pytest.mark.parametrize("steps", [1, 2, 6])
async def test_a_run_and_its_steps(flows: Flows, steps: int) -> None:
    event = await told(flows, *[LETTER] * steps)
    statements = await of_a_run(flows, event)
    assert len(flows.letters.sent) == steps
    assert (await stands(flows, event))[0] is RunState.COMPLETED
    assert len(statements) <= A_RUN + A_STEP * steps, "\n".join(statements)


async def test_beside_what_actions_take(flows: Flows) -> None:
    """A template is filled in for two steps by one reading."""
    mailing = {**LETTER, "text": "{{product.title}} of {{settings.store_name}}"}
    event = await told(flows, mailing, mailing, ARCHIVE)
    own = await of_actions(flows, await happens_again(flows, event), 0, 1, 2)
    statements = await of_a_run(flows, await happens_again(flows, event))
    assert len(statements) <= A_RUN + A_STEP * 3 + len(own), "\n".join(statements)


async def test_several_runs_are_prepared_together(flows: Flows) -> None:
    event = await told(flows, LETTER)
    claimed = [await taken(flows, await delivered(flows, await happens_again(flows, event))) for _ in range(5)]
    with flows.gateway.counting() as statements:
        assert len(await flows.sender.prepare(claimed)) == 5
    assert len(statements) == 2, "\n".join(statements)

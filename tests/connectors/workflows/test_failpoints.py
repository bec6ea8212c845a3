"""A failure between any two statements of a run, before and after each commit: the status changes once, and what
reaches outside twice has the same key both times."""

from typing import Any, Final

import pytest

from db.integration.workflow.row import RunState, StepState
from tests.connectors.workflows.driving import (
    attempted,
    changes,
    delivered,
    driven,
    further,
    happens_again,
    latest_event,
    once,
    stands,
    taken,
    time_passes,
)
from tests.connectors.workflows.flows import Flows
from tests.work.failing import failing

LETTER: Final = {"type": "SEND_EMAIL", "recipient": "admin", "subject": "Changed", "text": "See there."}
WAIT: Final = {"type": "WAIT", "minutes": 60}
SAVE: Final = """mutation ($input: WorkflowConfigureInput!) {
  workflowConfigure(input: $input) { userErrors { code } } }"""
ARCHIVE: Final = {"type": "UPDATE_STATUS", "status": "draft"}
# More statements and commits than either half of a run has.
POINTS: Final = 40


async def begun(flows: Flows, title: str) -> tuple[int, int]:
    """An event and its delivery."""
    await flows.edited(title, status="PUBLISH")
    event = await latest_event(flows)
    return event, await delivered(flows, event)


async def over(flows: Flows, event: int, letters: int) -> None:
    """The run of this event has done all that it should, once."""
    assert await stands(flows, event) == (RunState.COMPLETED, [StepState.COMPLETED] * 4)
    assert await changes(flows, event) == 1
    keys = flows.letters.keys[letters:]
    # Neither is forgotten, and either may be repeated, under its key.
    assert len(set(keys)) == 2
    assert len(keys) <= 4


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_wherever_it_fails_each_status_changes_once(flows: Flows, after: bool) -> None:
    """Before its wait, and behind it."""
    await flows.configured(LETTER, WAIT, ARCHIVE, LETTER)
    first, _ = await begun(flows, "First")
    database, sender = flows.gateway.database, flows.sender
    for at in range(1, POINTS):
        letters = len(flows.letters.sent)
        event = await happens_again(flows, first)
        claimed = await taken(flows, await delivered(flows, event))
        with failing(database, at, after=after) as before:
            await driven(sender, claimed)
        (waited,) = await further(flows, claimed.delivery_id)
        await time_passes(flows)
        claimed = await taken(flows, waited)
        with failing(database, at, after=after) as behind:
            await driven(sender, claimed)
        await over(flows, event, letters)
        if max(len(before), len(behind)) < at:
            break  # both had come to their ends before
    assert 8 < at < POINTS - 1


async def test_two_workers_at_one_run_do_each_step_once(flows: Flows) -> None:
    """One that was taken for dead, and whoever has its delivery since."""
    await flows.configured(LETTER, ARCHIVE)
    event, delivery = await begun(flows, "Both")
    sender = flows.sender
    answers = flows.letters.answers
    overtaken: list[bool] = []

    async def overtaking(**letter: Any) -> Any:
        flows.letters.sent.append(letter)
        if not overtaken:
            overtaken.append(True)
            await once(flows, sender, delivery, 2)
        return answers(letter)

    object.__setattr__(flows.gateway.messengers, "send_email", overtaking)
    await once(flows, sender, delivery)
    assert len(flows.letters.sent) == 2
    assert len(set(flows.letters.keys)) == 1
    assert await changes(flows, event) == 1
    (run,) = await flows.runs()
    assert (run["state"], [one["attemptCount"] for one in run["steps"]["nodes"]]) == ("COMPLETED", [2, 1])


async def test_a_run_takes_four_statements_and_a_step_two(flows: Flows) -> None:
    """Beside what its steps do themselves: a letter without smart codes takes none."""
    workflow = await flows.configured(LETTER)
    counts = {}
    for steps in (1, 3, 5):
        saved = await flows.ask(SAVE, flows.partner, id=workflow, steps=[LETTER] * steps)
        assert saved == {"userErrors": []}
        _, delivery = await begun(flows, f"Of {steps}")
        claimed = await taken(flows, delivery)
        with flows.gateway.counting() as statements:
            await attempted(flows.sender, claimed)
        counts[steps] = statements
    assert len(flows.letters.sent) == 9
    assert {steps: len(found) for steps, found in counts.items()} == {1: 6, 3: 10, 5: 14}, counts

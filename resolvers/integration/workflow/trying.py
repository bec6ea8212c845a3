"""What a workflow would do, without doing it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import select

from connectors.webhooks.making import NotPermitted, Read
from connectors.webhooks.query import Unanswered
from connectors.webhooks.request import LARGEST_BODY, Exact, Unmakeable
from connectors.webhooks.trying import tried
from connectors.workflows.actions import About, Actions, Change, Letter, Made, Notice, Queried
from connectors.workflows.deeds import Deeds
from db.access import holder
from db.access.viewer import SYSTEM, Viewer
from db.integration import visibility
from db.integration.workflow.program import known, wanted
from db.integration.workflow.row import WorkflowRow
from db.integration.workflow.trigger import TRIGGERS
from db.secrets.encrypted import NoSecretKey
from db.store.row import table
from engine.standard.context import Context
from engine.unit.perform import perform
from engine.values import identity
from engine.values.errors import CodedError
from resolvers.access.caller import caller

WORKFLOW: Final = table(WorkflowRow)
# What a sample is called where nothing is done.
SAMPLE: Final = "0" * 32
NOBODY: Final = "Nobody has saved it here, or whoever did is gone: save it"
# Of all steps together: as much as one webhook may tell.
LARGEST: Final = LARGEST_BODY
TOO_MUCH: Final = f"It is not shown: the steps before it and it say more than {LARGEST} bytes"
DENIED: Final = "It tells what you, or whoever saved it, may not read"


@dataclass(frozen=True, slots=True)
class Tried:
    """A step: what it would do, or why it would not. `place` is from 0."""

    place: int
    type: str
    made: Made | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Trial:
    """`real`: the event happened; else it is a sample."""

    event: str
    real: bool
    holds: bool
    steps: list[Tried]


async def dry_run(context: Context, actions: Actions, deeds: Deeds, *, id: str) -> Trial | str | None:
    """What a workflow would do on the latest event of its trigger, or on a sample. A sentence where it would do
    nothing, and None where there is no such workflow."""
    viewer = caller(context.viewer)
    return await context.apart(partial(_dry_run, context, actions, deeds, identity.decode(id).key, viewer))


async def _dry_run(context: Context, actions: Actions, deeds: Deeds, guid: str, asked: Viewer) -> Trial | str | None:
    statement = select(WORKFLOW).where(WORKFLOW.c.guid == guid, visibility.workflows(asked))
    async with context.database.read() as connection:
        row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            return None
        saver = SYSTEM if row["managed"] else None
        if row["saved_by"]:
            saver = await holder.acting(connection, row["saved_by"])
        if saver is None:
            return NOBODY
        # Nobody learns more by somebody else's workflow than by asking.
        both = Viewer(saver.id, saver.name, saver.permissions & asked.permissions, saver.kind, user_id=saver.user_id)
        happened = await tried(connection, TRIGGERS[row["trigger"]].event, both)
    about = About(row["entity_type"], happened, both, row["steps"], row["concealed"], SAMPLE, Read())
    found = known(about.entity, (await actions.data(about)).conditions, happened.payload)
    holds = wanted(row["conditions"], row["conditionals"], found)
    steps: list[Tried] = []
    room = LARGEST
    for place in range(len(about.steps)):
        step = await _step(context, actions, deeds, about, place) if room > 0 else _unshown(about, place)
        room -= _size(step.made)
        steps.append(step if room >= 0 else _unshown(about, place))
    return Trial(happened.name, happened.id != 0, holds, steps)


def _size(made: Made | None) -> int:
    """Of what is shown of a step, in bytes, about."""
    match made:
        case Exact():
            return len(made.url) + len(made.body or b"")
        case Queried():
            return _size(made.exact)
        case Letter() | Notice():
            return len(made.text.encode())
    return 0


def _unshown(about: About, place: int) -> Tried:
    return Tried(place, about.steps[place]["type"], None, TOO_MUCH)


async def _step(context: Context, actions: Actions, deeds: Deeds, about: About, place: int) -> Tried:
    type_ = about.steps[place]["type"]
    try:
        made = await actions.made(about, place)
    except NotPermitted:
        return Tried(place, type_, None, DENIED)
    except (Unmakeable, Unanswered) as failed:
        return Tried(place, type_, None, failed.reason)
    except NoSecretKey as lacking:
        return Tried(place, type_, None, lacking.message)
    return Tried(place, type_, made, await _refused(context, deeds, about, made))


async def _refused(context: Context, deeds: Deeds, about: About, made: Made) -> str | None:
    """Why a change would not be made."""
    if not isinstance(made, Change):
        return None
    asked: Mapping[str, Any] = made.input
    try:
        outcome = await perform(deeds[made.mutation], asked, about.viewer, context.database, dry=True)
    except CodedError as error:
        return error.message
    return "; ".join(error.message for error in outcome.errors) or None

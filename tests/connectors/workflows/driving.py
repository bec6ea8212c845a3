"""Deliveries to workflows without a worker: one after the other, and what a failing one says is what its test sees."""

from contextlib import suppress
from dataclasses import replace

from sqlalchemy import func, insert, literal, select, update

from connectors.delivery.sender import Claimed, Outcome
from connectors.workflows.sender import Workflows
from db.catalog.product import ProductRow, ProductStatus
from db.integration.workflow.row import RunState, StepState
from db.store.outbox import EVENT
from db.store.row import now, table
from db.work.delivery import DeliveryRow
from db.work.replay import enqueue
from db.work.target import TargetRow
from engine.values.errors import Unavailable
from tests.connectors.workflows.flows import RUN, STEP, Flows
from tests.work.failing import Broken

DELIVERY = table(DeliveryRow)
MOST_ATTEMPTS = 4
TARGET = table(TargetRow)
PRODUCT_ROWS = table(ProductRow)


async def latest_event(flows: Flows) -> int:
    async with flows.gateway.database.read() as connection:
        found: int = (await connection.execute(select(func.max(EVENT.c.id)))).scalar_one()
    return found


async def happens_again(flows: Flows, event: int) -> int:
    """The same once more, of a product that is published: a row, which is cheaper than a mutation. The event's id."""
    given = ("name", "entity", "version", "changed", "payload", "caller", "depth")
    rows = select(*[EVENT.c[name] for name in given], literal(now(), EVENT.c.occurred_at.type))
    made = insert(EVENT).from_select([*given, "occurred_at"], rows.where(EVENT.c.id == event)).returning(EVENT.c.id)
    published = update(PRODUCT_ROWS).where(PRODUCT_ROWS.c.id == 1).values(status=ProductStatus.PUBLISH)
    async with flows.gateway.database.write() as connection:
        await connection.execute(published)
        found: int = (await connection.execute(made)).scalar_one()
        await connection.commit()
    return found


async def stands(flows: Flows, event: int) -> tuple[RunState, list[StepState]]:
    """How far the run of an event is."""
    found = select(RUN.c.state, STEP.c.state).join(STEP, STEP.c.run_id == RUN.c.id).where(RUN.c.event_id == event)
    async with flows.gateway.database.read() as connection:
        rows = (await connection.execute(found.order_by(STEP.c.position))).all()
    return rows[0][0], [row[1] for row in rows]


async def changes(flows: Flows, event: int) -> int:
    """How many events it has led to."""
    led = select(func.count()).select_from(EVENT).where(EVENT.c.cause == f"event:{event}")
    async with flows.gateway.database.read() as connection:
        return (await connection.execute(led)).scalar_one()


async def delivered(flows: Flows, event: int) -> int:
    """To the only workflow there is; the delivery's id."""
    async with flows.gateway.database.write() as connection:
        target = (await connection.execute(select(TARGET.c.id).where(TARGET.c.kind == "workflow"))).scalar_one()
        made = await enqueue(connection, target, event)
        await connection.commit()
    assert made is not None
    return made


async def further(flows: Flows, delivery: int) -> list[int]:
    """Deliveries of the same event that have followed, by their ids."""
    event = select(DELIVERY.c.event_id).where(DELIVERY.c.id == delivery).scalar_subquery()
    found = select(DELIVERY.c.id).where(DELIVERY.c.event_id == event, DELIVERY.c.id > delivery).order_by(DELIVERY.c.id)
    async with flows.gateway.database.read() as connection:
        return list((await connection.execute(found)).scalars())


async def time_passes(flows: Flows) -> None:
    """What runs wait for is over."""
    async with flows.gateway.database.write() as connection:
        await connection.execute(update(RUN).where(RUN.c.resumes.is_not(None)).values(resumes=0))
        await connection.commit()


async def taken(flows: Flows, delivery: int, attempt: int = 1) -> Claimed:
    found = select(DELIVERY, TARGET.c.key.label("target_key")).join(TARGET, TARGET.c.id == DELIVERY.c.target_id)
    async with flows.gateway.database.read() as connection:
        row = (await connection.execute(found.where(DELIVERY.c.id == delivery))).one()
    return Claimed(row.id, row.event_id, row.target_id, row.target_key, row.key, attempt, row.replay, now())


async def attempted(sender: Workflows, claimed: Claimed) -> Outcome:
    prepared = (await sender.prepare([claimed]))[claimed.delivery_id]
    return prepared if isinstance(prepared, Outcome) else await sender.send(claimed, prepared)


async def once(flows: Flows, sender: Workflows, delivery: int, attempt: int = 1) -> Outcome:
    """One attempt."""
    return await attempted(sender, await taken(flows, delivery, attempt))


async def driven(sender: Workflows, claimed: Claimed) -> Outcome:
    """Again where the database fails: once, and for whoever has its connection next."""
    for attempt in range(1, MOST_ATTEMPTS):
        with suppress(Broken, Unavailable):
            return await attempted(sender, replace(claimed, attempt=attempt))
    return await attempted(sender, replace(claimed, attempt=MOST_ATTEMPTS))

"""A store with workflows, whoever they write to, and a worker in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlmodel import col

from connectors.delivery.policy import Policy
from connectors.delivery.sender import Outcome
from connectors.outbound.client import Outbound
from connectors.workflows.actions import Actions
from connectors.workflows.deeds import Deeds
from connectors.workflows.messengers import Messengers
from connectors.workflows.running import Running
from connectors.workflows.sender import Workflows
from db.access.token import TokenRow
from db.access.viewer import Viewer, ViewerKind
from db.integration.workflow.row import WorkflowRunRow, WorkflowStepRow
from db.integration.workflow.trigger import TRIGGERS
from db.store.row import table
from engine.values import identity
from server.work.worker import Worker
from tests import factories
from tests.connectors.outbound.receiver import LOOPBACK
from tests.gateway import ADMIN, Gateway
from tests.work.shop import PACE, QUICK, until

PARTNER: Final = 7  # a token
PERMISSIONS: Final = frozenset(
    {"integrations/view", "integrations/manage", "integrations/delete", "products/view", "products/edit"}
    | {"orders/view", "orders/manage_statuses", "customers/view", "customers/manage"}
)
PRODUCT: Final = identity.encode("Product", 1)
CONFIGURE: Final = """
mutation Configure($input: WorkflowConfigureInput!) {
  workflowConfigure(input: $input) { workflow { id guid } userErrors { code message field } }
}"""
EDIT: Final = """
mutation Edit($input: ProductUpdateInput!) {
  productUpdate(input: $input) { product { title } userErrors { code message field } }
}"""
READ: Final = """
query Runs($state: WorkflowRunState) {
  workflowRuns(filter: {state: {eq: $state}}, sort: [{field: ID, direction: ASC}]) {
    nodes { id state paused step error steps { nodes { position type state attemptCount error request } } }
  }
}"""
RUN: Final = table(WorkflowRunRow)
STEP: Final = table(WorkflowStepRow)


@dataclass
class Letters:
    """What stands for a mail server: letters by their keys, and what each is answered."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    answers: Callable[[dict[str, Any]], Outcome] = lambda _letter: Outcome.delivered()

    async def __call__(self, **letter: Any) -> Outcome:
        self.sent.append(letter)
        await asyncio.sleep(0)
        return self.answers(letter)

    @property
    def keys(self) -> list[str]:
        return [one["key"] for one in self.sent]


@dataclass
class Flows:
    gateway: Gateway
    partner: Viewer
    letters: Letters
    notices: Letters

    @property
    def sender(self) -> Workflows:
        return self.made_sender(QUICK)

    def made_sender(self, policy: Policy) -> Workflows:
        units = self.gateway.units
        actions = units.port(Actions)
        return Workflows(units, actions, Running(units, actions, units.port(Deeds)), policy)

    async def configured(self, *steps: dict[str, Any], trigger: str = "product_updated", **input: Any) -> str:
        """The id of a new workflow of the partner's."""
        found = TRIGGERS[trigger]
        given = {
            "name": "Say so",
            "entityType": found.entity_type.name,
            "triggerId": found.guid,
            "steps": list(steps),
            **input,
        }
        if given["steps"] == []:
            del given["steps"]
        made = (await self.gateway(CONFIGURE, {"input": given}, self.partner))["workflowConfigure"]
        assert made["userErrors"] == [], made
        found_id: str = made["workflow"]["id"]
        return found_id

    async def refused(self, **input: Any) -> list[tuple[str, list[str]]]:
        """Codes and paths."""
        answer = await self.gateway(CONFIGURE, {"input": input}, self.partner)
        return [(one["code"], one["field"]) for one in answer["workflowConfigure"]["userErrors"]]

    async def edited(self, title: str, **more: Any) -> None:
        said = await self.gateway(EDIT, {"input": {"id": PRODUCT, "title": title, **more}})
        assert said["productUpdate"]["userErrors"] == []

    async def runs(self, state: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.gateway(READ, {"state": state}))["workflowRuns"]["nodes"]
        return found

    async def states(self) -> dict[str, int]:
        counted = select(RUN.c.state, func.count()).group_by(RUN.c.state)
        async with self.gateway.database.read() as connection:
            return {row[0].value: row[1] for row in await connection.execute(counted)}

    async def until(self, **states: int) -> None:
        """Until so many runs are in these states, and none in others."""

        async def reached() -> bool:
            return await self.states() == states

        await until(reached, every=0.03)

    async def ask(self, document: str, viewer: Viewer = ADMIN, **input: Any) -> dict[str, Any]:
        """The only root field of a mutation over `$input`."""
        (answer,) = (await self.gateway(document, {"input": input}, viewer)).values()
        found: dict[str, Any] = answer
        return found

    async def change_token(self, **values: Any) -> None:
        async with self.gateway.database.write() as connection:
            await connection.execute(update(table(TokenRow)).where(col(TokenRow.id) == PARTNER).values(values))
            await connection.commit()

    @asynccontextmanager
    async def working(self, policy: Policy = QUICK) -> AsyncIterator[Worker]:
        worker = Worker(self.gateway.database, [self.made_sender(policy)], policy=policy, pace=PACE)
        self.gateway.units.committed = worker.wake
        async with worker.going_on():
            yield worker


def seeded() -> Sequence[Any]:
    return [
        factories.store(),
        factories.product(1, title="Linen shirt", slug="linen-shirt"),
        factories.variant(1, 1, sku="SHIRT"),
        factories.token(PARTNER, permissions=sorted(PERMISSIONS)),
    ]


@asynccontextmanager
async def flowing(gateway: Gateway, *rows: Any) -> AsyncIterator[Flows]:
    async with Outbound(LOOPBACK) as outbound:
        letters, notices = Letters(), Letters()
        gateway.outbound = outbound
        gateway.messengers = Messengers(letters, notices, "owner@shop.example")
        gateway.units = gateway.made_units()
        await factories.store_rows(gateway, [*seeded(), *rows])
        partner = Viewer(f"token:{PARTNER}", "partner", PERMISSIONS, ViewerKind.TOKEN)
        yield Flows(gateway, partner, letters, notices)

"""As `storegraph serve` puts it together of its settings: a workflow's letter reaches a mail server."""

from pathlib import Path
from typing import Any

import pytest

from connectors.mail.tls import MailTls
from db.access.viewer import Viewer, ViewerKind
from db.integration.workflow.trigger import TRIGGERS
from db.secrets.encrypted import unlock
from db.store.database import Database
from server.graphql.executor import executor as made_executor
from server.ports import opened_ports
from server.settings.settings import Settings, describe
from server.work import assembly
from server.work.worker import Nobody
from tests import factories
from tests.connectors.mail_server import mail_server
from tests.connectors.workflows.flows import CONFIGURE, EDIT, PARTNER, PERMISSIONS, PRODUCT, seeded
from tests.gateway import ADMIN, KEYRING, Gateway
from tests.work.shop import until


async def test_a_letter_arrives(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in describe():
        monkeypatch.delenv(setting.variable, raising=False)
    letter = {"type": "SEND_EMAIL", "recipient": "admin", "subject": "{{product.title}}", "text": "Changed."}
    partner = Viewer(f"token:{PARTNER}", "partner", PERMISSIONS, ViewerKind.TOKEN)
    trigger: dict[str, Any] = {"name": "Say so", "entityType": "PRODUCT", "triggerId": TRIGGERS["product_updated"].guid}
    database = Database.open(database_url, pool_size=5)
    unlock(database, lambda: KEYRING)
    async with mail_server() as mail:
        settings = Settings(
            database_url=database_url,
            mail_host="127.0.0.1",
            mail_port=mail.port,
            mail_tls=MailTls.NONE,
            mail_from="The shop <shop@shop.example>",
            mail_admin="owner@shop.example",
        )
        executor = made_executor(settings)
        async with opened_ports(settings, database, executor) as ports:
            gateway = Gateway(database, tmp_path)
            gateway.executor, gateway.units = executor, ports.units
            await factories.store_rows(gateway, seeded())
            worker = assembly.worker(settings, database, ports.units, Nobody())
            ports.units.committed = worker.wake
            made = await gateway(CONFIGURE, {"input": {**trigger, "steps": [letter]}}, partner)
            assert made["workflowConfigure"]["userErrors"] == []
            async with worker.going_on():
                said = await gateway(EDIT, {"input": {"id": PRODUCT, "title": "Linen shirt, dyed"}}, ADMIN)
                assert said["productUpdate"]["userErrors"] == []
                await until(lambda: mail.letters)
                asked = "{ workflowRuns { nodes { state error } } }"
                completed = {"nodes": [{"state": "COMPLETED", "error": None}]}

                async def over() -> bool:
                    return bool((await gateway(asked))["workflowRuns"] == completed)

                await until(over)
    await database.close()
    (sent,) = mail.letters
    assert (sent["Subject"], sent["To"]) == ("Linen shirt, dyed", "owner@shop.example")
    assert sent["From"] == "The shop <shop@shop.example>"

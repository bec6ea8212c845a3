"""The reference clients of both protocols, those that follow through them, and gql, at a real gateway."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from server.settings.settings import Settings
from tests.clients.shop import TOKEN, Shop
from tests.clients.workspace import Workspace, run
from tests.live.talking import serving
from tests.recorded import Imported


@pytest.fixture
def live_shop(imported_on_sqlite: Imported) -> Iterator[Shop]:
    with (
        imported_on_sqlite.copy() as url,
        serving(Settings(database_url=url, admin_token=SecretStr(TOKEN))) as gateway,
    ):
        yield Shop(gateway)


def test_clients_of_both_protocols_follow_a_product(workspace: Workspace, live_shop: Shop) -> None:
    product = live_shop.glance()["id"]

    saw = json.loads(workspace.node("web/live/walk.mjs", **live_shop.environment(STOREGRAPH_PRODUCT=product)))

    assert saw == {
        "ws": {"seen": ["Socket 1", "Socket 2"], "refused": ["BAD_USER_INPUT"]},
        "sse": {"seen": ["Stream 1", "Stream 2"], "refused": ["BAD_USER_INPUT"]},
        "apollo": ["Apollo 1", "Apollo 2"],
        "urql": ["urql 1", "urql 2"],
        "closed": 4403,
    }


def test_gql_follows_a_product(python_folder: Path, client_python: Path, live_shop: Shop) -> None:
    given = live_shop.environment(STOREGRAPH_PRODUCT=live_shop.glance()["id"])

    saw = json.loads(run(client_python, python_folder / "gql_live.py", cwd=python_folder, **given))

    assert saw == ["gql 1", "gql 2"]

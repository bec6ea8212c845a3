"""`storegraph user …` and `storegraph token …`, on both databases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import pytest
from pydantic import SecretStr

from server.settings.settings import Settings
from tests.server.running import running

Here: TypeAlias = Callable[..., tuple[int, str, str]]
PASSWORD = "correct horse battery"


@pytest.fixture
def command(storegraph_here: Here, database_url: str, tmp_path: Path) -> Callable[..., str]:
    """Runs a command that has to work; what it printed."""
    from db import migrations

    migrations.upgrade(database_url)

    def run(*arguments: str, **environment: str) -> str:
        code, out, err = storegraph_here(*arguments, DATABASE_URL=database_url, **environment)
        assert code == 0, err
        return out

    return run


def lines(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_the_first_administrator_and_others(
    command: Callable[..., str], storegraph_here: Here, database_url: str
) -> None:
    def refused(*arguments: str, **environment: str) -> str:
        code, out, err = storegraph_here(*arguments, DATABASE_URL=database_url, **environment)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        return err

    assert "STOREGRAPH_USER_PASSWORD" in refused("user", "create", "eve", "--email", "eve@example.com")
    made = command(
        "user", "create", "Ann", "--email", "ann@example.com", "--role", "super_admin", USER_PASSWORD=PASSWORD
    )
    assert made == "User ann, super_admin.\n"
    command("user", "create", "bob", "--email", "bob@example.com", "--no-password", "--name", "Bob")
    command("user", "role", "BOB@example.com", "manager")
    command("user", "deactivate", "bob")
    assert lines(command("user", "list")) == [
        ["ann", "ann@example.com", "super_admin", ""],
        ["bob", "bob@example.com", "manager", "inactive"],
    ]
    command("user", "activate", "bob")
    command("user", "role", "bob")
    command("user", "password", "bob", USER_PASSWORD=f"{PASSWORD}!")
    with running(Settings(database_url=database_url)) as client:
        assert signed_in(client, "ann", PASSWORD)
        assert signed_in(client, "bob", f"{PASSWORD}!")
        assert not signed_in(client, "bob", PASSWORD)
    command("user", "delete", "bob")
    assert lines(command("user", "list")) == [["ann", "ann@example.com", "super_admin", ""]]

    assert "last active super admin" in refused("user", "delete", "ann")
    assert "There is no user 'nobody'" in refused("user", "role", "nobody", "worker")
    assert "There is no role 'emperor'" in refused("user", "role", "ann", "emperor")
    assert "at least 12 characters" in refused("user", "password", "ann", USER_PASSWORD="short")
    taken = refused("user", "create", "ANN", "--email", "ann@example.com", "--no-password")
    assert "login is taken already; email is taken already" in taken


def signed_in(client: httpx2.Client, login: str, password: str) -> bool:
    document = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }"
    variables: dict[str, Any] = {"input": {"login": login, "password": password}}
    answer = client.post("/graphql", json={"query": document, "variables": variables}).json()
    return answer["data"]["signIn"]["token"] is not None


def test_a_token_from_its_making_to_its_end(command: Callable[..., str], database_url: str) -> None:
    first = command("token", "create", "--name", "machine", "--permission", "products/manage").strip()
    shop = command("token", "create", "--name", "shop", "--storefront", "--hourly", "50").strip()
    assert shop.startswith("sg_storefront_")
    (newest, oldest) = lines(command("token", "list"))
    assert newest[1:5] == ["shop", "STOREFRONT", f"…{shop[-4:]}", "0"]
    assert oldest[1:5] == ["machine", "MACHINE", f"…{first[-4:]}", "2"]
    second = command("token", "rotate", oldest[0]).strip()
    third = command("token", "rotate", newest[0], "--overlap", "0").strip()
    with running(Settings(database_url=database_url, admin_token=SecretStr("known-admin-token"))) as client:

        def status(secret: str) -> int:
            headers = {"Authorization": f"Bearer {secret}"}
            return client.post("/graphql", json={"query": "{ __typename }"}, headers=headers).status_code

        assert [status(secret) for secret in (first, second, shop, third)] == [200, 200, 401, 200]
    assert command("token", "revoke", oldest[0]) == f"Token {oldest[0]} is revoked.\n"
    with running(Settings(database_url=database_url)) as client:
        assert [status(secret) for secret in (first, second, third)] == [401, 401, 200]
        entries = client.post(
            "/graphql",
            json={"query": "{ auditLog { nodes { action actorKind actorName } } }"},
            headers={"Authorization": "Bearer known-admin-token"},
        ).json()["data"]["auditLog"]["nodes"]
    by_command = [entry["action"] for entry in entries if entry["actorKind"] == "SYSTEM"]
    assert by_command == ["tokenRevoke", "tokenRotate", "tokenRotate", "tokenCreate", "tokenCreate"]

"""Users and their credentials for tests: made through the gateway, as anyone makes them."""

from typing import Any

from db.access import holder
from db.access.viewer import ANONYMOUS, Viewer
from tests.gateway import ADMIN, Gateway

PASSWORD = "correct horse battery"

CREATE = """
mutation Create($input: UserCreateInput!) {
  userCreate(input: $input) { user { id databaseId } userErrors { code message field } }
}"""
SIGN_IN = """
mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { token expiresAt userErrors { code message field } }
}"""


async def user(gateway: Gateway, login: str, role: str | None = None, **values: Any) -> str:
    """The global id of a new user with this role."""
    given = {"login": login, "email": f"{login}@example.com", "role": role, "password": PASSWORD, **values}
    made = (await gateway(CREATE, {"input": given}))["userCreate"]
    assert made["userErrors"] == []
    id_: str = made["user"]["id"]
    return id_


async def signed_in(gateway: Gateway, login: str, password: str = PASSWORD) -> Viewer:
    """Who asks with the token that signing in gives."""
    said = (await gateway(SIGN_IN, {"input": {"login": login, "password": password}}, ANONYMOUS))["signIn"]
    assert said["userErrors"] == []
    return await of_session(gateway, said["token"])


async def of_session(gateway: Gateway, token: str) -> Viewer:
    async with gateway.database.read() as connection:
        held = await holder.of_session(connection, token)
    assert held is not None
    return held.viewer


async def errors(
    gateway: Gateway, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN
) -> list[tuple[str, list[str] | None]]:
    """Codes and fields of the user errors of a document's one mutation."""
    (said,) = (await gateway(document, variables, viewer)).values()
    return [(e["code"], e["field"]) for e in said["userErrors"]]


async def refused_code(
    gateway: Gateway, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN
) -> tuple[str, str | None]:
    """Code and permission of the one error of a document that was executed."""
    answer = await gateway.answer(document, variables, viewer)
    (error,) = answer.body["errors"]
    return error["extensions"]["code"], error["extensions"].get("permission")

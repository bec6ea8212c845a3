"""Mutations by their name: the input in, the payload out."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLObjectType

from db.access.viewer import Viewer
from schema.root import schema
from tests.gateway import ADMIN, Gateway

ALWAYS = "events { name entityId version changedFields } userErrors { code message field }"


def _input_type(mutation: str) -> str:
    root = schema.core.type_map["Mutation"]
    assert isinstance(root, GraphQLObjectType)
    type_ = root.fields[mutation].args["input"].type.of_type
    assert isinstance(type_, GraphQLInputObjectType)
    return type_.name


async def perform(
    gateway: Gateway,
    mutation: str,
    input: Mapping[str, Any],
    selection: str = "",
    *,
    viewer: Viewer = ADMIN,
    key: str | None = None,
    dry: bool = False,
) -> dict[str, Any]:
    """The payload: the selection, `events` of a dry run and `userErrors`."""
    document = f"""
    mutation Do($input: {_input_type(mutation)}!, $key: String, $dry: Boolean! = false) {{
      {mutation}(input: $input, idempotencyKey: $key, validateOnly: $dry) {{ {selection} {ALWAYS} }}
    }}
    """
    payload: dict[str, Any] = (await gateway(document, {"input": input, "key": key, "dry": dry}, viewer))[mutation]
    return payload


async def done(gateway: Gateway, mutation: str, input: Mapping[str, Any], selection: str = "", **how: Any) -> Any:
    """The payload of a mutation that has to succeed."""
    payload = await perform(gateway, mutation, input, selection, **how)
    assert payload["userErrors"] == [], payload["userErrors"]
    return payload


async def refused(gateway: Gateway, mutation: str, input: Mapping[str, Any], **how: Any) -> list[tuple[str, str]]:
    """The code and field of each user error of a mutation that has to fail."""
    payload = await perform(gateway, mutation, input, **how)
    assert payload["userErrors"]
    return [(error["code"], ".".join(error["field"] or [])) for error in payload["userErrors"]]

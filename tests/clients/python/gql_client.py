# mypy: disable-error-code="import-not-found"
"""A client that refuses a document before it is sent, and the documents of a front end."""

from pathlib import Path

from gql import Client
from gql.transport.httpx import HTTPXAsyncTransport
from graphql import DocumentNode, parse
from graphql.utilities import separate_operations


def gql_client(url: str, token: str, sdl: str) -> Client:
    return Client(transport=HTTPXAsyncTransport(url, headers={"Authorization": f"Bearer {token}"}), schema=sdl)


def operations(folder: Path) -> dict[str, DocumentNode]:
    """Every operation by its name, with the fragments that it spreads."""
    files = sorted(folder.glob("*.graphql"))
    return separate_operations(parse("\n".join(file.read_text(encoding="utf-8") for file in files)))

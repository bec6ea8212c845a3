"""Manifests of trusted documents, as the tools of front ends write them, and their registration."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from graphql import OperationDefinitionNode, parse

from db.access import audit, document
from db.access.document import TrustedDocumentRow
from db.access.viewer import SYSTEM
from db.store.database import Database
from engine.declared.deprecation import deprecated_uses
from engine.document.request import RequestErrors
from engine.standard.execution import Executor
from engine.standard.schema import Schema
from server.settings.mistake import Mistake

_APOLLO: Final = "apollo-persisted-query-manifest"
_PREFIX: Final = "sha256:"
# The specification's UnreservedCharacter; a colon only after a prefix that applications may use.
_ID: Final = re.compile(r"(x-[A-Za-z0-9._~-]+:)?[A-Za-z0-9._~-]{1,200}")
_CLIENT: Final = re.compile(r"[A-Za-z0-9._~/@ -]{1,100}")
_FORMATS: Final = (
    "a JSON object of documents by id (graphql-codegen, Relay), or an Apollo manifest with `format` and `operations`"
)


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Registration:
    """How many documents of a manifest were new, and how many were there."""

    new: int
    known: int


def read(path: Path) -> list[Entry]:
    """Raises Mistake for a file that is no manifest."""
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise Mistake(f"{path}: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise Mistake(f"{path} is no JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    try:
        entries = list(_entries(content))
    except (TypeError, KeyError, AttributeError):
        raise Mistake(f"{path} is no manifest; it must be {_FORMATS}") from None
    if not entries:
        raise Mistake(f"{path} has no documents")
    return entries


def _entries(content: Any) -> Iterator[Entry]:
    pairs = content.items()
    if content.get("format") == _APOLLO:
        pairs = ((operation["id"], operation["body"]) for operation in content["operations"])
    for id_, text in pairs:
        if not isinstance(id_, str) or not isinstance(text, str):
            raise TypeError
        yield Entry(id_, text)


def check(entries: Sequence[Entry], executor: Executor) -> list[str]:
    """All that is wrong with the entries: ids that no request could carry, documents that the schema refuses."""
    wrong: list[str] = []
    texts: dict[str, str] = {}
    for entry in entries:
        id_ = entry.id.removeprefix(_PREFIX)
        if not _ID.fullmatch(id_):
            wrong.append(f"{entry.id[:100]!r} is no id: write letters, digits and - . _ ~")
        elif entry.id != id_ and id_ != hashlib.sha256(entry.text.encode()).hexdigest():
            wrong.append(f"{entry.id}: this is not the hash of its document")
        elif texts.setdefault(id_, entry.text) != entry.text:
            wrong.append(f"{entry.id}: two documents have this id")
        wrong.extend(f"{entry.id[:100]}: {problem}" for problem in problems(entry.text, executor))
    return wrong


def problems(text: str, executor: Executor) -> list[str]:
    """What the schema says against a document."""
    try:
        found = executor.document(text)
    except RequestErrors as refused:
        return [_line(error) for error in refused.errors]
    return [] if found.operations else ["the document has no operation"]


def deprecations(text: str, schema: Schema) -> list[str]:
    """What a valid document uses that is on its way out."""
    return deprecated_uses(schema.core, parse(text))


def _line(error: dict[str, Any]) -> str:
    places = ", ".join(f"line {at['line']}, column {at['column']}" for at in error.get("locations", ()))
    return f"{error['message']}{f' ({places})' if places else ''}"


async def register(database: Database, client: str, entries: Sequence[Entry], executor: Executor) -> Registration:
    """Store a client's documents beside those that it has, all or none. Raises Mistake with all that is wrong."""
    if not _CLIENT.fullmatch(client):
        raise Mistake("--client takes up to 100 letters, digits and - . _ ~ / @")
    wrong = check(entries, executor)
    texts = {entry.id.removeprefix(_PREFIX): entry.text for entry in entries}
    async with database.write() as connection:
        there = await document.registered(connection, list(texts))
        wrong.extend(
            f"{id_}: {rows[0].client} has registered another document under this id"
            for id_, rows in there.items()
            if rows[0].text != texts[id_]
        )
        if wrong:
            listed = "\n  ".join(dict.fromkeys(wrong))
            raise Mistake(f"nothing was registered, {len(dict.fromkeys(wrong))} mistakes:\n  {listed}")
        new = [id_ for id_ in texts if all(row.client != client for row in there.get(id_, ()))]
        await document.register(
            connection,
            [
                TrustedDocumentRow(client=client, document_id=id_, text=texts[id_], operation=_operation(texts[id_]))
                for id_ in new
            ],
        )
        if new:
            told = {"client": client, "documents": len(new)}
            await audit.record(connection, SYSTEM, "documentsRegister", after=told)
        await connection.commit()
    return Registration(len(new), len(texts) - len(new))


def _operation(text: str) -> str | None:
    """The names of its operations."""
    operations = (d for d in parse(text).definitions if isinstance(d, OperationDefinitionNode))
    return ", ".join(o.name.value for o in operations if o.name) or None

"""All documented operations, and where the graph answers them: derived from the declarations."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType

from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.directives import ListSize
from engine.declared.mutation import Performed
from engine.standard.context import Context
from engine.standard.schema import Schema

_DOCUMENTED: Final = tuple(orjson.loads(Path(__file__).with_name("documented.json").read_bytes()))


@strawberry.type(description="An operation of the documented REST APIs.")
class DocumentedOperation:
    number: int = strawberry.field(
        description="Its place in the documents, from 1: the folder of its example has the same."
    )
    rest: str = strawberry.field(description="As documented: `GET /products/{product}`.")
    group: str = strawberry.field(description="What the documents file it under.")
    field: str | None = strawberry.field(
        description="Where the graph answers it: `Query.product`; null while it does not, and for who may not see the "
        "schema."
    )
    permissions: list[str] = strawberry.field(description="Any of these; none for public operations.")
    events: list[str] = strawberry.field(description="What its mutation writes; empty for who may not see the schema.")
    example: str | None = strawberry.field(description="A document to start from; null where `field` is.")


@strawberry.type(description="What this gateway covers of the documented REST APIs.")
class Catalogue:
    operations: list[DocumentedOperation] = strawberry.field(
        directives=[ListSize(assumed_size=len(_DOCUMENTED))], description="All of them, by their numbers."
    )


async def catalogue(context: Context) -> Catalogue:
    from schema.root import schema  # the catalogue describes the schema that it is part of

    # The first answer reads the examples' files, in a thread: others are served meanwhile.
    operations = await asyncio.to_thread(_operations, schema)
    if not context.openness.introspection:
        operations = [replace(one, field=None, events=[], example=None) for one in operations]
    return Catalogue(operations=operations)


@cache
def _operations(schema: Schema) -> list[DocumentedOperation]:
    places = dict(_places(schema))
    return [_operation(row, places) for row in _DOCUMENTED]


def _operation(row: Mapping[str, Any], places: Mapping[str, tuple[str, DeclaredField]]) -> DocumentedOperation:
    rest = f"{row['method']} {row['path']}"
    where, field = places.get(rest, (None, None))
    declaration = field.declaration if field else None
    return DocumentedOperation(
        number=row["number"],
        rest=rest,
        group=row["group"],
        field=where,
        permissions=row["permission"],
        events=list(declaration.mutation.emits) if isinstance(declaration, Performed) else [],
        example=_example(row["number"]) if where else None,
    )


def _places(schema: Schema) -> Iterator[tuple[str, tuple[str, DeclaredField]]]:
    """Each documented operation that a field declares, with that field."""
    for type_ in schema.core.type_map.values():
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for name, core in type_.fields.items():
            field = (core.extensions or {}).get(DEFINITION)
            if isinstance(field, DeclaredField):
                for rest in field.rest:
                    yield rest, (f"{type_.name}.{name}", field)


def _example(number: int) -> str | None:
    found = _examples().get(f"{number:03}")
    return found.read_text() if found else None


@cache
def _examples() -> Mapping[str, Path]:
    """By the numbers of their operations, the documents that their tests start with. A checkout has them there, a wheel
    beside this file."""
    folders = (Path(__file__).parent.parent / "tests" / "operations", Path(__file__).with_name("examples"))
    return {file.parent.name[:3]: file for folder in folders for file in folder.glob("[0-9]*-*/query.graphql")}


def coverage() -> tuple[int, int]:
    """How many operations have a field, and how many there are."""
    from schema.root import schema

    return sum(row.field is not None for row in _operations(schema)), len(_DOCUMENTED)


def page() -> str:
    """The text of docs/operations.md."""
    from schema.root import schema

    rows = _operations(schema)
    covered, documented = coverage()
    left = "" if covered == documented else "; the others have no field yet"
    lines = [
        "# Documented operations",
        "",
        "Where the graph answers each operation of the documented REST APIs, derived from the declarations. The same",
        "list with example documents: `{ catalogue { operations { rest field permissions events example } } }`.",
        f"{covered} of {documented} are covered{left}. What they do otherwise than",
        "the documented system is on [a page of its own](differences.md).",
        "",
        "| # | REST | Field | Permission | Events |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        field = f"`{row.field}`" if row.field else ""
        permissions, events = ", ".join(row.permissions), ", ".join(row.events)
        lines.append(f"| {row.number} | `{row.rest}` | {field} | {permissions} | {events} |")
    return "\n".join(lines) + "\n"

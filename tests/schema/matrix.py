"""Who may ask for what, found out by asking: the text of permission_matrix.md.

Every root field is asked for by everyone, and every other field that declares a permission. A mutation is run only for
callers whom it has to refuse: then nothing runs.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, cast

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)
from sqlalchemy import BooleanClauseList, False_, True_, select
from sqlalchemy.sql.elements import AsBoolean, Grouping
from sqlalchemy.sql.operators import and_
from sqlmodel import col

from db.access import holder
from db.access.role import RoleRow
from db.access.viewer import ANONYMOUS, Viewer, ViewerKind
from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.input import IDENTIFIES
from engine.declared.mutation import Performed
from engine.document.bounds import Allowance
from engine.document.request import RequestErrors
from engine.standard.context import Context
from engine.standard.execution import Request
from engine.standard.resolving import resolver
from engine.values.errors import CodedError, ErrorCode
from engine.values.identity import encode
from engine.values.naming import camel
from engine.values.upload import Uploaded
from engine.values.viewer import PUBLIC
from schema.root import schema
from tests.gateway import Gateway

CALLERS: Final = ("anonymous", "storefront", "accountant", "worker", "manager", "super_admin")
REFUSALS: Final = {ErrorCode.FORBIDDEN.value, ErrorCode.UNAUTHENTICATED.value}

SAMPLES: Final[Mapping[str, Any]] = {
    "String": "x",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "Cents": 1,
    "Decimal": "1",
    "JSON": {},
    "URL": "https://shop.example/x",
    "HTML": "x",
    "DateTime": "2030-01-01T00:00:00Z",
    "CurrencyCode": "USD",
    "Upload": Uploaded(Path("nowhere"), "x.txt", 1, "0" * 64),
}


class Asked(NamedTuple):
    """A row of the table: what is asked for, what it declares, and what each caller gets."""

    name: str
    needs: str
    answers: dict[str, str]


async def callers(gateway: Gateway) -> dict[str, Viewer]:
    """Anonymous, a storefront's token, and a person of each role as the migrations make them."""
    found = {"anonymous": ANONYMOUS, "storefront": Viewer("token:1", "shop", kind=ViewerKind.STOREFRONT)}
    async with gateway.database.read() as connection:
        for key in (await connection.execute(select(col(RoleRow.key)))).scalars().all():
            held = await holder.of_roles(connection, [key])
            found[key] = Viewer(f"user:{key}", key, held, ViewerKind.USER, user_id=1)
    return {name: found[name] for name in CALLERS}


def root_fields() -> Iterator[tuple[str, DeclaredField, GraphQLField]]:
    for root in (schema.core.query_type, schema.core.mutation_type, schema.core.subscription_type):
        assert root is not None
        for name, field in root.fields.items():
            yield f"{root.name}.{name}", field.extensions[DEFINITION], field


def guarded_fields() -> Iterator[tuple[str, DeclaredField]]:
    """Fields below the roots that declare a permission."""
    roots = {schema.core.query_type, schema.core.mutation_type, schema.core.subscription_type}
    for type_ in schema.core.type_map.values():
        if isinstance(type_, GraphQLObjectType) and type_ not in roots:
            for name, field in type_.fields.items():
                declared = (field.extensions or {}).get(DEFINITION)
                if isinstance(declared, DeclaredField) and declared.declaration.permission not in (None, PUBLIC):
                    yield f"{type_.name}.{name}", declared


async def asked_roots(gateway: Gateway) -> AsyncIterator[Asked]:
    viewers = await callers(gateway)
    for name, declared, field in root_fields():
        answers = {}
        for caller, viewer in viewers.items():
            refused = await _refused(gateway, name, declared, field, viewer)
            answers[caller] = "–" if refused else "yes"
        yield Asked(name, str(declared.declaration.permission), answers)


async def _refused(gateway: Gateway, name: str, declared: DeclaredField, field: GraphQLField, viewer: Viewer) -> bool:
    context = Context(viewer, gateway.units, cast(Any, None), "test")
    try:
        context.require(str(declared.declaration.permission))
        allowed = True
    except CodedError:
        allowed = False
    if allowed and isinstance(declared.declaration, Performed):
        return False
    if name.startswith("Subscription."):
        return await _not_followed(gateway, request(name, declared, field), viewer)
    answer = await gateway.executor.execute(request(name, declared, field), viewer, gateway.units, "test")
    assert answer.executed, (name, answer.body)
    return any(error["extensions"]["code"] in REFUSALS for error in answer.body.get("errors", ()))


async def _not_followed(gateway: Gateway, asked: Request, viewer: Viewer) -> bool:
    try:
        subscription = await gateway.executor.subscription(asked, viewer, Allowance())
        await subscription.begun(gateway.units, "test")
    except RequestErrors as refused:
        return any(error["extensions"]["code"] in REFUSALS for error in refused.errors)
    return False


def request(name: str, declared: DeclaredField, field: GraphQLField, *, beside: str = "") -> Request:
    """The shortest document that asks for a root field, and for what is `beside` it."""
    kind, _, field_name = name.partition(".")
    identifying = getattr(declared.declaration, "identifying", {})
    variables, places, types = {}, [], []
    for argument_name, argument in field.args.items():
        if not is_required_argument(argument):
            continue
        expected = next((t for n, t in identifying.items() if camel(n) == argument_name), None)
        variables[argument_name] = _sample(argument.type, expected)
        types.append(f"${argument_name}: {argument.type}")
        places.append(f"{argument_name}: ${argument_name}")
    type_ = get_named_type(field.type)
    selection = "" if is_leaf_type(type_) else " { __typename }"
    if type_.name.endswith("Connection"):
        selection = " { nodes { __typename } }"
    declared_variables = f" ({', '.join(types)})" if types else ""
    given = f"({', '.join(places)})" if places else ""
    return Request(f"{kind.lower()} Ask{declared_variables} {{ {field_name}{given}{selection} {beside} }}", variables)


def _sample(type_: Any, identifies: str | None = None) -> Any:
    if isinstance(type_, GraphQLNonNull):
        return _sample(type_.of_type, identifies)
    if isinstance(type_, GraphQLList):
        return [_sample(type_.of_type, identifies)]
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        fields = list(type_.fields.items())
        if type_.is_one_of:
            fields = fields[:1]
        else:
            fields = [(name, field) for name, field in fields if is_required_input_field(field)]
        return {name: _sample(field.type, _identified(field)) for name, field in fields}
    if type_.name == "ID":
        return encode(identifies or "Product", 1)
    return SAMPLES[type_.name]


def _identified(field: Any) -> str | None:
    return cast("str | None", field.extensions[DEFINITION].metadata.get(IDENTIFIES))


async def asked_fields(gateway: Gateway) -> list[Asked]:
    viewers = await callers(gateway)
    return [
        Asked(
            name,
            str(declared.declaration.permission),
            {caller: "yes" if _shown(declared, viewer, gateway) else "–" for caller, viewer in viewers.items()},
        )
        for name, declared in sorted(guarded_fields(), key=lambda one: one[0])
    ]


def _shown(declared: DeclaredField, viewer: Viewer, gateway: Gateway) -> bool:
    """Whether the field gets past its permission; what it then makes of a row that is not there does not matter."""
    info = SimpleNamespace(context=Context(viewer, gateway.units, cast(Any, None), "test"))
    resolve = resolver(declared, schema.taken)
    try:
        found = resolve(SimpleNamespace(row=SimpleNamespace()), info)
    except CodedError as error:
        return error.code.value not in REFUSALS
    except (AttributeError, KeyError, TypeError):
        return True
    if asyncio.iscoroutine(found):
        found.close()
    return True


async def seen_entities(gateway: Gateway) -> list[Asked]:
    """Which rows each caller sees: all, none, or some."""
    viewers = await callers(gateway)
    rows = []
    for name, entity in sorted(schema.entities.items()):
        answers = {}
        for caller, viewer in viewers.items():
            answers[caller] = _seen(entity.visible(viewer))
        rows.append(Asked(name, "visibility", answers))
    return rows


def _seen(predicate: Any) -> str:
    """All rows or none, where that is plain from the predicate alone."""
    if isinstance(predicate, True_):
        return "all"
    if isinstance(predicate, False_):
        return "–"
    if isinstance(predicate, Grouping | AsBoolean):  # `x AND false` is a wrapped false
        return _seen(predicate.element)
    if isinstance(predicate, BooleanClauseList):
        parts = {_seen(part) for part in predicate.clauses}
        decides, rest = ("–", "all") if predicate.operator is and_ else ("all", "–")
        return decides if decides in parts else rest if parts == {rest} else "some"
    return "some"


async def table(gateway: Gateway) -> str:
    roots = [one async for one in asked_roots(gateway)]
    return "\n".join(
        [
            "# Who may ask for what",
            "",
            "Written by `make derive`, by asking. A difference is one in what callers may do: read it as such. The",
            "roles are those that the migrations make.",
            *_section("Root fields", roots),
            *_section("Fields with a permission of their own", await asked_fields(gateway)),
            *_section("Rows", await seen_entities(gateway)),
            "",
        ]
    )


def _section(title: str, rows: list[Asked]) -> list[str]:
    return [
        "",
        f"## {title}",
        "",
        f"| | needs | {' | '.join(CALLERS)} |",
        f"|---|---|{'---|' * len(CALLERS)}",
        *(f"| {one.name} | {one.needs} | {' | '.join(one.answers[c] for c in CALLERS)} |" for one in rows),
    ]

"""What is done to attribute groups and their terms. The titles and slugs of a group's terms differ from each other;
whoever changes one holds its group."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import ColumnElement, Table, delete, func, or_, select

from db.catalog import visibility
from db.catalog.attribute import AttributeGroupRow, AttributeTermRow, VariantAttributeRow
from db.catalog.events import (
    ATTRIBUTE_GROUP_CREATED,
    ATTRIBUTE_GROUP_DELETED,
    ATTRIBUTE_GROUP_UPDATED,
    ATTRIBUTE_TERM_CREATED,
    ATTRIBUTE_TERM_DELETED,
    ATTRIBUTE_TERM_UPDATED,
)
from db.catalog.slug import derived, free
from db.store.row import table
from db.store.writing import add, edit
from engine.declared.input import finds, identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.editing import text
from resolvers.editing.locking import key_of, locked, not_found
from resolvers.editing.position import next_position
from resolvers.editing.updating import differences, named, refuse_outdated

GROUP = table(AttributeGroupRow)
TERM = table(AttributeTermRow)
LINK = table(VariantAttributeRow)
LONGEST_TITLE: Final = 192
LONGEST_SLUG: Final = 192
EDITED: Final = "The version you edited; a newer one makes a CONFLICT and nothing is written."
SLUG: Final = "Made of the title when absent."


@strawberry.input(one_of=True, description="Exactly one of these.")
class AttributeGroupBy:
    id: strawberry.Maybe[strawberry.ID] = finds(AttributeGroupRow.id, identifies="AttributeGroup")
    database_id: strawberry.Maybe[int] = finds(AttributeGroupRow.id, description="The store's own number.")
    slug: strawberry.Maybe[str] = finds(AttributeGroupRow.slug)


@strawberry.input(description="A new kind of difference: colour, size.")
class AttributeGroupCreateInput:
    title: str
    slug: str | None = strawberry.field(default=None, description=SLUG)


@strawberry.input(description="What is named changes, what is absent stays.")
class AttributeGroupUpdateInput:
    id: strawberry.ID = identifies("AttributeGroup")
    expected_version: int | None = strawberry.field(default=None, description=EDITED)
    title: strawberry.Maybe[str]
    slug: strawberry.Maybe[str]


@strawberry.input(description="The group that goes, with all its terms.")
class AttributeGroupDeleteInput:
    id: strawberry.ID = identifies("AttributeGroup")
    expected_version: int | None = strawberry.field(default=None, description=EDITED)


@strawberry.input(description="A new choice of a group: red, large.")
class AttributeTermCreateInput:
    group_id: strawberry.ID = identifies("AttributeGroup")
    title: str
    slug: str | None = strawberry.field(default=None, description=SLUG)
    position: int | None = strawberry.field(default=None, description="After the last one when absent.")


@strawberry.input(description="What is named changes, what is absent stays.")
class AttributeTermUpdateInput:
    id: strawberry.ID = identifies("AttributeTerm")
    expected_version: int | None = strawberry.field(default=None, description=EDITED)
    title: strawberry.Maybe[str]
    slug: strawberry.Maybe[str]
    position: strawberry.Maybe[int]


@strawberry.input(description="The term that goes.")
class AttributeTermDeleteInput:
    id: strawberry.ID = identifies("AttributeTerm")
    expected_version: int | None = strawberry.field(default=None, description=EDITED)


@mutation(permission="products/edit", rest=None, emits=(ATTRIBUTE_GROUP_CREATED,))
async def attribute_group_create(unit: Unit, input: AttributeGroupCreateInput) -> Keys:
    """Make a kind of difference (colour, size) that variants are combined from."""
    values = await _checked(unit, GROUP, None, {"title": input.title, "slug": input.slug})
    unit.settle()
    row = AttributeGroupRow(**values)
    key = await add(unit.connection, row)
    unit.emit(ATTRIBUTE_GROUP_CREATED({**row.model_dump(), "id": key}))
    return {"attribute_group": key}


@mutation(permission="products/edit", rest=None, emits=(ATTRIBUTE_GROUP_UPDATED,))
async def attribute_group_update(unit: Unit, input: AttributeGroupUpdateInput) -> Keys:
    """Rename an attribute group. The titles of variants stay as they are."""
    row = await _locked(unit, GROUP, input.id, input.expected_version)
    return {"attribute_group": await _edit(unit, GROUP, row, named(input, leave=("id", "expected_version")))}


@mutation(permission="products/delete", rest=None, emits=(ATTRIBUTE_GROUP_DELETED, ATTRIBUTE_TERM_DELETED))
async def attribute_group_delete(unit: Unit, input: AttributeGroupDeleteInput) -> Keys:
    """Delete an attribute group with its terms. Refused while variants are told apart by one of them."""
    row = await _locked(unit, GROUP, input.id, input.expected_version)
    held = select(TERM).where(TERM.c.group_id == row["id"]).order_by(TERM.c.id).with_for_update()
    terms = [dict(term) for term in (await unit.connection.execute(held)).mappings()]
    await _refuse_used(unit, LINK.c.term_id.in_([term["id"] for term in terms]))
    await unit.connection.execute(delete(GROUP).where(GROUP.c.id == row["id"]))
    for term in terms:
        unit.emit(ATTRIBUTE_TERM_DELETED(term))
    unit.emit(ATTRIBUTE_GROUP_DELETED(row))
    return {"deleted_id": row["id"], "deleted_term_ids": [term["id"] for term in terms]}


@mutation(permission="products/edit", rest=None, emits=(ATTRIBUTE_TERM_CREATED,))
async def attribute_term_create(unit: Unit, input: AttributeTermCreateInput) -> Keys:
    """Add a choice (red, large) to an attribute group."""
    group = await _locked(unit, GROUP, input.group_id, None, "groupId")
    values = await _checked(unit, TERM, group["id"], {"title": input.title, "slug": input.slug})
    unit.settle()
    position = input.position
    if position is None:
        position = await next_position(unit.connection, TERM.c.position, TERM.c.group_id == group["id"])
    row = AttributeTermRow(group_id=group["id"], position=position, **values)
    key = await add(unit.connection, row)
    unit.emit(ATTRIBUTE_TERM_CREATED({**row.model_dump(), "id": key}))
    return {"attribute_term": key, "attribute_group": group["id"]}


@mutation(permission="products/edit", rest=None, emits=(ATTRIBUTE_TERM_UPDATED,))
async def attribute_term_update(unit: Unit, input: AttributeTermUpdateInput) -> Keys:
    """Rename a term of an attribute group, or move it among the others. The titles of variants stay as they are."""
    row = await _term(unit, input.id, input.expected_version)
    key = await _edit(unit, TERM, row, named(input, leave=("id", "expected_version")))
    return {"attribute_term": key, "attribute_group": row["group_id"]}


@mutation(permission="products/delete", rest=None, emits=(ATTRIBUTE_TERM_DELETED,))
async def attribute_term_delete(unit: Unit, input: AttributeTermDeleteInput) -> Keys:
    """Delete a term of an attribute group. Refused while variants are told apart by it."""
    row = await _term(unit, input.id, input.expected_version)
    await _refuse_used(unit, LINK.c.term_id == row["id"])
    await unit.connection.execute(delete(TERM).where(TERM.c.id == row["id"]))
    unit.emit(ATTRIBUTE_TERM_DELETED(row))
    return {"deleted_id": row["id"], "attribute_group": row["group_id"]}


async def _locked(unit: Unit, of: Table, id: str, expected_version: int | None, place: str = "id") -> dict[str, Any]:
    key = key_of(id)
    what, entity = ("attribute group", "AttributeGroup") if of is GROUP else ("attribute term", "AttributeTerm")
    found = await locked(unit, of, [key], visibility.attributes(unit.viewer))
    row = found.get(key) or not_found(unit, what, place)
    await refuse_outdated(unit, f"{entity}:{key}", expected_version, row["version"])
    return row


async def _term(unit: Unit, id: str, expected_version: int | None) -> dict[str, Any]:
    """Locked, its group before it."""
    group = select(TERM.c.group_id).where(TERM.c.id == key_of(id)).scalar_subquery()
    await unit.connection.execute(select(GROUP.c.id).where(GROUP.c.id == group).with_for_update())
    return await _locked(unit, TERM, id, expected_version)


async def _checked(
    unit: Unit, of: Table, group_id: int | None, asked: Mapping[str, Any], own: int = -1
) -> dict[str, Any]:
    """Title and slug as they are stored. Refuses empty, long and taken ones; a slug that is None is made of the title.
    Of groups, the unique constraints decide between two writers at once."""
    values = {name: text.line(value) for name, value in asked.items() if value is not None}
    if "slug" in values:
        values["slug"] = derived(values["slug"])
    for name, longest in (("title", LONGEST_TITLE), ("slug", LONGEST_SLUG)):
        if values.get(name) == "":
            unit.refuse(ErrorCode.VALIDATION, f"A {name} is required", name)
        elif len(values.get(name, "")) > longest:
            unit.refuse(ErrorCode.VALIDATION, f"At most {longest} characters", name)
    among = [of.c.id != own] if group_id is None else [of.c.id != own, of.c.group_id == group_id]
    if "slug" in asked and "slug" not in values:
        wished = derived(values["title"])[:LONGEST_SLUG] or "attribute"
        alike = select(of.c.slug).where(*among, of.c.slug.startswith(wished[: LONGEST_SLUG // 2], autoescape=True))
        values["slug"] = free(wished, set((await unit.connection.execute(alike)).scalars()), LONGEST_SLUG)
    wanted = or_(*(of.c[name] == value for name, value in values.items()))
    for row in (await unit.connection.execute(select(of.c.title, of.c.slug).where(*among, wanted))).mappings():
        for name, value in values.items():
            if row[name] == value:
                unit.refuse(ErrorCode.CONFLICT, f"{name} is taken already", name)
    return values


async def _edit(unit: Unit, of: Table, row: Mapping[str, Any], asked: Mapping[str, Any]) -> int:
    texts = differences(row, {name: asked[name] for name in ("title", "slug") if name in asked})
    checked = await _checked(unit, of, row.get("group_id"), texts, row["id"]) if texts else {}
    unit.settle()
    changes = differences(row, {**asked, **{name: row[name] for name in texts}, **checked})
    if changes:
        await edit(unit.connection, of, row["id"], row["version"], changes)
        updated = ATTRIBUTE_GROUP_UPDATED if of is GROUP else ATTRIBUTE_TERM_UPDATED
        unit.emit(updated(row, changes))
    return int(row["id"])


async def _refuse_used(unit: Unit, links: ColumnElement[bool]) -> None:
    """The rows behind the links are locked: no variant gets one meanwhile."""
    count = (await unit.connection.execute(select(func.count(LINK.c.variant_id.distinct())).where(links))).scalar_one()
    if count:
        variants = "1 variant is" if count == 1 else f"{count} variants are"
        unit.refuse(ErrorCode.BUSINESS_RULE, f"{variants} told apart by it; change or delete those first", "id")
    unit.settle()

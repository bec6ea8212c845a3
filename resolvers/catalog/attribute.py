"""What is done to attribute groups and their terms. The titles and slugs of a group's terms differ from each other;
whoever changes one holds its group."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import ColumnElement, func, select

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
from db.catalog.product import sort_key
from db.catalog.slug import asked as asked_slug
from db.store.locks import lock
from db.store.row import table
from engine.declared.input import finds, identifies, lookup_input
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.editing.editable import Editable, Text, edited_version, slug
from resolvers.editing.locking import key_of
from resolvers.editing.position import next_position
from resolvers.editing.updating import differences, named

GROUP = table(AttributeGroupRow)
TERM = table(AttributeTermRow)
LINK = table(VariantAttributeRow)
TEXTS: Final = {
    "title": Text(192, required="A title is required"),
    "slug": Text(192, slug, required="A slug is required"),
}
GROUPS: Final = Editable(
    AttributeGroupRow,
    visibility.staff,
    ATTRIBUTE_GROUP_CREATED,
    ATTRIBUTE_GROUP_UPDATED,
    ATTRIBUTE_GROUP_DELETED,
    TEXTS,
)
TERMS: Final = Editable(
    AttributeTermRow,
    visibility.staff,
    ATTRIBUTE_TERM_CREATED,
    ATTRIBUTE_TERM_UPDATED,
    ATTRIBUTE_TERM_DELETED,
    TEXTS,
)
SLUG: Final = "Made of the title when absent."


AttributeGroupBy: Final = lookup_input(
    "AttributeGroup", AttributeGroupRow.id, slug=finds(AttributeGroupRow.slug, fold=asked_slug)
)


@strawberry.input(description="A new kind of difference: colour, size.")
class AttributeGroupCreateInput:
    title: str
    slug: str | None = strawberry.field(default=None, description=SLUG)


@strawberry.input(description="What is named changes, what is absent stays.")
class AttributeGroupUpdateInput:
    id: strawberry.ID = identifies("AttributeGroup")
    expected_version: int | None = edited_version()
    title: strawberry.Maybe[str]
    slug: strawberry.Maybe[str]


@strawberry.input(description="The group that goes, with all its terms.")
class AttributeGroupDeleteInput:
    id: strawberry.ID = identifies("AttributeGroup")
    expected_version: int | None = edited_version()


@strawberry.input(description="A new choice of a group: red, large.")
class AttributeTermCreateInput:
    group_id: strawberry.ID = identifies("AttributeGroup")
    title: str
    slug: str | None = strawberry.field(default=None, description=SLUG)
    position: int | None = strawberry.field(default=None, description="After the last one when absent.")


@strawberry.input(description="What is named changes, what is absent stays.")
class AttributeTermUpdateInput:
    id: strawberry.ID = identifies("AttributeTerm")
    expected_version: int | None = edited_version()
    title: strawberry.Maybe[str]
    slug: strawberry.Maybe[str]
    position: strawberry.Maybe[int]


@strawberry.input(description="The term that goes.")
class AttributeTermDeleteInput:
    id: strawberry.ID = identifies("AttributeTerm")
    expected_version: int | None = edited_version()


@mutation(permission="products/edit", rest=None, emits=(ATTRIBUTE_GROUP_CREATED,))
async def attribute_group_create(unit: Unit, input: AttributeGroupCreateInput) -> Keys:
    """Make a kind of difference (colour, size) that variants are combined from."""
    values = await _checked(unit, GROUPS, None, {"title": input.title, "slug": input.slug})
    return {"attribute_group": (await GROUPS.make(unit, values))["id"]}


@mutation(permission="products/edit", rest=None, emits=(ATTRIBUTE_GROUP_UPDATED,))
async def attribute_group_update(unit: Unit, input: AttributeGroupUpdateInput) -> Keys:
    """Rename an attribute group. The titles of variants stay as they are."""
    row = await GROUPS.load(unit, input.id, input.expected_version)
    await _change(unit, GROUPS, row, named(input, leave=("id", "expected_version")))
    return {"attribute_group": row["id"]}


@mutation(permission="products/delete", rest=None, emits=(ATTRIBUTE_GROUP_DELETED, ATTRIBUTE_TERM_DELETED))
async def attribute_group_delete(unit: Unit, input: AttributeGroupDeleteInput) -> Keys:
    """Delete an attribute group with its terms. Refused while variants are told apart by one of them."""
    row = await GROUPS.load(unit, input.id, input.expected_version)
    held = select(TERM).where(TERM.c.group_id == row["id"]).order_by(TERM.c.id).with_for_update()
    terms = [dict(term) for term in (await unit.connection.execute(held)).mappings()]
    await _refuse_used(unit, LINK.c.term_id.in_([term["id"] for term in terms]))
    for term in terms:
        unit.emit(ATTRIBUTE_TERM_DELETED(term))
    await GROUPS.remove(unit, row)
    return {"deleted_id": row["id"], "deleted_term_ids": [term["id"] for term in terms]}


@mutation(permission="products/edit", rest=None, emits=(ATTRIBUTE_TERM_CREATED,))
async def attribute_term_create(unit: Unit, input: AttributeTermCreateInput) -> Keys:
    """Add a choice (red, large) to an attribute group."""
    group = (await GROUPS.load(unit, input.group_id, path="groupId"))["id"]
    values = await _checked(unit, TERMS, group, {"title": input.title, "slug": input.slug})
    unit.settle()
    position = input.position
    if position is None:
        position = await next_position(unit.connection, TERM.c.position, TERM.c.group_id == group)
    term = await TERMS.make(unit, {**values, "group_id": group, "position": position})
    return {"attribute_term": term["id"], "attribute_group": group}


@mutation(permission="products/edit", rest=None, emits=(ATTRIBUTE_TERM_UPDATED,))
async def attribute_term_update(unit: Unit, input: AttributeTermUpdateInput) -> Keys:
    """Rename a term of an attribute group, or move it among the others. The titles of variants stay as they are."""
    row = await _term(unit, input.id, input.expected_version)
    await _change(unit, TERMS, row, named(input, leave=("id", "expected_version")))
    return {"attribute_term": row["id"], "attribute_group": row["group_id"]}


@mutation(permission="products/delete", rest=None, emits=(ATTRIBUTE_TERM_DELETED,))
async def attribute_term_delete(unit: Unit, input: AttributeTermDeleteInput) -> Keys:
    """Delete a term of an attribute group. Refused while variants are told apart by it."""
    row = await _term(unit, input.id, input.expected_version)
    await _refuse_used(unit, LINK.c.term_id == row["id"])
    await TERMS.remove(unit, row)
    return {"deleted_id": row["id"], "attribute_group": row["group_id"]}


async def _term(unit: Unit, id: str, expected_version: int | None) -> dict[str, Any]:
    """Locked, its group before it."""
    group = select(TERM.c.group_id).where(TERM.c.id == key_of(id)).scalar_subquery()
    await unit.connection.execute(select(GROUP.c.id).where(GROUP.c.id == group).with_for_update())
    return await TERMS.load(unit, id, expected_version)


async def _checked(
    unit: Unit, of: Editable, group_id: int | None, asked: Mapping[str, Any], own: int = -1
) -> dict[str, Any]:
    """Title and slug as they are stored. Refuses empty, long and taken ones; a slug that is None is made of the title.
    A title is taken whatever its case, as a category's name is."""
    values = of.checked(unit, {name: value for name, value in asked.items() if value is not None})
    rows = of.table.c
    among = [rows.id != own] if group_id is None else [rows.id != own, rows.group_id == group_id]
    if "slug" in asked and "slug" not in values:
        values["slug"] = await of.free_slug(unit, values["title"], *among, otherwise="attribute")
    if group_id is None:
        # Titles that differ by their case alone are no two for the unique constraint.
        await lock(unit.connection, {"titles of attribute groups"})
    if "title" in values:
        values["title_key"] = sort_key(values["title"])
    for name in asked:
        column = "title_key" if name == "title" else name
        same = select(rows.id).where(rows[column] == values[column], *among)
        if (await unit.connection.execute(same.limit(1))).first() is not None:
            unit.refuse(ErrorCode.CONFLICT, f"{name} is taken already", name)
    return values


async def _change(unit: Unit, of: Editable, row: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    texts = differences(row, {name: asked[name] for name in TEXTS if name in asked})
    checked = await _checked(unit, of, row.get("group_id"), texts, row["id"]) if texts else {}
    await of.change(unit, row, {**asked, **checked})


async def _refuse_used(unit: Unit, links: ColumnElement[bool]) -> None:
    """The rows behind the links are locked: no variant gets one meanwhile."""
    count = (await unit.connection.execute(select(func.count(LINK.c.variant_id.distinct())).where(links))).scalar_one()
    if count:
        variants = "1 variant is" if count == 1 else f"{count} variants are"
        unit.refuse(ErrorCode.BUSINESS_RULE, f"{variants} told apart by it; change or delete those first", "id")
    unit.settle()

"""The tree of terms of one taxonomy, to be changed. Its taxonomy's row is locked before it is read: what names, slugs
and parents there are stays true until the transaction ends.

A lock, not a unique index: an imported store may hold namesakes under one parent, which WordPress allows to terms with
slugs of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import select

from db.catalog.events import TERM_CREATED
from db.catalog.product import sort_key
from db.catalog.slug import derived, free
from db.catalog.taxonomy import TaxonomyRow, TermRow
from db.store.row import table
from db.store.writing import add_all
from db.text.folding import caseless
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from resolvers.editing import text

TAXONOMY = table(TaxonomyRow)
TERM = table(TermRow)
LONGEST_NAME: Final = 200

Place: TypeAlias = tuple[int | None, str]  # a parent (None: among the roots) and a name


class Tree:
    """All terms of a taxonomy by id."""

    def __init__(self, taxonomy: str, terms: Iterable[Mapping[str, Any]]) -> None:
        """`terms` are rows, the oldest first."""
        self.taxonomy = taxonomy
        self.terms: dict[int, Mapping[str, Any]] = {}
        self.slugs: set[str] = set()
        self._named: dict[tuple[int | None, str], int] = {}
        for term in terms:
            self.add(term)

    def add(self, term: Mapping[str, Any]) -> None:
        self.terms[term["id"]] = term
        self.slugs.add(term["slug"])
        # Of namesakes the oldest is meant.
        self._named.setdefault((term["parent_id"], caseless(term["name"])), term["id"])

    def named(self, parent: int | None, name: str) -> int | None:
        """The term of that name under a parent (None: among the roots), whatever the case."""
        return self._named.get((parent, caseless(name)))

    def below(self, term: int, other: int | None) -> bool:
        """Whether `other` is the term itself or one of its descendants."""
        passed: set[int] = set()
        while other is not None and other not in passed:
            if other == term:
                return True
            passed.add(other)
            other = self.terms[other]["parent_id"] if other in self.terms else None
        return False

    def children(self, term: int) -> list[int]:
        return sorted(key for key, each in self.terms.items() if each["parent_id"] == term)

    def slug(self, wanted: str) -> str:
        """A free one, made of a name or of a slug; it is taken from now on."""
        made = free(derived(wanted) or "term", self.slugs)
        self.slugs.add(made)
        return made


async def locked_tree(unit: Unit, taxonomy: str) -> Tree | None:
    """The tree of a taxonomy by its name, nobody else changing it meanwhile; None where there is no such taxonomy."""
    if "\0" in taxonomy:
        return None  # PostgreSQL refuses to compare with it
    # Others may go on linking to its terms: only who changes the tree waits.
    lock = select(TAXONOMY.c.name).where(TAXONOMY.c.name == taxonomy).with_for_update(key_share=True)
    if (await unit.connection.execute(lock)).first() is None:
        return None
    rows = await unit.connection.execute(select(TERM).where(TERM.c.taxonomy == taxonomy).order_by(TERM.c.id))
    return Tree(taxonomy, map(dict, rows.mappings()))


async def grow(unit: Unit, tree: Tree, wanted: Sequence[Place]) -> list[int]:
    """The terms at these places, in their order: those that are there, and new ones in one statement. Names are checked
    already, parents are in the tree."""
    new: dict[tuple[int | None, str], TermRow] = {}
    for parent, name in wanted:
        place = (parent, caseless(name))
        if tree.named(parent, name) is None and place not in new:
            slug = tree.slug(name)
            row = TermRow(taxonomy=tree.taxonomy, parent_id=parent, name=name, name_key=sort_key(name), slug=slug)
            new[place] = row
    for key, row in zip(await add_all(unit.connection, list(new.values())), new.values(), strict=True):
        tree.add(row.model_dump() | {"id": key})
        unit.emit(TERM_CREATED(tree.terms[key]))
    return [found for parent, name in wanted if (found := tree.named(parent, name)) is not None]


def checked_name(errors: Refuses, name: str, *path: str) -> str:
    """The name as it is stored. Refuses one that is empty or too long."""
    name = text.line(name)
    if not name:
        errors.refuse(ErrorCode.VALIDATION, "A name is required", *path)
    elif len(name) > LONGEST_NAME:
        errors.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_NAME} characters", *path)
    return name

"""The statements of a list: a page of it for all parents that ask, and how many rows there are."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    any_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)

from engine.declared.listing import MOST_ROWS, PLACE, REACH, SKIPPED, Asked, Shape
from engine.declared.statements import KEYS, PARENT, Seen, joined
from engine.values.columns import Needs, merged, selected
from engine.values.filtering import predicate, sought
from engine.values.statement import AnySelect, among
from engine.values.viewer import Viewer

COUNT: Final = "_count"
RANK: Final = "_rank"
UP_TO: Final = "up_to"  # the parameter at which counting stops
# With the largest filters that are kept, some 100 kB each.
MOST_KEPT: Final = 250

# So many rows are quicker fetched and sorted than met on a walk through the list; with more, a walk soon meets a
# page of them. Both take about a millisecond at 100 000 rows.
FEW: Final = 500
FOUND: Final = "found"  # the keys of few rows, in a statement's WITH
# In the text: a limit that it is not told PostgreSQL takes for a tenth of what there is.
_FEW, _TOO_MANY = literal_column(str(FEW), Integer()), literal_column(str(FEW + 1), Integer())


def page_statement(asked: Asked, needs: Needs, viewer: Viewer, dialect: str, *, size: int | None = None) -> AnySelect:
    """One row more than the page holds, to know whether there are more. Below parents a row carries the key of its own
    as PARENT, and KEYS is a parameter beside those that were asked. `size`: that of the page, where its text says it;
    MOST_ROWS else."""
    made = kept_page if asked.bound else kept_page.__wrapped__
    return made(asked.shape, merged(needs, asked.shape.order.columns), Seen(viewer), dialect, size)


def count_statement(asked: Asked, *, limited: bool, viewer: Viewer, dialect: str) -> AnySelect:
    """How many rows there are, of each parent; `limited`: as far as UP_TO says."""
    made = kept_count if asked.bound else kept_count.__wrapped__
    return made(asked.shape, limited, Seen(viewer), dialect)


@lru_cache(maxsize=MOST_KEPT)
def kept_page(shape: Shape, columns: Needs, seen: Seen, dialect: str, size: int | None) -> AnySelect:
    return _List(shape, seen.viewer, dialect, size).page(selected(columns, seen.viewer))


@lru_cache(maxsize=MOST_KEPT)
def kept_count(shape: Shape, limited: bool, seen: Seen, dialect: str) -> AnySelect:
    return _List(shape, seen.viewer, dialect).counted(limited=limited)


class _List:
    def __init__(self, shape: Shape, viewer: Viewer, dialect: str, size: int | None = None) -> None:
        self.shape = shape
        self.listing = shape.listing.listing
        self.key = shape.listing.key
        self.entity = shape.entity
        self.order = shape.order
        self.viewer = viewer
        self.dialect = dialect
        self.most: ColumnElement[int] = bindparam(MOST_ROWS, type_=Integer())
        if size is not None:
            self.most = literal_column(str(size + 1), Integer())
        # The rows before a page, if there are any, are not in its text: nobody asks for the same pages again and again.
        self.reach: ColumnElement[int] = bindparam(REACH, type_=Integer()) if shape.skips else self.most
        self.skipped: ColumnElement[int] = bindparam(SKIPPED, type_=Integer()) if shape.skips else literal_column("0")
        self.place: list[Any] | None = None
        if shape.place is not None:
            terms = zip(shape.place, shape.order.terms, strict=True)
            self.place = [
                None if null else bindparam(f"{PLACE}{n}", type_=term.column.type)
                for n, (null, term) in enumerate(terms)
            ]

    def page(self, columns: Sequence[ColumnElement[Any]]) -> AnySelect:
        if self.key is None:
            return self._of_root(columns)
        clauses = self.order.clauses(backwards=self.shape.backwards)
        if self.dialect == "postgresql":
            # Each parent's page is read from an index and stops when it is full.
            parents = (
                func.unnest(bindparam(KEYS, type_=ARRAY(self.key.type)))
                .table_valued("key", name="parents")
                .render_derived()
            )
            near = self._beyond(self._from(columns, parent=parents.c.key)).order_by(*clauses).limit(self.most)
            part = (near.offset(self.skipped) if self.shape.skips else near).lateral("part")
            return (
                select(*part.c, parents.c.key.label(PARENT))
                .select_from(parents.join(part, true()))
                .order_by(*self.order.clauses(backwards=self.shape.backwards, of=part))
            )
        rank = func.row_number().over(partition_by=self.key, order_by=clauses).label(RANK)
        ranked = self._beyond(self._from([*columns, self.key.label(PARENT), rank])).subquery()
        return (
            select(*(c for c in ranked.c if c.key != RANK))
            .where(ranked.c[RANK] > self.skipped, ranked.c[RANK] <= self.reach)
            .order_by(ranked.c[RANK])
        )

    def _of_root(self, columns: Sequence[Any]) -> AnySelect:
        """The page, read in as many parts as it takes to have each come straight out of an index."""
        backwards, skips = self.shape.backwards, self.shape.skips
        clauses = self.order.clauses(backwards=backwards)
        parts: list[ColumnElement[bool]] = [true()]
        if self.place is not None:
            parts = self.order.beyond_in_parts(self.place, self.dialect, backwards=backwards)
        pages = [
            statement.where(part).order_by(*clauses).limit(limit)
            for statement, limit in self._ways(columns, self.reach if skips else self.most)
            for part in parts
        ]
        if len(pages) == 1:
            whole = pages[0].limit(self.most)
        else:
            rows = union_all(*(select(*page.subquery().c) for page in pages)).subquery("whole")
            whole = select(*rows.c).order_by(*self.order.clauses(backwards=backwards, of=rows)).limit(self.most)
        return whole.offset(self.skipped) if skips else whole

    def _ways(self, columns: Sequence[Any], most: Any) -> list[tuple[AnySelect, Any]]:
        """How to find the rows, and how many to take. Few rows are fetched by their keys, of many a page is soon met
        on a walk; an index says which it is, and the other way takes no row."""
        column: ColumnElement[Any] = self.entity.key
        keys = self._proposed()
        if keys is None and self.shape.filter is not None:
            found = sought(self.shape.filter, self.viewer)
            column, keys = found or (column, None)
        walk = self._from(columns, walking=True)
        if keys is None:
            return [(walk, most)]
        # Looked up once, however many parts the page is read in.
        first = keys.limit(_TOO_MANY).cte(FOUND).prefix_with("MATERIALIZED")
        (key,) = first.c
        several = select(func.count()).select_from(first).scalar_subquery() > _FEW
        few = case((several, 0), else_=most)
        if self.dialect == "postgresql":
            # An array is looked up; of an IN it believes that the average is in it, and walks.
            array = func.array(select(key).scalar_subquery(), type_=ARRAY(column.type))
            return [(walk.where(column == any_(array)), few), (walk.where(several), most)]
        # In LIMIT: SQLite would try a condition without columns on every row.
        return [(walk.where(column.in_(select(key))), few), (walk, case((several, most), else_=0))]

    def _proposed(self) -> "AnySelect | None":
        search, names = self.listing.search, self.shape.search
        return None if search is None or names is None else search.proposed(names, self.dialect)

    def counted(self, *, limited: bool) -> AnySelect:
        up_to = bindparam(UP_TO, type_=Integer())
        if self.key is None:
            found = self._from([literal(1)])
            return select(func.count()).select_from((found.limit(up_to) if limited else found).subquery())
        if not limited:
            return self._from([self.key.label(PARENT), func.count().label(COUNT)]).group_by(self.key)
        rank = func.row_number().over(partition_by=self.key).label(RANK)
        part = self._from([self.key.label(PARENT), rank]).subquery()
        kept = select(part.c[PARENT], func.count().label(COUNT)).where(part.c[RANK] <= up_to)
        return kept.group_by(part.c[PARENT])

    def _from(
        self, columns: Sequence[Any], parent: ColumnElement[Any] | None = None, *, walking: bool = False
    ) -> AnySelect:
        """All visible rows that match, of all parents (KEYS) or of the one that `parent` is correlated with.
        `walking` leaves the search's index alone."""
        shape = self.shape
        statement = select(*columns).where(self.entity.visible(self.viewer))
        if shape.filter is not None:
            statement = statement.where(predicate(shape.filter, self.viewer))
        if shape.listing.narrowing is not None:
            statement = statement.where(shape.listing.narrowing.condition(dict(shape.narrowed), self.dialect))
        if shape.search is not None and self.listing.search is not None:
            statement = statement.where(self.listing.search.condition(shape.search, self.viewer))
        proposed = None if walking else self._proposed()
        if proposed is not None:
            statement = statement.where(self.entity.key.in_(proposed))
        if self.key is None:
            return statement.select_from(self.entity.table)
        statement = joined(statement, self.key, shape.listing.on, self.entity)
        return statement.where(among(self.key, KEYS, self.dialect) if parent is None else self.key == parent)

    def _beyond(self, statement: AnySelect) -> AnySelect:
        if self.place is None:
            return statement
        return statement.where(self.order.beyond(self.place, backwards=self.shape.backwards))

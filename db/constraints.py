"""Which constraint a change broke, and what its caller is told of that."""

import re
from collections.abc import Iterator
from itertools import chain

from sqlalchemy import CheckConstraint, Index, Table, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from db.tables import METADATA
from engine.values.errors import ErrorCode, UserError
from engine.values.naming import camel


def explained(error: IntegrityError) -> UserError | None:
    """None for what is nobody's input."""
    constraint = violated(error)
    if isinstance(constraint, UniqueConstraint | Index):
        # The last column is what the caller chose; those before it say among which it has to be unique.
        chosen = list(constraint.columns)[-1]
        name = camel(chosen.info.get("folds", chosen.name))
        return UserError(code=ErrorCode.CONFLICT, message=f"{name} is taken already", field=[name])
    if isinstance(constraint, CheckConstraint):
        rule = str(constraint.name).removeprefix(f"ck_{constraint.table.name}_").replace("_", " ")
        return UserError(
            code=ErrorCode.VALIDATION, message=f"The result would break a rule of the store: {rule}", field=None
        )
    if _refers(error):
        return UserError(
            code=ErrorCode.CONFLICT,
            message="Something that this refers to was deleted meanwhile, or is still in use; read again",
            field=None,
        )
    return None


def _refers(error: IntegrityError) -> bool:
    """Whether a foreign key was broken."""
    return getattr(error.orig, "sqlstate", None) == "23503" or "FOREIGN KEY constraint failed" in str(error.orig)


def violated(error: IntegrityError) -> UniqueConstraint | Index | CheckConstraint | None:
    """The constraint behind a refusal of the database; None for one that is not of these kinds."""
    cause = getattr(error.orig, "__cause__", None) or error.orig
    name = getattr(cause, "constraint_name", None)
    if name is None:
        # SQLite names a check, but of a unique constraint only the columns.
        if check := re.search(r"CHECK constraint failed: (\w+)", str(error.orig)):
            name = check[1]
        elif unique := re.search(r"UNIQUE constraint failed: (\w+)\.", str(error.orig)):
            columns = set(re.findall(r"\w+\.(\w+)", str(error.orig)))
            return next((c for c in _unique(METADATA.tables[unique[1]]) if {*c.columns.keys()} == columns), None)
    checks = (c for table in METADATA.tables.values() for c in table.constraints if isinstance(c, CheckConstraint))
    kept = (c for table in METADATA.tables.values() for c in _unique(table))
    return next((c for c in chain(kept, checks) if c.name == name), None)


def _unique(table: Table) -> Iterator[UniqueConstraint | Index]:
    yield from (c for c in table.constraints if isinstance(c, UniqueConstraint))
    yield from (index for index in table.indexes if index.unique)

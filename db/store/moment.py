"""The moment at which a statement runs, as the database has it: for statements that are kept, and asked again later."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel.sql.sqltypes import UTCDateTime


class moment(FunctionElement[Any]):
    """Compares with columns of moments; to the millisecond."""

    type = UTCDateTime()
    name = "moment"
    inherit_cache = True


@compiles(moment, "postgresql")
def _postgresql(*_: Any, **__: Any) -> str:
    return "statement_timestamp()"


@compiles(moment, "sqlite")
def _sqlite(*_: Any, **__: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"  # as the driver writes moments

"""What a database says of a row that it refuses, without the row: the text goes into logs, the values may be hashes."""

import re
from typing import Any, Final

# asyncpg appends the detail ("Key (secret_hash)=(…) already exists", "Failing row contains (…)"), and quotes an
# argument that it cannot send. Both may go on over several lines.
_QUOTED: Final = re.compile(r"\n(?:DETAIL|HINT):.*|(?<=invalid input for query argument) (\$\d+):.*", re.DOTALL)


def discreet(context: Any) -> None:
    """For SQLAlchemy's `handle_error`: takes the values out of the error and of what caused it."""
    original = context.original_exception
    for error in (context.sqlalchemy_exception, original, getattr(original, "__cause__", None)):
        if error is None:
            continue
        error.args = tuple(_QUOTED.sub(r" \1", one).rstrip() if isinstance(one, str) else one for one in error.args)
        if isinstance(getattr(error, "detail", None), str):
            error.detail = None

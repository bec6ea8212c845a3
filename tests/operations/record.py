"""Write down the answers of the cases as they are now, for a human to review in the diff.

`python -m tests.operations.record` records all cases, `… 050` those whose name begins so, `… 050-…/stock` one.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests import databases
from tests.operations.case import cases, written
from tests.operations.documented import summary
from tests.recorded import OnSqlite


async def record(prefixes: list[str]) -> int:
    """How many answers are new or different."""
    changed = 0
    with tempfile.TemporaryDirectory() as directory:
        imported = OnSqlite(databases.migrated_sqlite(Path(directory) / "template.sqlite"))
        for case in cases():
            if prefixes and not str(case).startswith(tuple(prefixes)):
                continue
            text = written(await case.answer(imported))
            if not case.answer_path.exists() or case.answer_path.read_text(encoding="utf-8") != text:
                case.answer_path.write_text(text, encoding="utf-8")
                sys.stdout.write(f"{case}\n")
                changed += 1
    return changed


if __name__ == "__main__":
    count = asyncio.run(record(sys.argv[1:]))
    sys.stdout.write(f"{count} answers changed: review them with `git diff`.\n{summary()}\n")

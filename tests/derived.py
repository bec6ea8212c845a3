"""What is made from declarations or by asking, and checked in: `make derive` writes all of it anew.

`python -m tests.derived` writes what differs, `… tests/operations/050` only what begins so; `--check` writes nothing
and fails when something is stale. Review with `git diff`: an answer is right only when someone has read it.

A new page is one line of PAGES.
"""

import asyncio
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from connectors.providers import page as vendors
from db.access.permission import PERMISSIONS
from db.integration.template import page as templates
from schema import catalogue
from schema.integration import event_type
from schema.root import schema
from server.settings import settings
from tests import databases
from tests.gateway import opened
from tests.operations.case import Case, cases, written
from tests.recorded import Imported, OnSqlite
from tests.schema import matrix

ROOT: Final = Path(__file__).parent.parent
COMMAND: Final = "make derive"


def stale(path: str) -> str:
    """What a test says of a file that is not what it is derived from."""
    return f"{path} is stale: if the change is meant, run `{COMMAND}` and read `git diff`"


def _sdl() -> str:
    return f"{schema.as_str().rstrip()}\n"


def _matrix() -> str:
    async def asked(url: str) -> str:
        async with opened(url) as gateway:
            return await matrix.table(gateway)

    with TemporaryDirectory() as directory:
        path = databases.migrated_sqlite(Path(directory) / "empty.sqlite")
        return asyncio.run(asked(databases.sqlite_url(path)))


def _counts() -> dict[str, int]:
    """What sentences count, by the words behind the number."""
    covered, documented = catalogue.coverage()
    return {
        f"of {documented} documented REST operations": covered,
        "documented REST operations": documented,
        "documented permissions": len(PERMISSIONS),
    }


def counted(path: str) -> str:
    """A page as it is written, with the numbers that its sentences should have. Fails for one that they lack."""
    text = read(path) or ""
    for words, number in reversed(_counts().items()):
        behind = words.replace(" ", r"\s+")  # a line may end anywhere in between
        text, found = re.subn(rf"\b\d+(?=\s+{behind}\b)", str(number), text)
        assert found == 1, f"{path} counts {words} {found} times"
    return text


# By their place under the root of the checkout.
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "README.md": partial(counted, "README.md"),
    "schema/schema.graphql": _sdl,
    "docs/events.md": event_type.page,
    "docs/operations.md": catalogue.page,
    "docs/settings.md": settings.page,
    "docs/templates.md": templates.page,
    "docs/vendors.md": vendors.page,
    "tests/schema/permission_matrix.md": _matrix,
}


def answers() -> Iterator[tuple[str, Callable[[], str]]]:
    """The answers of the documents under tests/operations. They are asked on SQLite; the tests ask PostgreSQL too."""
    for case in cases():
        yield str(case.answer_path.relative_to(ROOT)), partial(_answer, case)


def _answer(case: Case) -> str:
    return written(asyncio.run(case.answer(_recorded())))


@cache
def _recorded() -> Imported:
    directory = TemporaryDirectory(prefix="storegraph-derived-", ignore_cleanup_errors=True)
    store = OnSqlite(databases.migrated_sqlite(Path(directory.name) / "template.sqlite"))
    _KEPT.append(directory)
    return store


# Deleted when the process ends, and not before.
_KEPT: Final[list[TemporaryDirectory[str]]] = []


def read(path: str) -> str | None:
    """What is checked in; None when nothing is yet."""
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.exists() else None


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 when `--check` finds something stale."""
    check = "--check" in arguments
    beginnings = tuple(a for a in arguments if a != "--check")
    found = [(path, make) for path, make in (*PAGES.items(), *answers()) if path.startswith(beginnings or "")]
    if not found:
        sys.exit(f"nothing that is derived begins with {' or '.join(beginnings)}")
    different = 0
    for path, make in found:
        text = make()
        if text != read(path):
            different += 1
            sys.stdout.write(f"{'stale' if check else 'written'}: {path}\n")
            if not check:
                (ROOT / path).write_text(text, encoding="utf-8")
    said = f"run `{COMMAND}`" if check else "review with `git diff`"
    sys.stdout.write(f"{different} of {len(found)} derived files differed{f': {said}' if different else ''}\n")
    return int(check and different > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

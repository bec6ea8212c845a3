"""The house holds: what each room may know, who commits, who changes rows that callers edit.

These rules are written down in docs/adr; a break of one is named by its file and line.
"""

import ast
import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Table
from sqlmodel import SQLModel

HOUSE: Final = Path(__file__).parent.parent
# From top to bottom: a room may import itself, the rooms below it and `engine`, which imports none.
FLOORS: Final = ("server", "schema", "resolvers", "connectors", "db")
ROOMS: Final = (*FLOORS, "engine")
MAY_IMPORT: Final = {room: {*FLOORS[floor:], "engine"} for floor, room in enumerate(FLOORS)} | {"engine": {"engine"}}

# Inside the engine, each with what it may import beside itself. `document` and `unit` do not know each other.
STOREYS: Final = {
    "values": {"values"},
    "declared": {"declared", "values"},
    "unit": {"unit", "declared", "values"},
    "document": {"document", "declared", "values"},
    "standard": {"standard", "document", "unit", "declared", "values"},
    "plan": {"plan", "document", "unit", "declared", "values"},
}

# Areas whose nouns import each other one way.
NOUNS_STAND_ON_NOUNS: Final = ("resolvers/access", "resolvers/commerce", "resolvers/integration")

LONGEST: Final = 400  # lines; a file that grows past it has the wrong boundary
MOST_MODULES: Final = 20  # in a folder; more is a row of doors that nobody knows apart
MIGRATIONS: Final = Path("db/migrations/versions")
MEANINGLESS: Final = {"utils", "util", "helpers", "helper", "common", "misc", "base"}

COMMITS: Final = {
    "db/store/unit.py": "the unit of work",
    "db/drivers/transaction.py": "the connection of all of these, whose words they are",
    "db/drivers/postgres.py": "and its driver's",
    "db/store/outbox.py": "positions are given apart from what is read and written",
    "engine/unit/perform.py": "asks the unit of work to",
    "db/store/database.py": "settings of a new connection, made outside any transaction of ours",
    "db/migrations/__init__.py": "a migration is its own transaction",
    "connectors/delivery/acting.py": "a target is held apart from what is sent",
    "connectors/providers/tokens.py": "a token is had anew between transactions, and kept before it is used",
    "connectors/workflows/running.py": "a step is written down before it is done, and with what it changed",
    "resolvers/integration/provider/consent.py": "a vendor leads back to the server, and to no mutation",
    "server/demo/opening.py": "a shop is open or it is not: all that it needs is one transaction",
    "resolvers/access/sign_in.py": "a sign-in that failed is on record although nothing of it is kept",
    "server/access/usage.py": "when credentials were used, outside any request",
    "server/graphql/documents.py": "counts of use, outside any request",
    "server/work/forgetting.py": "a batch of what is kept no longer is its own transaction",
    "server/files/downloads.py": "a download is counted before its first byte is sent",
    "server/settings/secret_keys.py": "encrypts all secrets again, or none",
    "server/graphql/manifest.py": "a command registers a manifest as a whole",
    "server/commands/demo_store.py": "the demo's shop is furnished before the first request",
    "server/startup.py": "tokens are made before the first request",
    "connectors/connected_stores/writing.py": "that a shop refuses its credentials is not lost with what it told",
    "connectors/connected_stores/walking.py": "a page of a shop is one transaction, with where the next begins",
    "connectors/inbound/taking.py": "what a shop told is one transaction, with the job's end",
    "connectors/push/sending.py": "a browser that is gone is forgotten with its event, whoever sends and why",
    "connectors/importers/": "asks the unit of work to, a batch at a time, so that an interrupted import goes on",
}
CHANGES: Final = {
    "connectors/providers/tokens.py": "tokens and who has them anew: nobody edits them",
    "db/access/usage.py": "credentials have no version",
    "db/commerce/counted/bought.py": "counts purchases, which nobody edits",
    "db/commerce/entitlement.py": "counts downloads, which nobody edits",
    "db/commerce/counted/uses.py": "counts uses of coupons, which nobody edits",
    "db/migrations/versions/": "what a new column says of rows that were there",
    "db/store/writing.py": "bumps the version",
    "db/secrets/rotation.py": "the secret stays what it is, encrypted with another key",
    "db/integration/tracking.py": "what a shop was told of an order, which nobody edits",
    "db/catalog/pricing.py": "price, version and what follows from them in one statement",
    "db/catalog/derivations.py": "derived columns do not bump it",
    "db/store/primary_keys.py": "counters of keys have no version",
    "db/store/outbox.py": "an event's `version` is that of what it tells of",
    "connectors/importers/": "brings rows in line with the store they come from",
    "server/demo/": "what the demo's shop is at first, as if it had been imported so",
}


def modules(*rooms: str) -> list[Path]:
    return [path.relative_to(HOUSE) for room in rooms for path in sorted((HOUSE / room).rglob("*.py"))]


def parsed(path: Path) -> ast.Module:
    return ast.parse((HOUSE / path).read_text(), str(path))


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of all that is imported: inside functions, for type checking only, and by a string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")
        elif isinstance(node, ast.Call) and _called(node) in {"lazy", "import_module", "__import__", "find_spec"}:
            for argument in node.args[:1]:
                known = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                yield node.lineno, ast.literal_eval(argument) if known else "?"


def _called(node: ast.Call) -> str:
    """The last part of what is called: `lazy` for `strawberry.lazy(…)`."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def allowed(path: Path, places: dict[str, str]) -> bool:
    return any(path.as_posix().startswith(place) for place in places)


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_point_down(room: str) -> None:
    wrong = [
        f"{path}:{line} imports {name}"
        for path in modules(room)
        for line, name in imported(parsed(path))
        if (top := name.split(".")[0]) not in MAY_IMPORT[room] and top in {*ROOMS, "tests", "bench", "", "?"}
    ]

    assert wrong == []


@pytest.mark.parametrize("storey", sorted({path.parts[1] for path in modules("engine") if len(path.parts) > 2}))
def test_arrows_inside_the_engine_point_down(storey: str) -> None:
    wrong = [
        f"{path}:{line} imports {name}"
        for path in modules(f"engine/{storey}")
        for line, name in imported(parsed(path))
        if name == "engine" or (name.startswith("engine.") and name.split(".")[1] not in STOREYS[storey])
    ]

    assert wrong == []


def test_drivers_know_nothing_of_the_store() -> None:
    wrong = [
        f"{path}:{line} imports {name}"
        for path in modules("db/drivers")
        for line, name in imported(parsed(path))
        if name.split(".")[0] == "db" and not name.startswith("db.drivers")
    ]

    assert wrong == []


def test_no_modules_of_the_engine_import_each_other() -> None:
    """In however many steps, and for type checking only."""
    assert circles({module_name(path): engine_imports(path) for path in modules("engine")}) == []


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def engine_imports(path: Path) -> set[str]:
    """The modules of the engine that one imports; `from engine.values import identity` imports a module, too."""
    known = {module_name(other) for other in modules("engine")}
    tree = parsed(path)
    names = {name for _, name in imported(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names & known


def test_no_modules_load_each_other() -> None:
    """In any room. Types of the graph name each other, for type checking and by strings."""
    assert circles({module_name(path): loaded(parsed(path)) for path in modules(*ROOMS)}) == []


@pytest.mark.parametrize("area", NOUNS_STAND_ON_NOUNS)
def test_no_nouns_stand_on_each_other(area: str) -> None:
    """A cart knows orders, and no order knows carts: what both of them need is beside them, or below."""
    within = f"{area.replace('/', '.')}."
    nouns: dict[str, set[str]] = {}
    for path in modules(area):
        mine = noun(module_name(path), within)
        nouns.setdefault(mine, set()).update(
            other for name in loaded(parsed(path)) if (other := noun(name, within)) not in {mine, ""}
        )

    assert len(nouns) > 3
    assert circles(nouns) == []


def noun(module: str, within: str) -> str:
    """Which folder, or file, of an area a module is in; empty of one that is in none."""
    return module.removeprefix(within).split(".")[0] if module.startswith(within) else ""


def loaded(tree: ast.Module) -> set[str]:
    """The names of what is imported when a module is: not inside functions, not for type checking only."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            known = {name for name in within if (HOUSE / name.replace(".", "/")).with_suffix(".py").exists()}
            names |= known if known == within else known | {node.module or ""}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting.extend(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return names


def test_what_is_loaded_later_makes_no_circle() -> None:
    tree = ast.parse(
        """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from schema.catalog.product import Product
else:
    import db.tables
class Early:
    from db.store import locks
    def later(self):
        import server.app
try:
    from db.store.row import now
except ImportError:
    import db
"""
    )

    assert loaded(tree) == {"typing", "db.tables", "db.store.locks", "db.store.row", "db"}


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Modules that come back to themselves, each with the way that it takes."""
    found = []
    for start in imports:
        ways = [[start]]
        seen = {start}
        while ways:
            way = ways.pop()
            if start in imports.get(way[-1], ()):
                found.append([*way, start])
                break
            further = imports.get(way[-1], set()) - seen
            seen |= further
            ways.extend([*way, name] for name in further)
    return found


def test_a_circle_is_seen_however_long() -> None:
    imports = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": set(), "e": {"e"}, "f": {"a"}}

    assert circles(imports) == [["a", "b", "c", "a"], ["b", "c", "a", "b"], ["c", "a", "b", "c"], ["e", "e"]]


def test_an_arrow_is_seen_however_it_is_drawn() -> None:
    tree = ast.parse(
        """
from typing import TYPE_CHECKING, Annotated
if TYPE_CHECKING:
    from schema.catalog.product import Product
def later():
    import server.app
    importlib.import_module("resolvers.catalog")
    from . import near
product: Annotated["Product", strawberry.lazy("schema.catalog.variant")]
"""
    )

    assert {name for _, name in imported(tree)} == {
        "typing",
        "schema.catalog.product",
        "server.app",
        "resolvers.catalog",
        ".",
        "schema.catalog.variant",
    }


def test_every_room_is_there() -> None:
    """The rules above hold of something."""
    for room in ROOMS:
        assert len(modules(room)) > 5


def test_files_are_short() -> None:
    long = [
        f"{path} has {lines} lines"
        for path in modules(*ROOMS, "bench")
        if (lines := len((HOUSE / path).read_text().splitlines())) > LONGEST and not path.is_relative_to(MIGRATIONS)
    ]

    assert long == []


def test_folders_are_small() -> None:
    """Migrations are a row of their own, and as many as there are."""
    modules_of = Counter(path.parent for path in modules(*ROOMS) if path.name != "__init__.py")

    assert [f"{folder} has {count} modules" for folder, count in modules_of.items() if count > MOST_MODULES] == [
        f"{MIGRATIONS} has {modules_of[MIGRATIONS]} modules"
    ]


def test_names_say_what_is_inside() -> None:
    meaningless = [
        str(path) for path in modules(*ROOMS, "tests", "bench") if MEANINGLESS & {*path.parent.parts, path.stem}
    ]

    assert meaningless == []


def test_nobody_commits_but_the_edge() -> None:
    elsewhere = [
        f"{path}:{node.lineno}"
        for path in modules(*ROOMS)
        if not allowed(path, COMMITS)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "begin_nested"}
    ]

    assert elsewhere == []


def test_versions_are_bumped_in_one_place() -> None:
    """A Core update does not bump `version` by itself: whoever writes what callers edit uses db/store/writing.py."""
    elsewhere = [
        f"{path}:{line} updates {what}"
        for path in modules(*ROOMS)
        if not allowed(path, CHANGES)
        for line, what in updates(path)
    ]

    assert elsewhere == []


def updates(path: Path) -> Iterator[tuple[int, str]]:
    """Core updates and SQL texts that may change versioned tables."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and _called(node) == "update":
            if isinstance(node.func, ast.Name) and node.args and _versioned(path, node.args[0]):
                yield node.lineno, ast.unparse(node.args[0])
            elif isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
                yield node.lineno, ast.unparse(node.func.value)  # table.update(): a dict's takes an argument
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("UPDATE "):
            yield node.lineno, node.value


def _versioned(path: Path, table: ast.expr) -> bool:
    """Whether the table has a version; True for what cannot be told from here."""
    module = importlib.import_module(module_name(path))
    found = getattr(module, table.id, None) if isinstance(table, ast.Name) else None
    if isinstance(found, type) and issubclass(found, SQLModel):
        found = getattr(found, "__table__", None)
    return "version" in found.c if isinstance(found, Table) else True


def test_an_update_is_seen_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
from sqlalchemy import update
from db.access.token import TokenRow
from db.catalog.product import ProductRow
from db.store.row import table
PRODUCT = table(ProductRow)
update(ProductRow)
update(PRODUCT)
update(TokenRow)
PRODUCT.update().where()
def change(table):
    update(table)
dict().update(a=1)
"UPDATE product SET title = ''"
"""
    (tmp_path / "writes_too_much.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(f"{__name__}.HOUSE", tmp_path)

    seen = [what for _, what in updates(Path("writes_too_much.py"))]

    assert sorted(seen) == ["PRODUCT", "PRODUCT", "ProductRow", "UPDATE product SET title = ''", "table"]


@pytest.mark.parametrize("place", sorted({*COMMITS, *CHANGES}))
def test_an_exception_that_is_no_longer_needed_goes(place: str) -> None:
    assert (HOUSE / place).exists()

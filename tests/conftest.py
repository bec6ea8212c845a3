"""Fixtures that every room's tests share, and what a skip means."""

import functools
import gc
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import httpcore2
import hypothesis
import pytest

from db.access.unsettled import UNSETTLED
from tests import databases, dialects, drawing, passwords

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

    from tests.gateway import Gateway
    from tests.recorded import Imported
    from tests.wire import Wire

# Set where nothing may be missing (continuous integration): a skip is then a failure.
NOTHING_SKIPPED: Final = os.environ.get("STOREGRAPH_TEST_ALL") == "1"

_RUN = pytest.StashKey[databases.RunDirectory]()
_DIRECTORY: Final = "run_directory"

# Tests ask more in a minute than anybody may in an hour; those of the rates say which they mean.
os.environ.setdefault("STOREGRAPH_RATES", "off")
# To loopback nobody encrypts: asking costs both sides of ten thousand connections milliseconds of the processor each.
os.environ.setdefault("PGSSLMODE", "disable")

# A deadline measures the machine's load as much as the code.
hypothesis.settings.register_profile(
    "storegraph", deadline=None, max_examples=drawing.examples(50), derandomize=drawing.REPEATED
)
hypothesis.settings.load_profile("storegraph")

# Reading the system's authorities takes 35 ms of the processor: once, and not for each client that asks loopback.
httpcore2.default_ssl_context = functools.cache(httpcore2.default_ssl_context)

dialects.share()
dialects.leave_unsynced()
passwords.hash_cheaply()


# The longest files, which no worker should be left alone with at the end, and those that wait for other programs.
FIRST: Final = (
    *("tests/clients/test_clients.py", "tests/work/test_killed.py", "tests/operations/test_operations.py"),
    *("tests/docs/test_webhooks.py", "tests/server/test_serving.py", "tests/server/test_hostile.py"),
    *("tests/resolvers/test_validate_only.py", "tests/server/test_uploads.py", "tests/server/test_documents.py"),
    *("tests/server/graphiql/test_browser.py", "tests/server/test_cli.py", "tests/server/test_metrics.py"),
    *("tests/db/test_visibility.py", "tests/server/test_downloads.py", "tests/access/test_credentials.py"),
    *("tests/resolvers/test_catalog_machine.py", "tests/resolvers/test_stock.py", "tests/connectors/test_kept.py"),
    *("tests/connectors/workflows/test_killed.py", "tests/docs/test_workflows.py", "tests/server/test_worker.py"),
    *("tests/work/test_failpoints.py", "tests/connectors/test_interruption.py", "tests/db/test_migrations.py"),
    *("tests/resolvers/test_upgrade_offers.py", "tests/resolvers/test_changes.py", "tests/server/test_startup.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {file: number for number, file in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(FIRST)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported stays to the end. Looking through it for garbage, again and again, took a fifth of collecting
    it, and a fifth of the run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


# One directory per run


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[_RUN] = databases.RunDirectory()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "WorkerController") -> None:
    node.workerinput[_DIRECTORY] = str(node.config.stash[_RUN].path)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The workers are gone by now."""
    if _RUN in config.stash:
        config.stash[_RUN].delete()


@pytest.fixture(scope="session")
def run_directory(pytestconfig: pytest.Config) -> Path:
    """Shared by all workers of this run, deleted after it."""
    if _RUN in pytestconfig.stash:
        return pytestconfig.stash[_RUN].path
    return Path(pytestconfig.workerinput[_DIRECTORY])  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def settled() -> None:
    """Credentials that the test before changed are read anew by each request for seconds, in all of a process."""
    UNSETTLED._until.clear()


# Databases


@pytest.fixture(scope="session")
def postgres_url(run_directory: Path) -> str:
    """A PostgreSQL server, by a URL that may create databases; tests that need a database take `database_url`."""
    return os.environ.get("TEST_POSTGRES_URL") or databases.EmbeddedPostgres(run_directory).url()


@pytest.fixture(scope="session")
def postgres_databases(postgres_url: str) -> Iterator[databases.PostgresDatabases]:
    created = databases.PostgresDatabases(postgres_url)
    yield created
    created.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.migrated_sqlite(tmp_path_factory.mktemp("sqlite") / "template.sqlite")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of the test's own, on each database in turn: `sqlite:///…` or `postgresql://…`.

    On one of them only: `@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)`.
    """
    if request.param == "sqlite":
        path = tmp_path / "storegraph.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield databases.sqlite_url(path)
    else:
        created: databases.PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = created.take()
        yield url
        created.give_back(url)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """As `database_url`, for all tests of a module that only read what they find."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("module") / "storegraph.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield databases.sqlite_url(path)
    else:
        created: databases.PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = created.take()
        yield url
        created.give_back(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def unmigrated_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table, on each database in turn."""
    if request.param == "sqlite":
        yield databases.sqlite_url(tmp_path / "storegraph.sqlite")
    else:
        created: databases.PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = created.create(migrated=False)
        yield url
        created.drop(url)


@pytest.fixture
def wire(database_url: str) -> Iterator["Wire"]:
    """Between a test and its PostgreSQL."""
    from tests.wire import Wire

    wire = Wire(database_url)
    yield wire
    wire.close()


@pytest.fixture
def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No database has its keys. Tests share their dialects, by which a database finds them."""
    monkeypatch.setattr("db.secrets.encrypted._KEYRINGS", WeakKeyDictionary())


# Programs that a machine may lack


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node; skips where there is none."""
    return _program("Node", "node", "nodejs")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium or Chrome; skips where there is none. Root has to start it with `--no-sandbox`."""
    return _program("Chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def pgbouncer() -> str:
    """The path of PgBouncer; skips where there is none. It refuses to be root, and takes `-u`."""
    return _program("PgBouncer", "pgbouncer", "/usr/sbin/pgbouncer")


def _program(title: str, *names: str) -> str:
    for name in names:
        path = shutil.which(name)
        # Asked for its version: a distribution may put a stub in its place that only says how to install it.
        if path and subprocess.run([path, "--version"], capture_output=True).returncode == 0:
            return path
    pytest.skip(f"needs {title}")


# Skips


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    if NOTHING_SKIPPED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped: {_reason(report)}; STOREGRAPH_TEST_ALL=1 lets nothing be skipped"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    said = report.longrepr[2] if isinstance(report.longrepr, tuple | list) else str(report.longrepr)
    return said.removeprefix("Skipped: ")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Last of all, where it is read: what was skipped for which reason, and how often."""
    yield
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} skipped: {reason}", yellow=True)


# The recorded store: imported once by each worker that asks, whichever folder its tests are of


@pytest.fixture(scope="session")
def imported_on_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> "Imported":
    from tests.recorded import OnSqlite

    template = tmp_path_factory.mktemp("recorded") / "template.sqlite"
    shutil.copyfile(sqlite_template, template)
    return OnSqlite(template)


@pytest.fixture(scope="session")
def imported_on_postgresql(postgres_databases: databases.PostgresDatabases) -> Iterator["Imported"]:
    from tests.recorded import OnPostgres

    imported = OnPostgres(postgres_databases)
    yield imported
    imported.drop()


@pytest.fixture(params=["sqlite", "postgresql"])
def imported(request: pytest.FixtureRequest) -> "Imported":
    """The imported store, on each database in turn."""
    found: Imported = request.getfixturevalue(f"imported_on_{request.param}")
    return found


# The gateway


@pytest.fixture
async def gateway(database_url: str) -> AsyncIterator["Gateway"]:
    """The schema over a database of the test's own, on each database in turn."""
    from tests.gateway import opened

    async with opened(database_url) as gateway:
        yield gateway

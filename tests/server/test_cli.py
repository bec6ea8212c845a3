"""`storegraph` on the command line: what it prints, its exit codes, and that a mistake is one line."""

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.importers.fluentcart import RecordedStore
from connectors.outbound.message import Request as Asked
from db.access.holder import of_token
from db.access.permission import ALL
from db.access.token import TokenRow
from db.access.viewer import Viewer
from db.store.database import Database
from db.store.row import now, table
from schema.root import schema
from server.commands import demo_store
from server.settings.settings import Settings
from tests.databases import sqlite_url
from tests.server.running import ROOT, command_environment, in_a_thread, running, storegraph

Here = Callable[..., tuple[int, str, str]]


def the_mistake(done: tuple[int, str, str]) -> str:
    code, out, err = done
    assert (code, out) == (2, ""), err
    assert err.startswith("storegraph: ")
    assert err.count("\n") == 1, err
    return err


def opened(url: str, secret: str) -> Viewer:
    async def work() -> Viewer:
        database = Database.open(url)
        async with database.read() as connection:
            held = await of_token(connection, secret)
        await database.close()
        assert held is not None
        return held.viewer

    return asyncio.run(work())


# Help


@pytest.mark.parametrize(
    "command",
    [(), ("serve",), ("migrate",), ("import",), ("import", "fluentcart"), ("schema", "export"), ("token", "create")],
)
def test_each_command_explains_itself(command: tuple[str, ...], tmp_path: Path) -> None:
    code, out, err = storegraph(*command, "--help", data_folder=tmp_path)
    assert (code, err) == (0, "")
    assert "Usage: storegraph" in out
    assert not list(tmp_path.iterdir())


def test_the_version(tmp_path: Path) -> None:
    assert storegraph("--version", data_folder=tmp_path) == (0, f"storegraph {version('storegraph')}\n", "")


def test_a_misspelt_setting_is_one_warning(tmp_path: Path) -> None:
    code, _, err = storegraph("token", "list", data_folder=tmp_path, PROT="8001", ADMIN_TOKN="x")
    assert code == 0
    assert err.count("\n") == 1, err
    assert "STOREGRAPH_PROT (did you mean STOREGRAPH_PORT?)" in err
    assert "STOREGRAPH_ADMIN_TOKEN?" in err


def test_the_help_of_serve_says_what_the_settings_say(tmp_path: Path) -> None:
    _, out, _ = storegraph("serve", "--help", data_folder=tmp_path)
    assert "[STOREGRAPH_PORT]" in out
    assert "The port to listen on" in out


def test_help_is_quick(tmp_path: Path) -> None:
    """What is slow is imported by the commands; 0.35 s of it is Python, typer and rich."""
    code = "import sys, server.commands.main; print(sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=command_environment(tmp_path), capture_output=True, text=True
    )
    for slow in ("sqlalchemy", "pydantic", "strawberry", "graphql", "starlette", "uvicorn", "structlog", "alembic"):
        assert f"'{slow}'" not in done.stdout
    fastest = min(_seconds("--help", data_folder=tmp_path) for _ in range(3))
    assert fastest < 2  # a slow machine; 0.5 is what is wanted


def _seconds(*arguments: str, data_folder: Path) -> float:
    """Of the processor's: what the machine does beside it takes its time elsewhere."""
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    storegraph(*arguments, data_folder=data_folder, cold=True)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


@pytest.mark.parametrize(
    "arguments", [("unknown",), ("serve", "--unknown"), ("token", "create"), ("serve", "--port", "x")]
)
def test_wrong_usage_is_code_2(arguments: tuple[str, ...], tmp_path: Path, storegraph_here: Here) -> None:
    code, _, err = storegraph_here(*arguments)
    assert code == 2
    assert "Usage: storegraph" in err
    assert "Traceback" not in err


# Settings


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "http", "STOREGRAPH_PORT: "),
        ("LOG_LEVEL", "loud", "STOREGRAPH_LOG_LEVEL: "),
        ("DATABASE_URL", "mysql://localhost/x", "not in mysql"),
        ("DATABASE_URL", "nonsense", "STOREGRAPH_DATABASE_URL: "),
        ("DATABASE_URL", "postgresql://me:hidden@127.0.0.1:1/x", "me:***@127.0.0.1:1/x cannot be used"),
        ("DATABASE_URL", "sqlite:////no/such/folder/store.db", "/no/such/folder does not exist"),
    ],
)
@pytest.mark.parametrize("command", [("serve",), ("migrate",), ("token", "create", "--name", "x", "--admin")])
def test_a_wrong_setting_is_one_line(
    command: tuple[str, ...], name: str, value: str, says: str, tmp_path: Path, storegraph_here: Here
) -> None:
    line = the_mistake(storegraph_here(*command, **{"PORT": "0", name: value}))
    assert says in line
    assert "hidden" not in line


# migrate, schema, token


def test_migrate_brings_a_database_up_to_date(
    unmigrated_database_url: str, tmp_path: Path, storegraph_here: Here
) -> None:
    for _ in range(2):
        done = storegraph_here("migrate", DATABASE_URL=unmigrated_database_url)
        assert done == (0, "The schema is up to date.\n", "")


def test_the_schema_is_exported(tmp_path: Path, storegraph_here: Here) -> None:
    code, out, _ = storegraph_here("schema", "export")
    assert code == 0
    assert out.strip() == schema.as_str().strip()
    file = tmp_path / "schema.graphql"
    assert storegraph_here("schema", "export", "--output", str(file)) == (0, "", "")
    assert file.read_text("utf-8") == out
    line = the_mistake(storegraph_here("schema", "export", "--output", "/no/such/file"))
    assert "/no/such/file: No such file or directory" in line


def test_the_schema_goes_into_a_pipe_that_ends_early(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m server.commands.main schema export | head -c 10'
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=ROOT, env=command_environment(tmp_path), capture_output=True, text=True
    )
    assert len(done.stdout) == 10
    assert done.stderr == ""


def test_a_token_with_permissions(database_url: str, tmp_path: Path, storegraph_here: Here) -> None:
    code, out, err = storegraph_here(
        *("token", "create", "--name", "partner", "--permission", "products/view", "--permission", "products/edit"),
        *("--expires", "30d"),
        DATABASE_URL=database_url,
    )
    assert code == 0
    secret = out.strip()
    assert secret.startswith("sg_")
    assert "2 permissions" in err
    assert secret not in err
    viewer = opened(database_url, secret)
    assert (viewer.name, viewer.permissions) == ("partner", frozenset({"products/view", "products/edit"}))

    async def expiry() -> timedelta:
        database = Database.open(database_url)
        async with database.read() as connection:
            (row,) = (await connection.execute(select(table(TokenRow)))).mappings()
        await database.close()
        left: timedelta = row["expires_at"] - now()
        return left

    assert timedelta(days=29, hours=23) < asyncio.run(expiry()) <= timedelta(days=30)


def test_an_admin_token_of_a_store_that_is_not_there_yet(tmp_path: Path, storegraph_here: Here) -> None:
    code, out, _ = storegraph_here("token", "create", "--name", "me", "--admin")
    assert code == 0
    assert opened(sqlite_url(tmp_path / "store.db"), out.strip()).permissions == ALL


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--permission", "products/veiw"), "There is no permission 'products/veiw'; did you mean products/view?"),
        (("--permission", "all"), "There is no permission 'all'; there are: coupons/delete, "),
        ((), "either --admin, or --permission"),
        (("--admin", "--permission", "products/view"), "either --admin, or --permission"),
        (("--admin", "--expires", "soon"), "--expires soon: write a number and h, d or w"),
        (("--admin", "--expires", "0d"), "--expires 0d"),
        (("--admin", "--expires", "99999d"), "--expires 99999d"),
        (("--admin", "--name", " "), "--name must say"),
        (("--admin", "--name", "STOREGRAPH_ADMIN_TOKEN"), "is taken by the setting"),
    ],
)
def test_a_token_that_makes_no_sense_is_one_line(
    arguments: tuple[str, ...], says: str, tmp_path: Path, storegraph_here: Here
) -> None:
    assert says in the_mistake(storegraph_here("token", "create", "--name", "x", *arguments))
    assert not list(tmp_path.iterdir())


def test_a_command_beside_the_demo_leaves_its_token_alone(storegraph_here: Here, tmp_path: Path) -> None:
    with running(Settings(demo=True, data_folder=tmp_path, admin_token=SecretStr("shown-at-the-start"))) as client:
        code, out, _ = storegraph_here("token", "create", "--name", "partner", "--admin", DEMO="true")
        assert code == 0
        for secret in ("shown-at-the-start", out.strip()):
            headers = {"Authorization": f"Bearer {secret}"}
            assert client.post("/graphql", json={"query": "{ __typename }"}, headers=headers).status_code == 200


# import


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("http://127.0.0.1:1",), "cannot connect to http://127.0.0.1:1"),
        (("http://",), "is not an address of a web site"),
        (("ftp://shop.example",), "is not an address of a web site"),
    ],
)
def test_an_import_that_is_refused_is_one_line(
    arguments: tuple[str, ...], says: str, tmp_path: Path, storegraph_here: Here
) -> None:
    command = ("import", "fluentcart", *arguments, "--user", "admin")
    assert says in the_mistake(storegraph_here(*command, "--password", "hidden"))
    assert says in the_mistake(storegraph_here(*command, IMPORT_PASSWORD="hidden"))


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """A FluentCart store on loopback, the recorded one; admin's password is `hidden`."""
    recorded = RecordedStore(demo_store.recording(), user="admin", password="hidden")

    async def answer(request: Request) -> Response:
        answered = await recorded.send(Asked(request.method, str(request.url), list(request.headers.items())))
        return Response(answered.body, answered.status, media_type="application/json")

    with in_a_thread(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        yield url


def test_an_import_ends_with_a_report(store: str, storegraph_here: Here) -> None:
    command = ("import", "fluentcart", store, "--user", "admin")
    for column in (1, 3):  # imported, then unchanged
        code, out, err = storegraph_here(*command, IMPORT_PASSWORD="hidden")
        assert (code, err) == (0, "")
        counts = {row[0]: row for line in out.splitlines() if len(row := line.replace("│", " ").split()) == 7}
        assert counts["products"][column] == "200"
        assert counts["variants"][column] == "611"
        assert counts["downloads"][column] == "70"
    assert "does not accept the password" in the_mistake(storegraph_here(*command, "--password", "wrong"))
    assert "is no FluentCart store" in the_mistake(
        storegraph_here("import", "fluentcart", f"{store}/elsewhere", "--user", "admin", "--password", "hidden")
    )


def test_an_import_beside_a_server(store: str, storegraph_here: Here, tmp_path: Path) -> None:
    with running(Settings(data_folder=tmp_path)) as client:
        query = {"query": "{ products(first: 1) { totalCount } }"}
        # The import takes about as long as the server keeps a connection that nobody uses.
        first = client.post("/graphql", json=query, headers={"Connection": "close"})
        assert first.json()["data"]["products"]["totalCount"] == 0
        assert storegraph_here("import", "fluentcart", store, "--user", "admin", "--password", "hidden")[0] == 0
        assert client.post("/graphql", json=query).json()["data"]["products"]["totalCount"] == 180


def test_an_import_without_a_password_and_without_a_terminal_is_one_line(tmp_path: Path, storegraph_here: Here) -> None:
    line = the_mistake(storegraph_here("import", "fluentcart", "https://shop.example", "--user", "me"))
    assert "STOREGRAPH_IMPORT_PASSWORD" in line


def test_the_log_of_a_command_is_not_in_its_output(tmp_path: Path) -> None:
    code, out, _ = storegraph("token", "create", "--name", "me", "--admin", data_folder=tmp_path, LOG_LEVEL="debug")
    assert code == 0
    assert len(out.splitlines()) == 1
    with pytest.raises(json.JSONDecodeError):
        json.loads(out)

"""What must be true before the first request, on both databases."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from connectors.storage import Links, Storage
from db import migrations
from db.access import token
from db.store.database import Database
from db.store.unit import Units
from server import startup
from server.settings.mistake import Mistake
from server.settings.settings import Settings
from tests.databases import sqlite_url
from tests.server.running import running

only_sqlite = pytest.mark.parametrize("unmigrated_database_url", ["sqlite"], indirect=True)
only_postgres = pytest.mark.parametrize("unmigrated_database_url", ["postgresql"], indirect=True)
Here = Callable[..., tuple[int, str, str]]
WHOLE = {"query": "{ products(first: 1) { totalCount } }"}
HIDDEN = {"query": "{ products(first: 1) { nodes { commentStatus } } }"}


def ready(client: httpx2.Client) -> httpx2.Response:
    return client.get("/ready")


@only_sqlite
def test_an_embedded_database_is_migrated_by_itself(unmigrated_database_url: str) -> None:
    with running(Settings(database_url=unmigrated_database_url)) as client:
        assert ready(client).json() == {"ready": True}
        assert client.post("/graphql", json=WHOLE).json() == {"data": {"products": {"totalCount": 0}}}


@only_postgres
def test_postgresql_is_migrated_only_when_told_to(unmigrated_database_url: str) -> None:
    settings = Settings(database_url=unmigrated_database_url)
    with pytest.raises(Mistake, match=r"run `storegraph migrate` first$"), running(settings):
        pass
    migrations.upgrade(unmigrated_database_url)
    with running(settings) as client:
        assert ready(client).status_code == 200


@only_sqlite
def test_a_database_of_a_newer_version_is_left_alone(unmigrated_database_url: str) -> None:
    async def newer() -> None:
        database = Database.open(unmigrated_database_url)
        await migrations.migrate(database)
        async with database.write() as connection:
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
            await connection.commit()
        await database.close()

    asyncio.run(newer())
    with (
        pytest.raises(Mistake, match="was made by a newer version of storegraph"),
        running(Settings(database_url=unmigrated_database_url)),
    ):
        pass


def test_the_admin_token_is_made_kept_and_replaced(database_url: str) -> None:
    def status(client: httpx2.Client, token: str) -> int:
        answer = client.post("/graphql", json=HIDDEN, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401 or "errors" not in answer.json()
        return answer.status_code

    for _ in range(2):
        with running(Settings(database_url=database_url, admin_token=SecretStr("the-first-of-two-tokens"))) as client:
            assert status(client, "the-first-of-two-tokens") == 200
    with running(Settings(database_url=database_url)) as client:
        assert status(client, "the-first-of-two-tokens") == 200
    with running(Settings(database_url=database_url, admin_token=SecretStr("the-second-of-two-tokens"))) as client:
        assert status(client, "the-second-of-two-tokens") == 200
        assert status(client, "the-first-of-two-tokens") == 401


async def issued(settings: Settings, name: str, *permissions: str) -> str:
    """The secret of a new token, written beside whatever serves the database."""
    database = Database.open(settings.database_url)
    try:
        async with database.write() as connection:
            secret = await token.issue(connection, name=name, permissions=frozenset(permissions))
            await connection.commit()
            return secret
    finally:
        await database.close()


def test_the_admin_token_may_not_be_another_token(database_url: str) -> None:
    settings = Settings(database_url=database_url)
    secret = asyncio.run(issued(settings, "partner", "products/view"))
    with (
        pytest.raises(Mistake, match="is the secret of another token"),
        running(Settings(database_url=database_url, admin_token=SecretStr(secret))),
    ):
        pass


def test_an_embedded_database_has_one_server(tmp_path: Path) -> None:
    settings = Settings(database_url=sqlite_url(tmp_path / "store.db"))
    with running(settings) as client:
        with (
            pytest.raises(Mistake, match=r"^Another server \(process \d+\) serves .*store\.db: SQLite"),
            running(settings),
        ):
            pass
        assert ready(client).status_code == 200
        # Others may still write beside it: an import, a new token.
        asyncio.run(issued(settings, "partner", "products/view"))
    with running(settings) as client:
        assert ready(client).status_code == 200


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_has_as_many_as_are_wanted(database_url: str) -> None:
    settings = Settings(database_url=database_url)
    with running(settings) as one, running(settings) as another:
        assert ready(one).status_code == ready(another).status_code == 200


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "STOREGRAPH_DATABASE_URL: "),
        ("", "STOREGRAPH_DATABASE_URL: "),
        ("mysql://localhost/x", "not in mysql"),
        ("sqlite://", "SQLite needs a file"),
        ("sqlite:///:memory:", "SQLite needs a file"),
        ("sqlite:////tmp/store.db?mode=ro", "SQLite takes no options"),
        ("sqlite:////tmp", "/tmp is a folder; name a file in it"),
        ("postgresql://nobody@127.0.0.1:1/x", "The database postgresql://nobody@127.0.0.1:1/x cannot be used"),
        ("postgresql://a:secret@127.0.0.1:1/x", "a:***@127.0.0.1:1"),
        ("postgresql://127.0.0.1:port/x", "STOREGRAPH_DATABASE_URL: "),
        # Not escaped: what the parser takes for a port is a part of the password.
        ("postgresql://a:my@se:cret@secret.example/x", "STOREGRAPH_DATABASE_URL: no URL"),
        ("postgresql://127.0.0.1:1/x?user=a&password=secret", "127.0.0.1:1/x?password=***&user=a"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(url: str, says: str) -> None:
    with pytest.raises(Mistake) as caught, running(Settings(database_url=url)):
        pass
    line = str(caught.value)
    assert says in line
    assert "\n" not in line
    assert "secret" not in line
    assert "cret" not in line


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_unknown_database_or_user_is_one_line(database_url: str) -> None:
    url = make_url(database_url)
    for wrong, name in (
        (url.set(database="no_such_database"), "no_such_database"),
        (url.set(username="no_such_user"), "no_such_user"),
    ):
        with (
            pytest.raises(Mistake, match=f"{name}.* does not exist$"),
            running(Settings(database_url=wrong.render_as_string(hide_password=False))),
        ):
            pass


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"DATABASE_URL": "sqlite:///{here}"}, "is a folder; name a file in it"),
        ({"DATABASE_URL": "postgresql://a:secret@127.0.0.1:1/x"}, "cannot be used: "),
        ({"DATABASE_URL": "mysql://localhost/x"}, "not in mysql"),
        ({"DATA_FOLDER": "{here}/letter"}, "letter: File exists"),
        ({"DATA_FOLDER": "{here}/letter/below"}, "below: Not a directory"),
        ({"REDIS_URL": "http://127.0.0.1"}, "STOREGRAPH_REDIS_URL: write redis://host:port/number"),
    ],
)
def test_serve_ends_with_one_line_and_code_2(
    variables: dict[str, str], says: str, tmp_path: Path, storegraph_here: Here
) -> None:
    (tmp_path / "letter").write_text("Dear store,")
    given = {name: value.format(here=tmp_path) for name, value in variables.items()}
    code, out, err = storegraph_here("serve", "--port", "0", **given)
    assert (code, out) == (2, "")
    assert says in err
    assert err.startswith("storegraph: ")
    assert err.count("\n") == 1, err
    assert "secret" not in err
    assert [found.name for found in tmp_path.iterdir()] == ["letter"]


def test_a_missing_folder_is_named_and_not_made(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "missing" / "store.db")
    with pytest.raises(Mistake, match="missing does not exist"), running(Settings(database_url=url)):
        pass
    assert not (tmp_path / "missing").exists()


def test_the_data_folder_is_made(tmp_path: Path) -> None:
    with running(Settings(data_folder=tmp_path / "new" / "data")) as client:
        assert ready(client).status_code == 200
    assert (tmp_path / "new" / "data" / "store.db").is_file()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("my letters\n" * 1000)
    with pytest.raises(Mistake, match="file is not a database"), running(Settings(database_url=sqlite_url(path))):
        pass
    assert path.read_text() == "my letters\n" * 1000


@pytest.mark.parametrize("tables", [("customer",), ("alembic_version", "product")])
def test_a_database_of_another_program_is_left_alone(tmp_path: Path, tables: tuple[str, ...]) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        for name in tables:
            connection.execute(f"CREATE TABLE {name} (version_num)")
        connection.commit()
    before = path.read_bytes()
    settings = Settings(database_url=sqlite_url(path))
    with pytest.raises(Mistake, match=rf"other\.db is a database of another program \(it holds {tables[0]}"):
        startup.opened(settings)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["other.db"]


def test_an_empty_file_is_a_store_that_is_to_be_made(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    for _ in range(2):
        with running(Settings(database_url=sqlite_url(path))) as client:
            assert ready(client).status_code == 200


def _without_files(ports: tuple[object, ...]) -> list[object]:
    return [port for port in ports if not isinstance(port, Storage | Links)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_not_connected_is_missed_at_the_start(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the first call."""
    monkeypatch.setattr(
        "server.ports.Units", lambda database, *ports, **given: Units(database, *_without_files(ports), **given)
    )
    with (
        pytest.raises(
            Mistake,
            match=r"^Not everything is connected: downloadsSync, downloadUpdate, fileUpload, .* cannot do without "
            r"Storage; .*Query\.downloadUrl.* cannot do without Links$",
        ),
        running(Settings(database_url=database_url)),
    ):
        pass


def test_a_start_without_keys_says_what_will_be_missing(
    database_url: str, without_keys: None, caplog: pytest.LogCaptureFixture
) -> None:
    """A file keeps those of an embedded store; a server's database has none."""
    with running(Settings(database_url=database_url)):
        pass
    said = [message for message in caplog.messages if "STOREGRAPH_SECRET_KEYS" in message]
    assert len(said) == (0 if database_url.startswith("sqlite") else 1)

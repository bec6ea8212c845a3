"""A server for all tests of a module that only ask, and the command line in this process."""

import io
import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
import structlog
from pydantic import SecretStr

from server.commands import main as cli
from server.logs import ACCESS, Redaction
from server.settings.settings import Settings, describe
from tests.databases import sqlite_url
from tests.server.running import running, stocked

ADMIN_TOKEN = SecretStr("known-admin-token")


@pytest.fixture(scope="module")
def client(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Asks a server with two published products and a draft, on SQLite, with GraphiQL and an admin token."""
    path = tmp_path_factory.mktemp("served") / "store.db"
    shutil.copyfile(sqlite_template, path)
    stocked(sqlite_url(path))
    with running(Settings(database_url=sqlite_url(path), admin_token=ADMIN_TOKEN)) as asking:
        yield asking


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """For what sends this process's logs somewhere."""
    root, alembic = logging.getLogger(), logging.getLogger("alembic")
    before = root.handlers[:], root.level, alembic.level
    configuration = structlog.get_config()
    yield
    ACCESS.configure(io.StringIO(), Redaction(), str, enabled=False)
    root.handlers[:], root.level, alembic.level = before
    logging.captureWarnings(False)
    structlog.configure(**configuration)


@pytest.fixture
def storegraph_here(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    logging_restored: None,
) -> Callable[..., tuple[int, str, str]]:
    """Like `running.storegraph`, without the two seconds that a process of its own takes."""

    def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
        for setting in describe():
            monkeypatch.delenv(setting.variable, raising=False)
        for name, value in ({"DATA_FOLDER": str(tmp_path)} | environment).items():
            monkeypatch.setenv(f"STOREGRAPH_{name}", value)
        monkeypatch.setattr(sys, "argv", ["storegraph", *arguments])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run

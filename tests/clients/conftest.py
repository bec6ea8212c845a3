"""Installed clients, and the store that they shop in."""

import asyncio
import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from db.store.database import Database
from server.demo.opening import open_shop
from server.settings.settings import Settings
from tests.clients.shop import TOKEN, Shop, endpoint
from tests.clients.workspace import CLIENTS, Workspace, copied, install, kept
from tests.databases import sqlite_url
from tests.recorded import Imported
from tests.server.running import running

# Some packages are programs of one system.
_SYSTEM = f"{sys.platform} {platform.machine()}"


# Packages


@pytest.fixture(scope="session")
def kept_folder(pytestconfig: pytest.Config) -> Path:
    """Outlives the run, in pytest's cache."""
    return pytestconfig.cache.mkdir("clients")


@pytest.fixture(scope="session")
def npm_packages(node: str, kept_folder: Path) -> Path:
    """The directory that holds node_modules."""
    del node  # without it npm is of no use
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm")

    def fill(directory: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(CLIENTS / name, directory)
        # None of these packages needs a script of its own to be run.
        install(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", cwd=directory)

    return kept(kept_folder, "npm", (CLIENTS / "package-lock.json").read_bytes(), _SYSTEM, fill=fill)


@pytest.fixture(scope="session")
def client_python(kept_folder: Path) -> Path:
    """A Python that has the Python clients."""
    requirements = CLIENTS / "python" / "requirements.txt"

    def fill(directory: Path) -> None:
        # With the pip of this Python, if it has one: a second one takes seconds to install.
        ours = importlib.util.find_spec("pip") is not None
        install(sys.executable, "-m", "venv", *(["--without-pip"] if ours else []), ".", cwd=directory)
        pip = (sys.executable, "-m", "pip", "--python", ".") if ours else (directory / "bin" / "python", "-m", "pip")
        options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile")
        install(*pip, "install", *options, "--requirement", requirements, cwd=directory)

    python = f"{sys.base_prefix} {sys.version}"
    return kept(kept_folder, "python", requirements.read_bytes(), _SYSTEM, python, fill=fill) / "bin" / "python"


# Workspaces


@pytest.fixture(scope="session")
def empty_gateway(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """For tools that ask for the schema only."""
    path = tmp_path_factory.mktemp("empty") / "store.db"
    shutil.copyfile(sqlite_template, path)
    with running(Settings(database_url=sqlite_url(path))) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def sdl(empty_gateway: httpx2.Client) -> str:
    """As a gateway serves it."""
    return empty_gateway.get("/schema.graphql").raise_for_status().text


@pytest.fixture
def workspace(tmp_path: Path, node: str, npm_packages: Path, sdl: str) -> Workspace:
    """The test's own."""
    return Workspace.made(tmp_path / "workspace", node, sdl, npm_packages)


@pytest.fixture
def python_folder(tmp_path: Path, sdl: str) -> Path:
    """The test's own, with the programs in Python."""
    return copied(tmp_path / "workspace", sdl) / "python"


@pytest.fixture(scope="session")
def typescript(run_directory: Path, node: str, npm_packages: Path, sdl: str, empty_gateway: httpx2.Client) -> Workspace:
    """With what graphql-codegen makes of the documents; generated once per run."""

    def fill(directory: Path) -> None:
        made = Workspace.made(directory / "workspace", node, sdl, npm_packages)
        made.tool("graphql-codegen", "--config", "codegen.ts", "--silent", STOREGRAPH_URL=endpoint(empty_gateway))

    return Workspace(kept(run_directory, "typescript", fill=fill) / "workspace", node)


# The store


@pytest.fixture
def selling(imported_on_sqlite: Imported) -> Iterator[Shop]:
    """The recorded store, opened as the demo's is, for visitors to buy in."""

    async def opened(url: str) -> None:
        database = Database.open(url)
        try:
            assert await open_shop(database)
        finally:
            await database.close()

    with imported_on_sqlite.copy() as url:
        asyncio.run(opened(url))
        with running(Settings(database_url=url, admin_token=SecretStr(TOKEN))) as gateway:
            yield Shop(gateway)


@pytest.fixture
def shop(imported_on_sqlite: Imported) -> Iterator[Shop]:
    """The recorded store, for a program to change."""
    with (
        imported_on_sqlite.copy() as url,
        running(Settings(database_url=url, admin_token=SecretStr(TOKEN))) as gateway,
    ):
        yield Shop(gateway)

"""The demo: one command from nothing to a filled store, an administrator's token and things to try."""

import contextlib
import json
import re
import shlex
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from engine.values.identity import encode
from server.commands import demo_store
from server.graphql.graphiql.buying import BUYING, YOUR_CART, YOUR_HASH
from server.graphql.graphiql.examples import DOCUMENTS
from server.settings.mistake import Mistake
from server.settings.settings import Settings
from tests.databases import sqlite_url
from tests.server.running import SECONDS, running, serving, stocked

HIDDEN = {"query": "{ products(first: 1) { totalCount nodes { commentStatus } } }"}

PARCEL = encode("ShippingMethod", 1)
ADMIN = {"Authorization": "Bearer known-admin-token"}


def data(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json(), answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def first(client: httpx2.Client, body: dict[str, Any]) -> dict[str, Any]:
    """The data of the first answer to a subscription."""
    with client.stream("POST", "/graphql", json=body, headers=ADMIN | {"Accept": "text/event-stream"}) as answer:
        said = next(line for line in answer.iter_lines() if line.startswith("data: "))
    found: dict[str, Any] = json.loads(said.removeprefix("data: "))["data"]
    return found


def tried(line: str) -> httpx2.Response:
    """What a curl command asks for."""
    program, _options, url, *words = shlex.split(line)
    assert program == "curl"
    if not words:
        return httpx2.get(url, timeout=SECONDS)
    headers = dict(words[n + 1].split(": ", 1) for n, word in enumerate(words) if word == "-H")
    return httpx2.post(url, headers=headers, content=words[words.index("-d") + 1], timeout=SECONDS)


def test_the_demo_says_where_it_is_and_what_it_says_works(tmp_path: Path) -> None:
    with serving("--demo", data_folder=tmp_path) as command:
        url = command.url()
        out = _read_until(command.process.stdout, "totalStock")
        assert url in out
        token = re.search(r"Admin token\s+(\S+)", out)
        assert token is not None
        curls = re.findall(r"curl (?:.*\\\n)?.*", out)
        assert len(curls) == 2
        first, second = (data(tried(curl.replace("\\\n", " "))) for curl in curls)
        assert first["products"]["totalCount"] == 180  # the published ones of 200
        assert second["products"]["nodes"][0]["variants"][0]["totalStock"] is not None

        answer = httpx2.post(url, json=HIDDEN, headers={"Authorization": f"Bearer {token[1]}"}, timeout=SECONDS)
        assert data(answer)["products"]["totalCount"] == 200
        page = httpx2.get(url, headers={"Accept": "text/html"}, timeout=SECONDS)
        assert "Left out" not in out
        # What a newcomer sees is a page: not a line for each request of the filling.
        assert out.count("\n") < 24, out
        assert len(command.lines) < 6, command.lines
        assert token[1] in page.text
        assert all(document.name in page.text for document in DOCUMENTS)
        origin = {"Origin": "http://localhost:5173"}
        assert httpx2.post(url, json=HIDDEN, headers=origin).headers["Access-Control-Allow-Origin"] == origin["Origin"]
        command.stopped()

    # The next start has another token, and the one before opens nothing.
    with serving("--demo", data_folder=tmp_path) as command:
        url = command.url()
        old = {"Authorization": f"Bearer {token[1]}"}
        assert httpx2.post(url, json=HIDDEN, headers=old, timeout=SECONDS).status_code == 401
        code, out, err = command.stopped()
    assert code == 0
    assert "Filling" not in out
    assert token[1] not in out + err


def _read_until(stream: Any, text: str) -> str:
    read = ""
    while text not in read:
        line = stream.readline()
        assert line, read
        read += line
    return read


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(demo=True, data_folder=tmp_path_factory.mktemp("demo"), admin_token=SecretStr("known-admin-token"))


def test_every_example_answers(demo: Settings) -> None:
    with running(demo) as client:
        given: dict[str, str] = {}
        for document in DOCUMENTS:
            variables = _with(document.variables, given)
            body = {"query": document.text, "variables": variables, "operationName": document.name}
            found = (
                first(client, body)
                if "subscription" in document.text
                else data(client.post("/graphql", json=body, headers=ADMIN))
            )
            assert all(found.values()), document.name
            said = json.dumps(found)
            given |= _given(said)
            errors = {name: value.get("userErrors", []) for name, value in found.items() if isinstance(value, dict)}
            if document.name == "Conflict":
                (late,) = errors.pop("second")
                assert (late["code"], late["message"].endswith("changed since: description")) == ("CONFLICT", True)
            assert not any(errors.values()), found


def _with(variables: Any, given: Mapping[str, str]) -> Any:
    """What a newcomer puts in, of the answer before."""
    text = json.dumps(variables)
    for stand_in, real in given.items():
        text = text.replace(stand_in, real)
    return json.loads(text)


def _given(said: str) -> dict[str, str]:
    """What an answer has for the next document."""
    found = ((YOUR_CART, re.search(r"sg_cart_[\w-]+", said)), (YOUR_HASH, re.search(r"\b[0-9a-f]{32}\b", said)))
    return {stand_in: real[0] for stand_in, real in found if real is not None}


def test_the_page_has_the_token_for_who_asks_this_machine_by_its_own_name(demo: Settings) -> None:
    with running(demo) as client:
        # A page of any name that leads to this machine is of the demo's origin, and could read it.
        at_home = ("localhost:8000", "127.0.0.1", "127.1.2.3:80", "[::1]:8000", "LOCALHOST")
        for host in (
            *at_home,
            "rebound.example",
            "localhost.example:8000",
            "127.0.0.1.example",
            "192.168.1.5",
            "x@localhost",
        ):
            page = client.get("/graphql", headers={"Accept": "text/html", "Host": host})
            assert page.status_code == 200
            assert ("known-admin-token" in page.text) == (host in at_home), host
        for header in ({"X-Forwarded-Host": "demo.example"}, {"Forwarded": 'for=1.2.3.4;host="demo.example"'}):
            page = client.get("/graphql", headers={"Accept": "text/html", "Host": "localhost", **header})
            assert "known-admin-token" not in page.text


def test_a_newcomer_buys_without_a_token_and_a_restart_keeps_what_was_changed(demo: Settings) -> None:
    shown = {"query": '{ shippingMethods(countryCode: "US") { method { title } } }'}
    with running(demo) as client:
        given: dict[str, str] = {}
        found: dict[str, Any] = {}
        for document in BUYING:
            body = {"query": document.text, "variables": _with(document.variables, given)}
            found = data(client.post("/graphql", json=body))
            said = json.dumps(found)
            assert '"userErrors": [{' not in said, said
            given |= _given(said)
        assert [line["productTitle"] for line in found["checkoutReceipt"]["items"]] == ["Dusky Lamp", "Lunar Planner"]
        assert len(data(client.post("/graphql", json=shown))["shippingMethods"]) == 3
        gone = {"query": f'mutation {{ shippingMethodDelete(input: {{ id: "{PARCEL}" }}) {{ deletedId }} }}'}
        assert data(client.post("/graphql", json=gone, headers=ADMIN))["shippingMethodDelete"]["deletedId"] == PARCEL
    with running(demo) as client:
        assert len(data(client.post("/graphql", json=shown))["shippingMethods"]) == 2


def test_an_interrupted_filling_goes_on(demo: Settings) -> None:
    with running(demo) as client:
        assert client.get("/ready").status_code == 200
    with sqlite3.connect(demo.data_folder / "demo.db") as connection:
        connection.execute("DELETE FROM product WHERE id > 100")
        connection.execute("DELETE FROM import_seen")  # or the products would be deleted here
        connection.execute("UPDATE import_source SET finished_at = NULL, reached = 100")
    connection.close()
    with running(demo) as client:
        headers = {"Authorization": "Bearer known-admin-token"}
        assert data(client.post("/graphql", json=HIDDEN, headers=headers))["products"]["totalCount"] == 200


def test_reset_begins_with_the_store_as_it_was_at_first(demo: Settings, tmp_path: Path) -> None:
    with running(demo):  # filled, if no test before did it
        pass
    shutil.copyfile(demo.data_folder / "demo.db", tmp_path / "demo.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "demo.db")) as connection:
        connection.execute("UPDATE product SET title = 'Changed here'")
        connection.execute("DELETE FROM product WHERE id > 10")
        connection.commit()
    with serving("--demo", "--reset", data_folder=tmp_path) as command:
        titles = {"query": "{ products(first: 1) { totalCount nodes { title } } }"}
        products = data(httpx2.post(command.url(), json=titles, timeout=SECONDS))["products"]
        assert products["totalCount"] == 180
        assert products["nodes"][0]["title"] != "Changed here"
        command.stopped()


def test_reset_takes_nothing_else_away(
    tmp_path: Path, sqlite_template: Path, storegraph_here: Callable[..., tuple[int, str, str]]
) -> None:
    path = tmp_path / "demo.db"
    path.write_bytes(sqlite_template.read_bytes())
    stocked(sqlite_url(path))
    for arguments, given, says in (
        (("--reset",), {}, "--reset is for the demo: give --demo too"),
        (("--demo", "--reset"), {}, "holds a store of its own: it is not the demo's to reset"),
        (
            ("--demo", "--reset"),
            {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/shop"},
            "--reset is for the embedded store",
        ),
    ):
        code, out, err = storegraph_here("serve", "--port", "0", *arguments, **given)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert says in err
    with running(Settings(database_url=sqlite_url(path))):
        code, _, err = storegraph_here("serve", "--port", "0", "--demo", "--reset")
        assert (code, "Another server" in err) == (2, True)
    assert [row[0] for row in sqlite3.connect(path).execute("SELECT title FROM product ORDER BY id")][:2] == [
        "Tea",
        "Cup",
    ]


def test_a_store_of_its_own_is_not_opened_to_everyone(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "mine.db"
    path.write_bytes(sqlite_template.read_bytes())
    stocked(sqlite_url(path))
    with (
        pytest.raises(Mistake, match="holds a store of its own"),
        running(Settings(demo=True, database_url=sqlite_url(path))),
    ):
        pass


def test_an_installation_without_the_recording_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo_store, "_PLACES", (tmp_path / "missing.xz",))
    with pytest.raises(Mistake, match="recording is missing"):
        demo_store.recording()

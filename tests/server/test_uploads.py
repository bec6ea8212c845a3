"""Uploads over real HTTP (https://github.com/jaydenseric/graphql-multipart-request-spec), and all that is none."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from server.settings.settings import Settings
from tests.patience import PATIENCE
from tests.server.running import issued, running

DOCUMENT = """mutation Upload($input: FileUploadInput!) {
  fileUpload(input: $input) { path size userErrors { code field } }
}"""
TWO = """mutation Upload($files: [Upload!]!, $first: Upload!) {
  a: fileUpload(input: { file: $first, name: "a.txt" }) { size }
}"""
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}
MOST = 100_000


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[httpx2.Client]:
    settings = Settings(
        database_url=database_url,
        files_folder=tmp_path / "files",
        admin_token=SecretStr("known-admin-token"),
        max_upload_bytes=MOST,
        max_upload_files=2,
        max_body_bytes=20_000,
        work=False,
    )
    with running(settings) as client:
        client.headers["Authorization"] = "Bearer known-admin-token"
        yield client


def form(
    content: bytes = b"%PDF-1.7",
    *,
    query: str = DOCUMENT,
    variables: Any = None,
    mapped: Any = None,
    name: str = "guide.pdf",
) -> dict[str, Any]:
    """What httpx2 sends as multipart/form-data, in this order."""
    variables = {"input": {"file": None, "name": name}} if variables is None else variables
    return {
        "files": [
            ("operations", (None, json.dumps({"query": query, "variables": variables}))),
            ("map", (None, json.dumps({"0": ["variables.input.file"]} if mapped is None else mapped))),
            ("0", ("guide.pdf", content, "application/pdf")),
        ]
    }


@contextmanager
def spoken(server: httpx2.Client, content_type: str, length: int) -> Iterator[socket.socket]:
    """A connection on which the head of an upload was sent, and nothing of its body."""
    url = httpx2.URL(str(server.base_url))
    lines = (
        "POST /graphql HTTP/1.1",
        "Host: localhost",
        f"Authorization: {server.headers['Authorization']}",
        "X-Requested-With: x",
        f"Content-Type: {content_type}",
        f"Content-Length: {length}",
    )
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        yield connection


def stored(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def refused(answer: httpx2.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    assert set(answer.json()) == {"errors"}
    assert error["extensions"]["code"] != "INTERNAL"
    for word in words:
        assert word in error["message"], error["message"]


def test_a_file_is_stored_whole_under_a_unique_name(server: httpx2.Client, tmp_path: Path) -> None:
    content = b"%PDF-1.7" + bytes(range(256)) * 300
    answers = [server.post("/graphql", headers=PREFLIGHT, **form(content)).json() for _ in range(2)]
    paths = [answer["data"]["fileUpload"]["path"] for answer in answers]
    assert len(set(paths)) == 2
    assert stored(tmp_path / "files") == sorted(paths)
    for path in paths:
        assert (tmp_path / "files" / path).read_bytes() == content
    assert answers[0]["data"]["fileUpload"]["size"] == len(content)


@pytest.mark.parametrize("header", ["GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Requested-With"])
def test_a_header_that_forms_cannot_send(server: httpx2.Client, header: str) -> None:
    assert server.post("/graphql", headers={header: "true"}, **form()).status_code == 200


def test_without_it_any_page_could_upload_in_the_name_of_its_visitor(server: httpx2.Client, tmp_path: Path) -> None:
    refused(server.post("/graphql", **form()), 400, "GraphQL-Require-Preflight")
    assert stored(tmp_path / "files") == []


def test_what_is_refused_leaves_no_file(server: httpx2.Client, tmp_path: Path) -> None:
    for given in (form(name="a.php"), form(b""), form(b"zip?", name="a.zip")):
        answer = server.post("/graphql", headers=PREFLIGHT, **given).json()["data"]["fileUpload"]
        assert answer["path"] is None
        assert [error["code"] for error in answer["userErrors"]] == ["VALIDATION"]
    dry = form(query=DOCUMENT.replace("input: $input", "input: $input, validateOnly: true"))
    assert server.post("/graphql", headers=PREFLIGHT, **dry).json()["data"]["fileUpload"]["userErrors"] == []
    assert stored(tmp_path / "files") == []


def test_files_are_not_taken_from_who_may_not_upload(server: httpx2.Client, database_url: str, tmp_path: Path) -> None:
    clerk = issued(database_url, "products/edit")
    too_long = form(b"a" * (MOST + 1))  # never read that far
    answer = server.post("/graphql", headers=PREFLIGHT | {"Authorization": f"Bearer {clerk}"}, **too_long)
    refused(answer, 403, "store/sensitive")
    del server.headers["Authorization"]
    refused(server.post("/graphql", headers=PREFLIGHT, **too_long), 401, "store/sensitive")
    assert stored(tmp_path / "files") == []


def test_files_go_with_a_mutation_that_can_be_run(server: httpx2.Client) -> None:
    refused(server.post("/graphql", headers=PREFLIGHT, **form(query="{ __typename }")), 400, "mutation")
    refused(server.post("/graphql", headers=PREFLIGHT, **form(query="mutation { nothing }")), 400, "not valid")
    refused(server.post("/graphql", headers=PREFLIGHT, **form(query="mutation {")), 400, "not valid")


@pytest.mark.parametrize("size", [MOST, MOST + 1])
def test_the_limit_of_a_file_is_its_last_byte(server: httpx2.Client, tmp_path: Path, size: int) -> None:
    answer = server.post("/graphql", headers=PREFLIGHT, **form(b"%PDF-1.7".ljust(size, b"a")))
    if size == MOST:
        assert answer.json()["data"]["fileUpload"]["size"] == size
    else:
        refused(answer, 413, str(MOST))
        assert stored(tmp_path / "files") == []


def test_a_body_that_declares_too_much_is_refused_at_once(server: httpx2.Client) -> None:
    with spoken(server, "multipart/form-data; boundary=x", 10**12) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


MAPS: list[tuple[Any, Any]] = [
    ([], "object of lists"),
    ({"0": "variables.input.file"}, "object of lists"),
    ({"0": []}, "object of lists"),
    ({"0": [1]}, "object of lists"),
    ({"0": ["input.file"]}, "variables."),
    ({"0": ["variables"]}, "variables."),
    ({"0": ["variables.input.nothing"]}, "nothing at"),
    ({"0": ["variables.input.file.deeper"]}, "nothing at"),
    ({"0": ["variables.input.name"]}, "must be null"),
    ({"1": ["variables.input.file"]}, "does not say where"),
    ({"0": ["variables.input.file"], "1": ["variables.input.file"]}, "not sent: 1"),
]


@pytest.mark.parametrize(("mapped", "word"), MAPS)
def test_a_map_that_leads_nowhere(server: httpx2.Client, mapped: Any, word: str) -> None:
    refused(server.post("/graphql", headers=PREFLIGHT, **form(mapped=mapped)), 400, word)


def test_too_many_files(server: httpx2.Client) -> None:
    given = {str(number): ["variables.input.file"] for number in range(3)}
    refused(server.post("/graphql", headers=PREFLIGHT, **form(mapped=given)), 413, "2 files")


def test_a_list_of_files_takes_indexes(server: httpx2.Client) -> None:
    given = form(
        b"text",
        query=TWO,
        variables={"files": [None], "first": None},
        mapped={"0": ["variables.files.0", "variables.first"]},
    )
    answer = server.post("/graphql", headers=PREFLIGHT, **given).json()
    assert "errors" in answer  # `$files` is never used: the document is not valid, and says so before the file is read
    query = TWO.replace("$files: [Upload!]!, ", "")
    given = form(b"text", query=query, variables={"first": None}, mapped={"0": ["variables.first"]})
    assert server.post("/graphql", headers=PREFLIGHT, **given).json() == {"data": {"a": {"size": 4.0}}}
    for place in ("variables.files.1", "variables.files.x", "variables.files.99999999999"):
        given = form(variables={"files": [None]}, mapped={"0": [place]})
        refused(server.post("/graphql", headers=PREFLIGHT, **given), 400, "nothing at")


def test_the_order_of_the_parts(server: httpx2.Client) -> None:
    operations, mapped, file = form()["files"]
    for parts in ([mapped, operations, file], [operations, file, mapped], [file, operations, mapped]):
        refused(server.post("/graphql", headers=PREFLIGHT, files=parts), 400, "before the files")
    for parts in ([operations, mapped], [operations]):
        refused(server.post("/graphql", headers=PREFLIGHT, files=parts), 400)
    refused(server.post("/graphql", headers=PREFLIGHT, files=[operations, operations, mapped, file]), 400, "once")
    refused(server.post("/graphql", headers=PREFLIGHT, files=[operations, mapped, file, file]), 400, "twice")
    field = ("0", (None, "no file"))
    refused(server.post("/graphql", headers=PREFLIGHT, files=[operations, mapped, field]), 400, "no filename")


def test_operations_are_a_request_as_in_json(server: httpx2.Client) -> None:
    _, mapped, file = form()["files"]
    for text, status in (
        ("[]", 400),
        ("{}", 400),
        ("nonsense", 400),
        ("", 400),
        (json.dumps({"query": "a" * 20_000}), 413),
    ):
        answer = server.post("/graphql", headers=PREFLIGHT, files=[("operations", (None, text)), mapped, file])
        refused(answer, status)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=", b"--x--"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"nonsense"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{'),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 100 + b"\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A" * 100_000),
        (f"multipart/form-data; boundary={'x' * 1000}", b"--x--"),
    ],
)
def test_a_body_that_is_no_form(server: httpx2.Client, content_type: str, body: bytes) -> None:
    headers = PREFLIGHT | {"Content-Type": content_type}
    refused(server.post("/graphql", headers=headers, content=body), 400)


def test_an_upload_that_breaks_off_leaves_nothing(server: httpx2.Client, tmp_path: Path) -> None:
    """Also no open file: warnings are errors here."""
    body = server.build_request("POST", "/graphql", **form(b"%PDF-1.7" * 10_000))
    content = body.read()
    with spoken(server, body.headers["Content-Type"], len(content)) as connection:
        connection.sendall(content[: len(content) // 2])
    assert server.post("/graphql", headers=PREFLIGHT, **form(name="a.php")).status_code == 200
    assert [path for path in stored(tmp_path / "files") if not path.startswith(".incoming")] == []


def test_what_a_killed_server_left_is_cleared_away(server: httpx2.Client, tmp_path: Path) -> None:
    incoming = tmp_path / "files" / ".incoming"
    for name, age in (("old", 2 * 86_400), ("new", 60)):
        (incoming / name).mkdir(parents=True)
        (incoming / name / "0").write_bytes(b"half")
        os.utime(incoming / name, (time.time() - age, time.time() - age))
    assert server.post("/graphql", headers=PREFLIGHT, **form(name="a.php")).status_code == 200
    assert [path.name for path in incoming.iterdir()] == ["new"]


SCRIPT = """
const [url, token, query] = process.argv.slice(1)
const form = new FormData()
form.append("operations", JSON.stringify({ query, variables: { input: { file: null, name: "Führer.txt" } } }))
form.append("map", JSON.stringify({ 0: ["variables.input.file"] }))
form.append("0", new File(["für alle"], "Führer.txt", { type: "text/plain" }))
const headers = { authorization: `Bearer ${token}`, "GraphQL-Require-Preflight": "1" }
const answer = await fetch(url, { method: "POST", headers, body: form })
console.log(await answer.text())
"""


def test_a_front_end_uploads_with_fetch(server: httpx2.Client, node: str, tmp_path: Path) -> None:
    """As docs/files.md shows it."""
    url = f"{server.base_url}/graphql"
    command = [node, "--input-type=module", "--eval", SCRIPT, "--", url, "known-admin-token", DOCUMENT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    answer = json.loads(done.stdout or done.stderr)["data"]["fileUpload"]
    assert (answer["size"], answer["userErrors"]) == (9, [])
    assert answer["path"].startswith("Führer__stored-")
    assert (tmp_path / "files" / answer["path"]).read_text() == "für alle"

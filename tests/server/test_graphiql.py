"""The GraphiQL page and the files it loads, without a browser; ``graphiql/test_browser.py`` drives a real one."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.testclient import TestClient

from server.graphql.graphiql import Document, page, routes

ASSETS = Path(__file__).parents[2] / "server" / "graphql" / "graphiql" / "assets"
OWN_SCRIPTS = ("boot.js", "authorization.js", "following.js", "keep.js", "plan.js")

PRODUCTS = Document("Products", "query Products($first: Int!) {\n  products(first: $first) { id }\n}\n", {"first": 3})
VIEWER = Document("Viewer", "query Viewer {\n  viewer\n}\n", headers={"X-Store": "7"})


def render(
    title: str = "storegraph",
    token: str | None = None,
    documents: tuple[Document, ...] = (PRODUCTS, VIEWER),
) -> HTMLResponse:
    return page(endpoint="/graphql", title=title, token=token, documents=documents)


def text_of(response: HTMLResponse) -> str:
    return bytes(response.body).decode()


def configuration(response: HTMLResponse) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="configuration">(.*?)</script>', text_of(response), re.DOTALL
    )
    assert found is not None
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


def policy(response: HTMLResponse) -> Mapping[str, str]:
    directives = response.headers["content-security-policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


def loaded(response: HTMLResponse) -> list[str]:
    return re.findall(r'(?:href|src)="([^"]*)"', text_of(response))


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes()), follow_redirects=False)


def test_the_policy_allows_nothing_the_page_does_not_name() -> None:
    response = render()
    found = policy(response)

    assert found["default-src"] == "'none'"
    assert found["connect-src"] == "'self'"
    assert found["frame-ancestors"] == found["base-uri"] == found["form-action"] == "'none'"
    assert "unsafe" not in response.headers["content-security-policy"]
    assert "http" not in response.headers["content-security-policy"]
    nonce = found["script-src"].removeprefix("'nonce-").removesuffix("'")
    assert found["style-src"] == found["script-src"]
    tags = re.findall(r"<(?:script|link)[^>]*>", text_of(response))
    assert {tag for tag in tags if f'nonce="{nonce}"' not in tag} == {
        tag for tag in tags if "application/json" in tag or 'rel="icon"' in tag
    }


def test_no_two_answers_share_a_nonce_or_a_cache() -> None:
    first, second = render(), render()
    assert policy(first)["script-src"] != policy(second)["script-src"]
    assert first.headers["cache-control"] == "no-store"


def test_no_script_or_style_is_inline() -> None:
    text = text_of(render())
    executable = [tag for tag in re.findall(r"<script[^>]*>", text) if "application/json" not in tag]
    assert executable
    assert all(" src=" in tag for tag in executable)
    assert "<style" not in text
    assert not re.search(r"\son\w+=|\sstyle=", text)


def test_every_url_of_the_page_is_a_path_that_is_served(client: TestClient) -> None:
    urls = loaded(render(token="demo"))
    assert len(urls) == 9
    for url in urls:
        assert url.startswith("/graphiql/")
        assert client.get(url).status_code == 200
    assert not re.search(r"(?:https?:)?//\w", re.sub(r"</?\w+", "", text_of(render())))


def test_styles_load_nothing_and_scripts_import_only_their_neighbours() -> None:
    for style in ASSETS.glob("*.css"):
        text = style.read_text()
        assert "@import" not in text
        assert all(url.strip("\"'").startswith("data:") for url in re.findall(r"url\(([^)]*)\)", text)), style.name
    for name in OWN_SCRIPTS:
        text = (ASSETS / name).read_text()
        assert "://" not in text
        assert all((ASSETS / neighbour).is_file() for neighbour in re.findall(r'from "\./([^"]*)"', text))
    assert not re.search(r"\beval\(|new Function\b|importScripts", (ASSETS / "graphiql.min.js").read_text())


def test_vendored_files_are_those_npm_published() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", (ASSETS / "README.md").read_text(), re.MULTILINE)
    own = {*OWN_SCRIPTS, "page.css", "favicon.svg"}
    served = {path.name for path in ASSETS.iterdir() if path.suffix in {".js", ".css", ".svg"}}
    assert {name for name, _ in rows} | own == served
    for name, digest in rows:
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("evil", ["</script><script>alert(1)</script>", "<!--<script>", "\u2028\u2029", "&lt;\"'\\"])
def test_configuration_cannot_leave_its_element(evil: str) -> None:
    response = page(
        endpoint=f"/graphql?{evil}",
        title=evil,
        token=evil,
        documents=[Document(evil, evil, {evil: [evil]}, {evil: evil})],
    )
    text = text_of(response)

    assert text.count("<script") == text.count("</script>") == 6
    assert "<!--" not in text
    assert not {"\u2028", "\u2029"} & set(text.partition('id="configuration">')[2].partition("</script>")[0])
    document = configuration(response)["documents"][0]
    assert configuration(response)["token"] == evil
    assert document["variables"] == {evil: [evil]}
    assert document["headers"] == {evil: evil}
    assert document["text"].endswith(evil)


def test_a_token_appears_only_when_given() -> None:
    without = render()
    assert configuration(without)["token"] is None
    assert "Bearer <token>" in configuration(without)["documents"][0]["text"]

    preset = render(token="demo-token")
    assert configuration(preset)["token"] == "demo-token"
    assert text_of(preset).count("demo-token") == 1
    assert "demo token" in configuration(preset)["documents"][0]["text"]


def test_documents_keep_their_order_and_the_first_one_welcomes() -> None:
    first, second = configuration(render(title="My\nshop"))["documents"]
    assert first["text"].startswith("# Welcome to My shop.\n")
    assert first["text"].endswith(PRODUCTS.text)
    assert first["variables"] == {"first": 3}
    assert second == {"name": "Viewer", "text": VIEWER.text, "variables": None, "headers": {"X-Store": "7"}}


def test_without_documents_there_is_something_to_run() -> None:
    (only,) = configuration(render(documents=()))["documents"]
    assert "__typename" in only["text"]


def test_variables_may_be_any_mapping_but_not_what_json_lacks() -> None:
    frozen = Document("Frozen", "query Frozen { a }", MappingProxyType({"a": 1}))
    assert configuration(render(documents=(frozen,)))["documents"][0]["variables"] == {"a": 1}
    with pytest.raises(ValueError, match="JSON"):
        render(documents=(Document("Infinite", "query Infinite { a }", {"a": float("inf")}),))


def test_without_javascript_the_page_says_what_to_do() -> None:
    message = text_of(render()).partition("<noscript>")[2].partition("</noscript>")[0]
    assert "needs JavaScript" in message
    assert "POST /graphql" in message


def test_assets_may_be_kept_for_ever(client: TestClient) -> None:
    types = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
    for url in loaded(render()):
        answer = client.get(url)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == types[Path(url).suffix]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert b"sourceMappingURL" not in answer.content
        assert client.head(url).status_code == 200


def test_assets_travel_compressed_where_the_browser_can_read_it(client: TestClient) -> None:
    (url,) = (each for each in loaded(render()) if each.endswith("graphiql.min.js"))
    packed = client.get(url, headers={"Accept-Encoding": "gzip, br"})
    plain = client.get(url, headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2


@pytest.mark.parametrize(
    "name",
    ["nothing.js", "README.md", "licences", "", "../page.py", "..%2fpage.py", "%2e%2e/page.py", "licences/react.txt"],
)
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    folder = loaded(render())[0].rpartition("/")[0]
    assert client.get(f"{folder}/{name}").status_code == 404


def test_an_old_fingerprint_is_not_found(client: TestClient) -> None:
    assert client.get("/graphiql/0000000000000000/boot.js").status_code == 404


def test_the_prefix_is_the_callers() -> None:
    response = page(endpoint="/api/graphql", title="storegraph", token=None, documents=(), prefix="/api/explore")
    client = TestClient(Starlette(routes=routes("/api/explore")))
    assert configuration(response)["endpoint"] == "/api/graphql"
    assert all(client.get(url).status_code == 200 for url in loaded(response))

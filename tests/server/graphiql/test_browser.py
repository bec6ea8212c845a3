"""GraphiQL as a reader meets it: Chromium, a real server on loopback, nothing else on the network."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import httpx2
import pytest
import strawberry
import uvicorn
from graphql import GraphQLSchema, OperationDefinitionNode, graphql_sync, parse
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from engine.values.identity import encode
from schema.root import schema
from server.graphql.graphiql import Document, page, routes
from server.graphql.graphiql.examples import DOCUMENTS
from server.settings.settings import Settings
from tests.databases import sqlite_url
from tests.live.talking import CREATE, asked
from tests.live.talking import serving as gateway
from tests.patience import PATIENCE

TOKEN: Final = "known-admin-token"
REPRICE: Final = "mutation R($input: VariantUpdateInput!) { variantUpdate(input: $input) { userErrors { message } } }"

ARGUMENTS = (
    "--no-sandbox",  # a container's root has no user namespace to give away
    "--disable-gpu",
    # Whatever Chromium would ask the network for on its own account.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

EXAMPLES = (
    Document("Products", "query Products($first: Int!) {\n  products(first: $first) { title }\n}\n", {"first": 2}),
    Document("Viewer", "query Viewer {\n  viewer\n}\n", headers={"X-Store": "7"}),
)

# Chromium draws in software here and shares the machine with the other tests.
expect.set_options(timeout=PATIENCE * 1000)

# Whether an editor's linter has what it judges by.
KNOWS_THE_SCHEMA = "(element) => Boolean(element.CodeMirror.options.lint.schema)"
# The editor of variables knows those of the document that is shown, a moment after it is.
KNOWS = "(element) => Object.keys(element.CodeMirror.options.lint.variableToType ?? {}).sort()"
# What it has to say.
MARKED = """
    async (element) => {
        const editor = element.CodeMirror;
        const { getAnnotations, ...options } = editor.options.lint;
        const find = getAnnotations ?? editor.getHelper({ line: 0, ch: 0 }, "lint");
        return (await find(editor.getValue(), options, editor)).map((each) => each.message);
    }
"""

# On the document before its scripts run; a refused load is an event, not an exception.
NOTE_VIOLATIONS = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
        window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


@strawberry.type
class Product:
    title: str


@strawberry.type
class Query:
    @strawberry.field
    def products(self, first: int) -> list[Product]:
        return [Product(title=f"Lamp {number}") for number in range(first)]

    @strawberry.field
    def viewer(self) -> str:
        return "somebody"


SCHEMA = strawberry.Schema(Query)


@dataclass
class Shop:
    """A small app around the page; a test may change it between two visits."""

    token: str | None = None
    documents: Sequence[Document] = EXAMPLES
    core: GraphQLSchema | None = None
    private: bool = False
    broken: bool = False
    authorizations: list[str | None] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/graphql", self.explore, methods=["GET"]),
                Route("/graphql", self.execute, methods=["POST"]),
                *routes(),
            ]
        )

    async def explore(self, request: HttpRequest) -> HttpResponse:
        return page(endpoint="/graphql", title="storegraph", token=self.token, documents=self.documents)

    async def execute(self, request: HttpRequest) -> HttpResponse:
        authorization = request.headers.get("authorization")
        self.authorizations.append(authorization)
        if self.broken:
            return PlainTextResponse("Bad gateway", status_code=502)
        if self.private and authorization is None:
            return JSONResponse({"errors": [{"message": "Say who you are."}]}, status_code=401)
        sent = await request.json()
        if self.core is not None:
            return JSONResponse(graphql_sync(self.core, sent["query"]).formatted)
        result = await SCHEMA.execute(sent["query"], variable_values=sent.get("variables"))
        errors = [error.formatted for error in result.errors or ()]
        return JSONResponse({"data": result.data, **({"errors": errors} if errors else {})})


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def graphql_url() -> Iterator[str]:
    """Where a browser finds the page: two named example documents or more, readable without a token."""
    with serving(Shop().app()) as url:
        yield url


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def shop_url(shop: Shop) -> Iterator[str]:
    with serving(shop.app()) as url:
        yield url


@pytest.fixture
def live(sqlite_template: Path, tmp_path: Path) -> Iterator[httpx2.Client]:
    """A gateway with a draft that has a price."""
    shutil.copyfile(sqlite_template, tmp_path / "store.db")
    settings = Settings(database_url=sqlite_url(tmp_path / "store.db"), admin_token=SecretStr(TOKEN))
    with gateway(settings) as client:
        variant = {"title": "Mug", "sku": "MUG", "price": 1400}
        asked(client, TOKEN, CREATE, input={"title": "Mug", "fulfillmentType": "PHYSICAL", "variants": [variant]})
        yield client


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A page of a fresh profile, wide enough for the explorer to open by itself."""
    context = browser.new_context(viewport={"width": 1400, "height": 860})
    context.set_default_timeout(PATIENCE * 1000)
    context.add_init_script(NOTE_VIOLATIONS)
    yield context.new_page()
    context.close()


def visit(tab: Page, url: str) -> None:
    tab.goto(url)
    tab.wait_for_selector(".graphiql-execute-button")
    tab.wait_for_function("() => document.querySelectorAll('.CodeMirror').length === 4")


def write(tab: Page, editor: str, text: str) -> None:
    tab.click(f"{editor} .CodeMirror-scroll")
    tab.keyboard.press("Control+a")
    tab.keyboard.press("Delete")
    tab.keyboard.insert_text(text)
    passed(tab, 250)  # GraphiQL gives an edit to its tab after 100 ms; no hand changes tabs sooner


def passed(tab: Page, milliseconds: int) -> None:
    """Waits by the page's own clock: what was to be done by then is done, however late the page is."""
    tab.evaluate("(milliseconds) => new Promise((done) => setTimeout(done, milliseconds))", milliseconds)


def becomes(tab: Page, found: Callable[[], object], expected: object) -> None:
    """Waits for what it asserts: tabs and editors are drawn when the page comes to it."""
    deadline = time.monotonic() + PATIENCE
    while (seen := found()) != expected and time.monotonic() < deadline:
        tab.wait_for_timeout(50)
    assert seen == expected


def written(tab: Page, editor: str) -> str:
    text: str = tab.locator(f"{editor} .CodeMirror").evaluate("(element) => element.CodeMirror.getValue()")
    return text


QUERY, RESPONSE = ".graphiql-query-editor", ".graphiql-response"
VARIABLES, HEADERS = ".graphiql-editor-tool > :nth-child(1)", ".graphiql-editor-tool > :nth-child(2)"


def write_headers(tab: Page, **headers: str) -> None:
    tab.click("button[data-name=headers]")
    write(tab, HEADERS, json.dumps(headers))


def tabs(tab: Page) -> list[str]:
    return tab.locator(".graphiql-tab-button").all_inner_texts()


def has_tabs(tab: Page, *names: str) -> None:
    becomes(tab, lambda: tabs(tab), list(names))


def has_headers(tab: Page, expected: dict[str, str] | None) -> None:
    """None: nothing stands in the editor."""
    becomes(tab, lambda: json.loads(written(tab, HEADERS) or "null"), expected)


def switch_to(tab: Page, index: int) -> None:
    tab.locator(".graphiql-tab-button").nth(index).click()
    passed(tab, 250)  # what a tab shows is an edit to GraphiQL, which gives it to the tab after 100 ms


def kept_on_disk(tab: Page) -> str:
    passed(tab, 700)  # GraphiQL writes half a second after the last change
    kept: str = tab.evaluate("JSON.stringify({ ...localStorage })")
    return kept


def kept_tabs(tab: Page) -> int:
    state = "Object.entries(localStorage).find(([key]) => key.endsWith('graphiql:tabState'))"
    number: int = tab.evaluate(f"JSON.parse({state}[1]).tabs.length")
    return number


def kept(tab: Page) -> None:
    """Waits until what is shown is kept: it is written down a moment later, also when it was cleared in between."""
    kept_on_disk(tab)
    becomes(tab, lambda: kept_tabs(tab), len(tabs(tab)))


def reload(tab: Page) -> None:
    kept(tab)
    visit(tab, tab.url)


def test_a_reader_writes_a_query_and_sees_the_answer(tab: Page, graphql_url: str) -> None:
    origin = graphql_url.rpartition("/")[0]
    requests: list[Request] = []
    responses: list[Response] = []
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            problems.append(message.text)

    def on_request(request: Request) -> None:  # Playwright marks its listeners, which list.append does not allow
        requests.append(request)

    def on_response(response: Response) -> None:
        responses.append(response)

    tab.on("request", on_request)
    tab.on("response", on_response)
    tab.on("console", on_console)
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("websocket", lambda socket: problems.append(socket.url))
    visit(tab, graphql_url)

    assert tab.title()
    has_tabs(tab, "Products", "Viewer")
    becomes(tab, lambda: written(tab, QUERY)[:13], "# Welcome to ")

    explorer = tab.locator(".graphiql-explorer-root")
    expect(explorer).to_be_visible()
    expect(explorer.locator(".graphiql-explorer-node").first).to_be_visible()

    tab.click(f"{QUERY} .CodeMirror-scroll")
    tab.keyboard.press("Control+a")
    tab.keyboard.type("query Typed { __typename }")
    tab.keyboard.press("Escape")
    tab.keyboard.press("Control+Enter")
    expect(tab.locator(f"{RESPONSE} .CodeMirror-code")).to_contain_text("__typename")
    becomes(tab, lambda: json.loads(written(tab, RESPONSE) or "null"), {"data": {"__typename": "Query"}})
    expect(tab.locator(".graphiql-tab-button").first).to_have_text("Typed")

    tab.click("[aria-label='Show Documentation Explorer']")
    docs = tab.locator(".graphiql-doc-explorer")
    docs.get_by_role("link", name="Query").first.click()
    expect(docs.locator(".graphiql-doc-explorer-field-name").first).to_be_visible()

    assert tab.evaluate("window.violations") == []
    # The dialog's scroll lock adds a style element: refused without the nonce.
    tab.click("[aria-label='Open settings dialog']")
    expect(tab.get_by_role("dialog")).to_be_visible()
    assert tab.evaluate("getComputedStyle(document.body).overflow") == "hidden"

    assert tab.evaluate("window.violations") == []
    assert [each for each in problems if "DialogContent" not in each] == []  # a hint to GraphiQL's authors
    assert len(requests) > 10
    assert [each.url for each in requests if not each.url.startswith((f"{origin}/", "data:"))] == []
    assert [each.url for each in responses if each.status >= 400] == []
    assert {each.headers["content-type"] for each in requests if each.method == "POST"} == {"application/json"}


def test_examples_bring_their_variables_and_headers(tab: Page, shop_url: str) -> None:
    visit(tab, shop_url)
    has_tabs(tab, "Products", "Viewer")
    becomes(tab, lambda: json.loads(written(tab, VARIABLES) or "null"), {"first": 2})
    tab.click(".graphiql-execute-button")
    expect(tab.locator(f"{RESPONSE} .CodeMirror-code")).to_contain_text("Lamp 1")

    switch_to(tab, 1)
    has_headers(tab, {"X-Store": "7"})
    becomes(tab, lambda: written(tab, VARIABLES), "")


def test_a_token_written_once_serves_every_tab_and_outlives_a_reload(tab: Page, graphql_url: str) -> None:
    visit(tab, graphql_url)
    has_tabs(tab, "Products", "Viewer")
    write_headers(tab, Authorization="Bearer mine-alone", Other="here")

    switch_to(tab, 1)
    has_headers(tab, {"X-Store": "7", "Authorization": "Bearer mine-alone"})
    with tab.expect_request(lambda request: request.method == "POST") as sent:
        tab.click(".graphiql-execute-button")
    assert sent.value.headers["authorization"] == "Bearer mine-alone"
    tab.click(".graphiql-tab-add")
    has_headers(tab, {"Authorization": "Bearer mine-alone"})
    assert "mine-alone" not in kept_on_disk(tab)

    for _ in range(2):
        reload(tab)
        has_tabs(tab, "Products", "Viewer", "<untitled>")
        has_headers(tab, {"Authorization": "Bearer mine-alone"})
    switch_to(tab, 0)
    has_headers(tab, {"Authorization": "Bearer mine-alone", "Other": "here"})

    write_headers(tab, Other="here")
    switch_to(tab, 1)
    has_headers(tab, {"X-Store": "7"})


def test_history_does_not_bring_back_an_old_token(tab: Page, shop_url: str) -> None:
    visit(tab, shop_url)
    write_headers(tab, Authorization="Bearer first")
    tab.click(".graphiql-execute-button")
    expect(tab.locator(f"{RESPONSE} .CodeMirror-code")).to_contain_text("Lamp")
    write_headers(tab, Authorization="Bearer second")

    tab.click("[aria-label='Show History']")
    tab.locator(".graphiql-history-item-label").first.click()
    has_headers(tab, {"Authorization": "Bearer second"})
    disk = kept_on_disk(tab)
    assert "graphiql:queries" in disk
    assert "Bearer first" not in disk


def test_headers_are_forgotten_when_the_reader_wants_it(tab: Page, shop_url: str) -> None:
    visit(tab, shop_url)
    write_headers(tab, Authorization="Bearer brief")
    tab.click("[aria-label='Open settings dialog']")
    tab.click("#disable-persist-headers")
    tab.keyboard.press("Escape")

    for _ in range(2):
        reload(tab)
        has_tabs(tab, "Products", "Viewer")
        has_headers(tab, None)
    assert "brief" not in tab.evaluate("JSON.stringify({ ...sessionStorage })")


def test_a_preset_token_gives_way_to_the_readers_own(tab: Page, shop: Shop, shop_url: str) -> None:
    shop.token = "demo-1"
    visit(tab, shop_url)
    has_headers(tab, {"Authorization": "Bearer demo-1"})
    expect(tab.locator(".graphiql-explorer-node").first).to_be_visible()
    becomes(tab, lambda: shop.authorizations, ["Bearer demo-1"])

    shop.token = "demo-2"  # the server was started again
    reload(tab)
    has_headers(tab, {"Authorization": "Bearer demo-2"})

    write_headers(tab, Authorization="Bearer mine")
    shop.token = "demo-3"
    reload(tab)
    has_headers(tab, {"Authorization": "Bearer mine"})


def test_the_schema_comes_with_the_first_token(tab: Page, shop: Shop, shop_url: str) -> None:
    shop.private = True
    visit(tab, shop_url)
    expect(tab.locator(".graphiql-explorer-root")).to_have_count(0)
    write_headers(tab, Authorization="Bearer mine")
    expect(tab.locator(".graphiql-explorer-node").first).to_be_visible()
    assert shop.authorizations[-1] == "Bearer mine"


def test_a_new_example_joins_the_tabs_and_a_closed_one_stays_closed(tab: Page, shop: Shop, shop_url: str) -> None:
    visit(tab, shop_url)
    tab.locator(".graphiql-tab-button").first.click()
    tab.locator(".graphiql-tab-close").first.click()
    has_tabs(tab, "Viewer")

    shop.documents = (*EXAMPLES, Document("Added", "query Added {\n  viewer\n}\n"))
    reload(tab)
    has_tabs(tab, "Viewer", "Added")

    kept(tab)
    tab.click("[aria-label='Open settings dialog']")
    tab.click("text=Clear data")
    visit(tab, shop_url)
    has_tabs(tab, "Products", "Viewer", "Added")


def test_every_example_of_the_demo_validates_as_it_stands(tab: Page, shop: Shop, shop_url: str) -> None:
    """By the editor's own linters, of the document and of its variables, with the real schema."""
    shop.core, shop.documents = schema.core, DOCUMENTS
    visit(tab, shop_url)
    for number, document in enumerate(DOCUMENTS):
        switch_to(tab, number)
        becomes(tab, lambda: json.loads(written(tab, VARIABLES) or "null"), document.variables)
        operations = [each for each in parse(document.text).definitions if isinstance(each, OperationDefinitionNode)]
        names = {each.variable.name.value for operation in operations for each in operation.variable_definitions or ()}
        for editor, knows, expected in ((QUERY, KNOWS_THE_SCHEMA, True), (VARIABLES, KNOWS, sorted(names))):
            element = tab.locator(f"{editor} .CodeMirror")
            becomes(tab, partial(element.evaluate, knows), expected)
            assert element.evaluate(MARKED) == [], document.name


def test_a_subscription_shows_what_changes(tab: Page, live: httpx2.Client) -> None:
    """With the token of the page: a draft is nobody else's to see."""
    visit(tab, f"{live.base_url}/graphql")
    write_headers(tab, Authorization=f"Bearer {TOKEN}")
    write(
        tab,
        QUERY,
        "subscription Price { productChanged(by: { databaseId: 1 }) { product { minPrice { formatted } } } }",
    )

    def price() -> object:
        return json.loads(written(tab, RESPONSE) or "{}").get("data", {}).get("productChanged", {}).get("product")

    tab.click(".graphiql-execute-button")
    becomes(tab, price, {"minPrice": {"formatted": "$14.00"}})
    asked(live, TOKEN, REPRICE, input={"id": encode("ProductVariant", 1), "price": 1600})
    becomes(tab, price, {"minPrice": {"formatted": "$16.00"}})

    tab.click(".graphiql-execute-button")  # which stops it
    write(tab, QUERY, "subscription Nothing { nothing }")
    tab.click(".graphiql-execute-button")
    expect(tab.locator(f"{RESPONSE} .CodeMirror-code")).to_contain_text("Cannot query field")
    assert tab.evaluate("window.violations") == []


def test_the_plan_of_an_answer_is_shown_beside_it(tab: Page, live: httpx2.Client) -> None:
    visit(tab, f"{live.base_url}/graphql")
    write_headers(tab, Authorization=f"Bearer {TOKEN}")
    write(tab, QUERY, "{ products(first: 2) { nodes { title variants { sku } } } }")
    tab.click("[aria-label='Show Plan']")
    pane = tab.locator(".plan-pane")
    expect(pane).to_contain_text("Run a document")
    tab.click(".graphiql-execute-button")
    expect(pane).to_contain_text("By its plan")
    expect(pane.locator(".plan-step strong")).to_have_text(["products", "variants"])
    expect(pane.locator(".plan-steps .plan-steps .plan-step")).to_contain_text("for 1 parent")
    statement = pane.locator(".plan-statement").first
    statement.locator("summary").click()
    expect(statement.locator("pre")).to_contain_text("SELECT product.id")
    expected = {"data": {"products": {"nodes": [{"title": "Mug", "variants": [{"sku": "MUG"}]}]}}}
    becomes(tab, lambda: json.loads(written(tab, RESPONSE) or "null"), expected)

    write_headers(tab, Authorization="")  # a stranger's
    tab.click(".graphiql-execute-button")
    expect(pane).to_contain_text("without a plan")
    assert tab.evaluate("window.violations") == []

    tab.click("[aria-label='Hide Plan']")
    with tab.expect_request(lambda request: request.method == "POST") as sent:
        tab.click(".graphiql-execute-button")
    assert "plan" not in (sent.value.post_data or "")


def test_an_answer_that_is_no_json_is_named(tab: Page, shop: Shop, shop_url: str) -> None:
    visit(tab, shop_url)
    shop.broken = True
    tab.click(".graphiql-execute-button")
    expect(tab.locator(f"{RESPONSE} .CodeMirror-code")).to_contain_text("answered 502 with text/plain")


def test_without_javascript_there_is_a_message(browser: Browser, shop_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(shop_url)
    # By its class: Playwright leaves <noscript> out when it looks for a text.
    expect(tab.locator(".notice")).to_be_visible()
    expect(tab.locator(".notice")).to_contain_text("needs JavaScript")
    context.close()

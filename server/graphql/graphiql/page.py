"""The GraphiQL page: one HTML document whose every script, style and request stays on this origin."""

import html
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.responses import HTMLResponse

from server.graphql.graphiql.files import PREFIX, url

# In this order: each finds the globals of those before it. boot.js is a module, and modules run after deferred scripts.
_SCRIPTS = (
    "react.production.min.js",
    "react-dom.production.min.js",
    "graphiql.min.js",
    "graphiql-plugin-explorer.umd.js",
)
_STYLES = ("graphiql.min.css", "graphiql-plugin-explorer.css", "page.css")

# Inside a <script> element HTML ends the text at "</script" and changes its meaning at "<!--"; U+2028 and U+2029 are
# already escaped by json.dumps, which writes ASCII.
_HTML_IN_JSON = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True)
class Document:
    """An example that opens as a tab.

    ``name`` identifies the document: a browser opens each name once, and does not bring back a tab its reader closed.
    The tab shows it until the text is edited, then the name of the operation, so both are best the same.
    """

    name: str
    text: str
    variables: Mapping[str, object] | None = None
    headers: Mapping[str, str] | None = None


def page(
    *,
    endpoint: str,
    title: str,
    token: str | None,
    documents: Sequence[Document],
    prefix: str = PREFIX,
) -> HTMLResponse:
    """The page that explores the GraphQL endpoint at ``endpoint``, a path on the page's own origin.

    ``token`` is preset as bearer token in the header editor, readable by everyone who may see the page: pass one in
    demo mode only. A welcome is written above the first document; without documents it stands above a query of its
    own. ``prefix`` is the one given to ``routes``.

    Raises TypeError or ValueError for variables JSON cannot express.
    """
    nonce = secrets.token_urlsafe(16)
    configuration = {
        "endpoint": endpoint,
        "title": title,
        "token": token,
        "documents": [_tab(document) for document in _welcoming(documents, title, token)],
    }
    return HTMLResponse(
        _html(
            title=title,
            endpoint=endpoint,
            nonce=nonce,
            prefix=prefix,
            configuration=_json_in_html(configuration),
        ),
        headers={
            "Content-Security-Policy": _policy(nonce),
            # The nonce is for one answer, and a demo token has no place in a cache.
            "Cache-Control": "no-store",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _policy(nonce: str) -> str:
    """Nothing but what the page names itself.

    Scripts and styles need the nonce, and 'self' is not given: the same origin also serves files that merchants upload.
    The <style> of GraphiQL's dialogs gets the nonce from boot.js, so 'unsafe-inline' is not needed; the editor's own
    styling goes through the CSSOM, which a policy does not restrict.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            f"style-src 'nonce-{nonce}'",
            "connect-src 'self'",
            # data: the editor's lint marks. GraphiQL previews image URLs found in answers; other hosts stay closed.
            "img-src 'self' data:",
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _welcoming(documents: Sequence[Document], title: str, token: str | None) -> list[Document]:
    first, *others = documents or (Document("Welcome", "query Welcome {\n  __typename\n}\n"),)
    return [replace(first, text=f"{_welcome(title, token)}\n{first.text}"), *others]


def _welcome(title: str, token: str | None) -> str:
    access: tuple[str, ...]
    if token is None:
        access = (
            "Your token goes under Headers below,",
            "once for all tabs:",
            '{"Authorization": "Bearer <token>"}',
        )
    else:
        access = (
            "A demo token is set under Headers;",
            "put your own there, once for all tabs.",
        )
    # Lines of at most 38 characters: what the editor shows on a laptop with the explorer open beside it.
    lines = (
        f"Welcome to {' '.join(title.split())}.",
        "",
        "▶ or Ctrl-Enter runs this document,",
        "Ctrl-Space completes what you type.",
        "Docs, history, explorer at the left.",
        "",
        *access,
    )
    # "#" in the first column: GraphiQL looks for the operation's name in lines that do not start with it.
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _tab(document: Document) -> dict[str, object]:
    return {
        "name": document.name,
        "text": document.text,
        "variables": None if document.variables is None else dict(document.variables),
        "headers": None if document.headers is None else dict(document.headers),
    }


def _json_in_html(value: object) -> str:
    return json.dumps(value, allow_nan=False).translate(_HTML_IN_JSON)


def _html(*, title: str, endpoint: str, nonce: str, prefix: str, configuration: str) -> str:
    styles = "\n".join(
        f'<link rel="stylesheet" nonce="{nonce}" href="{html.escape(url(name, prefix))}">' for name in _STYLES
    )
    scripts = "\n".join(
        f'<script defer nonce="{nonce}" src="{html.escape(url(name, prefix))}"></script>' for name in _SCRIPTS
    )
    shown = html.escape(title)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{shown}</title>
<link rel="icon" type="image/svg+xml" href="{html.escape(url("favicon.svg", prefix))}">
{styles}
<script type="application/json" id="configuration">{configuration}</script>
{scripts}
<script type="module" nonce="{nonce}" src="{html.escape(url("boot.js", prefix))}"></script>
</head>
<body>
<noscript>
<div class="notice">
<h1>{shown}</h1>
<p>GraphiQL, the explorer of this API, runs in your browser and needs JavaScript, which is switched off here.
The API itself does not need it:</p>
<pre>POST {html.escape(endpoint)}
Content-Type: application/json

{{"query": "{{ __typename }}"}}</pre>
</div>
</noscript>
<div id="graphiql"></div>
</body>
</html>
"""

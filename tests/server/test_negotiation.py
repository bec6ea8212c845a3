"""What an Accept header gets."""

import pytest

from server.http.negotiation import negotiated

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
HTML = "text/html"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.9, {JSON}", JSON),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{JSON};q=0.1, */*;q=0.5", GRAPHQL),
        (f"{GRAPHQL}, */*", GRAPHQL),
        (f"{JSON}, */*", JSON),
        (f"{JSON}; charset=utf-8", JSON),
        ("APPLICATION/JSON", JSON),
        ("Application/GraphQL-Response+JSON;Q=1.0", GRAPHQL),
        (f" {JSON} ; q = 0.5 ", JSON),
        ("application/json;q=5, application/graphql-response+json;q=0.1", GRAPHQL),
        ("application/json;q=nan", None),
        ("nonsense", JSON),
        (",,;;", JSON),
        ("text/plain", None),
        ("text/html", None),
        ("application/jsonx", None),
        ("application/xml, text/*", None),
        (f"{JSON};q=0", None),
        ("*/*;q=0", None),
        (BROWSER, JSON),
    ],
)
def test_without_a_page(accept: str, expected: str | None) -> None:
    assert negotiated(accept) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (BROWSER, HTML),
        ("text/html", HTML),
        (f"text/html;q=0.5, {JSON}", JSON),
        (f"{JSON}, text/html", HTML),
        ("text/*", HTML),
        ("*/*", JSON),
        ("", JSON),
        ("image/png", None),
    ],
)
def test_with_a_page(accept: str, expected: str | None) -> None:
    assert negotiated(accept, page=True) == expected


def test_a_long_header_takes_no_time() -> None:
    assert negotiated("a/b;q=0.1," * 6000 + JSON) == JSON

"""Shops that can be connected, answered in process: each by the host that it has in the world, as its public reference
says it answers."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from connectors.outbound.message import Answer, Failure, Kind, Outcome, Request

KEY: Final = "ck_4f1a"
SECRET: Final = "cs_9c2e"
TOKEN: Final = "shpat_7d3b"
USER: Final = "gateway"
PASSWORD: Final = "abcd EFGH 1234 ijkl"

Answered = tuple[int, Any]


def answer(status: int, body: Any, **headers: str) -> Answer:
    sent = body if isinstance(body, bytes) else orjson.dumps(body)
    kind = "text/html" if isinstance(body, bytes) else "application/json; charset=UTF-8"
    named = tuple((name.replace("_", "-").lower(), value) for name, value in headers.items())
    return Answer(status, (("content-type", kind), *named), sent, cut=None, seconds=0.0)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def header(request: Request, name: str) -> str | None:
    return next((value for given, value in request.headers if given.lower() == name), None)


def place(request: Request) -> str:
    """The path, without its query."""
    return urlsplit(request.url).path


def fluentcart(request: Request) -> Outcome:
    """WordPress's own words for a wrong application password."""
    if header(request, "authorization") != basic(USER, PASSWORD):
        return answer(401, {"code": "rest_forbidden", "message": "Sorry, you are not allowed to do that."})
    if place(request) == "/wp-json/fluent-cart/v2/products":
        return answer(200, {"products": {"data": [], "total": 0, "current_page": 1, "last_page": 1}})
    return answer(404, {"code": "rest_no_route", "message": "No route was found matching the URL and request method."})


def woocommerce(request: Request) -> Outcome:
    """https://woocommerce.github.io/woocommerce-rest-api-docs/"""
    if header(request, "authorization") != basic(KEY, SECRET):
        message = "Sorry, you cannot list resources."
        return answer(401, {"code": "woocommerce_rest_cannot_view", "message": message, "data": {"status": 401}})
    if place(request) == "/wp-json/wc/v3/products":
        return answer(200, [])
    return answer(404, {"code": "rest_no_route", "message": "No route was found matching the URL and request method."})


def shopify(request: Request) -> Outcome:
    """https://shopify.dev/docs/api/admin-rest"""
    if header(request, "x-shopify-access-token") != TOKEN:
        return answer(401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"})
    if place(request).endswith("/shop.json"):
        return answer(200, {"shop": {"id": 548380009, "name": "Teashop", "currency": "EUR"}})
    return answer(404, {"errors": "Not Found"})


def blog(_request: Request) -> Outcome:
    return answer(200, b"<!doctype html><title>A blog</title>")


def busy(_request: Request) -> Outcome:
    return answer(503, {"message": "Maintenance"}, retry_after="30")


def silent(_request: Request) -> Outcome:
    return Failure(Kind.CONNECT_TIMEOUT, "There was no connection within 5 seconds", 5.0)


@dataclass
class Shops:
    """All of them, as the client that asks the outside."""

    places: Mapping[str, Callable[[Request], Outcome]]
    requests: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Outcome:
        self.requests.append(request)
        return self.places.get(urlsplit(request.url).netloc, silent)(request)


SHOPS: Final = Shops(
    {
        "cart.example": fluentcart,
        "woo.example": woocommerce,
        "teashop.myshopify.example": shopify,
        "blog.example": blog,
        "busy.example": busy,
    }
)

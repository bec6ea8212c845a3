"""A recorded store, answered in process: what the demo imports and the tests import from."""

import base64
import lzma
from pathlib import Path
from urllib.parse import parse_qs

import httpx2
import orjson

from connectors.importers.fluentcart.source import API


class RecordedStore(httpx2.AsyncBaseTransport):
    """Answers GET requests from a recording: a line of JSON an exchange (path below the API's root, query, status,
    response), compressed by xz when the file's name says so.

    A request is matched on path and page; `{site}` in an answer becomes the origin that was asked. With a password,
    Basic authentication is checked.
    """

    def __init__(self, path: Path, *, user: str = "admin", password: str | None = None) -> None:
        self._answers: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._expected: str | None = None
        if password is not None:
            self._expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        for line in data.splitlines():
            exchange = orjson.loads(line)
            key = exchange["path"], str(exchange["query"].get("page", 1))
            self._answers[key] = exchange["status"], orjson.dumps(exchange["response"])

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        status, body = self._answer(request)
        origin = f"{request.url.scheme}://{request.headers['Host']}"
        content = body.replace(b"{site}", origin.encode())
        return httpx2.Response(status, headers={"Content-Type": "application/json; charset=UTF-8"}, content=content)

    def _answer(self, request: httpx2.Request) -> tuple[int, bytes]:
        if self._expected is not None and request.headers.get("Authorization") != self._expected:
            return 401, _refusal("rest_forbidden", "Sorry, you are not allowed to do that.", 401)
        page = parse_qs(request.url.query.decode()).get("page", ["1"])[0]
        path = request.url.path
        answer = self._answers.get((path.removeprefix(API), page)) if path.startswith(API) else None
        if answer is None or request.method != "GET":
            message = "No route was found matching the URL and request method."
            return 404, _refusal("rest_no_route", message, 404)
        return answer


def _refusal(code: str, message: str, status: int) -> bytes:
    return orjson.dumps({"code": code, "message": message, "data": {"status": status}})

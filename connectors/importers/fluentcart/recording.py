"""A recorded store, answered in process: what the demo imports and the tests import from."""

import base64
import lzma
from pathlib import Path
from urllib.parse import parse_qs

import orjson

from connectors.importers.fluentcart.source import API
from connectors.outbound.message import Answer, Request
from connectors.outbound.url import parsed


class RecordedStore:
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

    async def send(self, request: Request) -> Answer:
        url = parsed(request.url)
        status, body = self._answer(request, url.target)
        body = body.replace(b"{site}", f"{url.scheme}://{url.authority}".encode())
        return Answer(status, (("content-type", "application/json; charset=UTF-8"),), body, cut=None, seconds=0.0)

    def _answer(self, request: Request, target: str) -> tuple[int, bytes]:
        given = [value for name, value in request.headers if name.lower() == "authorization"]
        if self._expected is not None and given != [self._expected]:
            return 401, _refusal("rest_forbidden", "Sorry, you are not allowed to do that.", 401)
        path, _, query = target.partition("?")
        page = parse_qs(query).get("page", ["1"])[0]
        answer = self._answers.get((path.removeprefix(API), page)) if path.startswith(API) else None
        if answer is None or request.method != "GET":
            message = "No route was found matching the URL and request method."
            return 404, _refusal("rest_no_route", message, 404)
        return answer


def _refusal(code: str, message: str, status: int) -> bytes:
    return orjson.dumps({"code": code, "message": message, "data": {"status": status}})

"""The calls that a provider makes: to its vendor's site and nowhere else, with the credential, over the outbound
client. A dry run calls nobody: each call is noted, and answered by the example that its provider gives."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypedDict, Unpack
from urllib.parse import quote, quote_plus, urlencode

import orjson

from connectors.delivery.policy import retried
from connectors.outbound.message import MIB, Answer, Failure, Request, Sends
from connectors.providers.declared.failing import VendorFailed
from connectors.providers.declared.reply import LONGEST, Reply, explained
from connectors.providers.declared.site import Site
from db.secrets.confidential import MASK

# What a list of 1 000 entries takes with all that vendors say of each.
LONGEST_ANSWER: Final = 8 * MIB
_DOTS: Final = re.compile(r"(^|/)\.{1,2}(/|$)")

Query = Mapping[str, str | int | Sequence[str]]
Explain = Callable[[Reply], str | None]


@dataclass(frozen=True, slots=True)
class Call:
    """A call as people may see it. `headers` whose values are secrets are masked; `status` is None where there was no
    answer, and in a dry run. `reply` is the beginning of what was answered."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    status: int | None = None
    reply: str = ""
    reply_headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """`POST https://us21.api.mailchimp.com/3.0/lists: 200`."""
        return f"{self.method} {self.url}" + ("" if self.status is None else f": {self.status}")


class Asks(TypedDict, total=False):
    """What a call takes beside its method and path.

    `json`     the body, or `form` as `application/x-www-form-urlencoded`
    `headers`  beside the site's; their values are not hidden
    `accepts`  statuses beside 2xx that are answers
    `example`  what the vendor's reference shows as the answer: a dry run goes on with it"""

    query: Query | None
    json: Any
    form: Mapping[str, str] | None
    headers: Mapping[str, str] | None
    accepts: Collection[int]
    example: Any


class Vendor:
    """The way to one vendor with one credential.

    `title`    what messages call it
    `dry`      whether calls are noted only
    `calls`    those so far, in their order: shared with what `to` gives
    `hidden`   texts that stand for themselves in no message, beside the credential
    """

    def __init__(
        self,
        site: Site | None,
        sends: Sends,
        *,
        title: str,
        explain: Explain = explained,
        dry: bool = False,
        hidden: Collection[str] = (),
        calls: list[Call] | None = None,
    ) -> None:
        self._site = site
        self._sends = sends
        self._title = title
        self._explain = explain
        self._hidden = {text for text in hidden if text}
        self.dry = dry
        self.calls: list[Call] = [] if calls is None else calls

    def to(self, site: Site) -> "Vendor":
        """Another site of the same vendor: where its tokens are had, say. Its calls are noted here too."""
        return Vendor(
            site,
            self._sends,
            title=self._title,
            explain=self._explain,
            dry=self.dry,
            hidden=self._hidden,
            calls=self.calls,
        )

    async def get(
        self, path: str, *, query: Query | None = None, accepts: Collection[int] = (), example: Any = None
    ) -> Reply:
        return await self.call("GET", path, query=query, accepts=accepts, example=example)

    async def post(self, path: str, **asks: Unpack[Asks]) -> Reply:
        return await self.call("POST", path, **asks)

    async def put(self, path: str, **asks: Unpack[Asks]) -> Reply:
        return await self.call("PUT", path, **asks)

    async def patch(self, path: str, **asks: Unpack[Asks]) -> Reply:
        return await self.call("PATCH", path, **asks)

    async def delete(self, path: str, **asks: Unpack[Asks]) -> Reply:
        return await self.call("DELETE", path, **asks)

    async def call(self, method: str, path: str, **asks: Unpack[Asks]) -> Reply:
        """Ask, and give what was answered with 2xx or a status of `accepts`; raise VendorFailed for all else. `path`
        begins with `/` and goes on where the site's base ends; what stands in it and is not this program's own goes
        through `segment`."""
        query, json, form, example = asks.get("query"), asks.get("json"), asks.get("form"), asks.get("example")
        site = self._site
        if site is None:
            raise TypeError("this vendor has no site: name it by `to`")
        if not path.startswith("/") or _DOTS.search(path.partition("?")[0]):
            raise ValueError(f"{path!r} is no path of the site")
        url = site.base.rstrip("/") + path
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query, doseq=True, quote_via=quote)
        body: bytes | None = None
        given = {"Accept": "application/json", **(asks.get("headers") or {})}
        if json is not None:
            body = orjson.dumps(json)
            given["Content-Type"] = "application/json"
        elif form is not None:
            body = urlencode(form).encode()
            given["Content-Type"] = "application/x-www-form-urlencoded"
        shown = {**given, **dict.fromkeys(site.headers, MASK)}
        noted = Call(method, self._plain(url), shown, None if body is None else self._plain(body.decode()))
        if self.dry:
            self.calls.append(noted)
            return Reply(200, example)
        request = Request(
            method, url, tuple({**given, **site.headers}.items()), body, longest=LONGEST_ANSWER, whole=True
        )
        answer = await self._sends.send(request)
        if isinstance(answer, Failure):
            self.calls.append(replace(noted, status=answer.status))
            raise VendorFailed(
                answer.status, f"{self._title} did not answer: {answer.reason}", retryable=not answer.lasting
            )
        excerpt = self._plain(answer.excerpt())
        self.calls.append(replace(noted, status=answer.status, reply=excerpt, reply_headers=dict(answer.headers)))
        return self._read(answer, asks.get("accepts", ()))

    def _read(self, answer: Answer, accepts: Collection[int]) -> Reply:
        json, known = _json(answer.body)
        reply = Reply(answer.status, json, dict(answer.headers))
        if answer.status in accepts:
            return reply
        if reply.ok:
            if not known:
                raise VendorFailed(answer.status, f"{self._title} answers {answer.status}, and what is no JSON")
            return reply
        said = None
        if known:
            try:
                said = self._explain(reply)
            except Exception:  # noqa: BLE001 # an odd answer is no reason to lose its status
                said = None
        message = f"{self._title} answers {answer.status}"
        if said:
            message += f": {self._plain(said)[:LONGEST]}"
        elif 300 <= answer.status < 400:
            message += ": redirects are not followed"
        again = retried(answer.status)
        raise VendorFailed(answer.status, message, retryable=again, retry_after=answer.retry_after if again else None)

    def _plain(self, text: str) -> str:
        """Without what must not be read."""
        assert self._site is not None
        values = self._site.headers.values()
        # A vendor repeats the token, and not the scheme before it.
        for secret in (*values, *(value.partition(" ")[2] for value in values), *self._hidden):
            if secret:
                # As it is, within JSON, and within a URL or a form.
                for said in (secret, orjson.dumps(secret).decode()[1:-1], quote(secret, safe=""), quote_plus(secret)):
                    text = text.replace(said, MASK)
        return text


def segment(value: object) -> str:
    """A part of a path, whatever it holds."""
    text = quote(str(value), safe="")
    return text.replace(".", "%2E") if text in {".", ".."} else text


def _json(body: bytes) -> tuple[Any, bool]:
    """What it says, and whether it says something."""
    if not body.strip():
        return None, True
    try:
        return orjson.loads(body), True
    except orjson.JSONDecodeError:
        return None, False

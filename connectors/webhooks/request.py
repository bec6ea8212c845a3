"""The exact request of a webhook: from its settings and what is to be told to the bytes that are sent. Nothing here
reaches outside; of the same settings, envelope and moment the request is the same."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import orjson

from connectors.outbound.headers import checked_header
from connectors.outbound.url import LONGEST_SENT
from connectors.webhooks import form
from connectors.webhooks.personal import personal_code
from connectors.webhooks.signing import signed
from db.integration.template import Target, compiled
from db.integration.webhook import Header, WebhookBody, WebhookFormat, WebhookSettings

# Fills the templates of a text, each value escaped for where it goes. Raises Unmakeable.
Fill = Callable[[str, Target], str]

# A body of a mebibyte is more than any receiver reads gladly.
LARGEST_BODY: Final = 1024 * 1024
# What the format and the signature say by themselves, beside what the connection does.
RESERVED: Final = frozenset(
    {"content-type", "content-encoding", "accept-encoding", "webhook-id", "webhook-timestamp", "webhook-signature"}
)
# One begins at the last mark before its end, as in db.integration.template.syntax: behind each mark that nothing closes
# it is looked up to the next one, and not to the end of the text.
_TEMPLATE: Final = re.compile(r"\{\{(?:(?!\}\}|\{\{).)*+\}\}|##.*?##")
# Up to where a URL holds no template: the scheme and the whole of the host, with what ends it.
_AUTHORITY: Final = re.compile(r"https?://[^/?#{}\s]+(?=[/?]|\Z)", re.IGNORECASE)


class Unmakeable(Exception):
    """There is no such request; the sentence says why, without what is secret in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Exact:
    """`content` is what is signed: the body, or the query string as it is sent. `hidden` are values of headers that are
    shown to nobody; `private` names of fields and headers that hold personal data, whatever they are called. `place`
    is the URL before its query as it may be kept."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    content: str
    place: str
    hidden: frozenset[str]
    private: frozenset[str]

    def signed(self, message: str, moment: datetime, secrets: Iterable[str]) -> "Exact":
        """The same as it is sent at this moment, with a signature for each of the secrets."""
        own = signed(message, moment, self.content, secrets)
        return replace(self, headers=(*self.headers, *own.items()))


def made(settings: WebhookSettings, envelope: Mapping[str, Any], fill: Fill) -> Exact:
    """The request that tells `envelope`, or the selected fields instead. Raises Unmakeable."""
    told = dict(envelope)
    if settings.body is WebhookBody.SELECTED_FIELDS:
        told = {field.name: fill(field.template, Target.TEXT) for field in settings.fields}
    url = _url(settings.url, fill)
    headers = [(header.name, _value(header, fill)) for header in settings.headers]
    body: bytes | None = None
    if settings.method.in_query:
        query = form.encoded(told)
        url = f"{url}{'&' if '?' in url else '?'}{query}" if query else url
        content = url.partition("?")[2]
    else:
        body, kind = _body(settings.format, told)
        content = body.decode()
        headers.insert(0, ("content-type", kind))
    if len(url) > LONGEST_SENT:
        raise Unmakeable(f"The URL has {len(url)} characters, and {LONGEST_SENT} are the most: select fewer fields")
    if body is not None and len(body) > LARGEST_BODY:
        raise Unmakeable(f"The body has {len(body)} bytes, and {LARGEST_BODY} are the most: select fewer fields")
    secret = {header.name for header in settings.headers if header.secret}
    hidden = frozenset(value for name, value in headers if name in secret)
    place = settings.url if _personal(settings.url) else url
    templates = [*((f.name, f.template) for f in settings.fields), *((h.name, h.value or "") for h in settings.headers)]
    private = frozenset(name for name, template in templates if _personal(template))
    return Exact(settings.method.value, url, tuple(headers), body, content, place.partition("?")[0], hidden, private)


def wrong_url(text: str) -> str | None:
    """What is wrong with the templates of a URL; None: nothing. The rest of it is the outbound client's to check."""
    if _AUTHORITY.match(text) is None:
        return "A URL begins with http:// or https:// and a host, and holds no template before the path"
    return None


def plain_url(text: str) -> str:
    """The URL with something harmless in place of its templates, to be checked as any other."""
    return _TEMPLATE.sub("x", text)


def wrong_header(name: str, value: str) -> str | None:
    """What is wrong with a header, its templates left aside; None: nothing."""
    if name.lower() in RESERVED:
        return f"The header {name} is set by the webhook itself"
    return checked_header(name, _TEMPLATE.sub("x", value).strip())


def origin(text: str) -> str:
    """Scheme and host, by which a receiver is the same."""
    found = _AUTHORITY.match(text)
    return "" if found is None else found[0].lower()


def _url(text: str, fill: Fill) -> str:
    start = origin(text)
    if not start:
        raise Unmakeable("The URL is none of http or https with a host of its own")
    url = fill(text, Target.URL)
    path = url[len(start) :].partition("?")[0]
    if {".", ".."} & set(path.split("/")) - set(text.partition("?")[0].split("/")):
        raise Unmakeable("A value that is filled in would lead to another path")
    # What stands in no template was checked when it was saved; what is left of an unknown one is no part of a URL.
    return quote(url, safe="/?:@!$&'()*+,;=-._~%[]")


def _personal(template: str) -> bool:
    return any(personal_code(code.group, code.key) for code in compiled(template).codes)


def _body(format: WebhookFormat, told: Mapping[str, Any]) -> tuple[bytes, str]:
    if format is WebhookFormat.FORM:
        return form.encoded(told).encode(), "application/x-www-form-urlencoded"
    return orjson.dumps(told), "application/json"


def _value(header: Header, fill: Fill) -> str:
    if header.value is None:
        raise Unmakeable(f"The value of the header {header.name} is not known here: save it")
    value = fill(header.value, Target.HEADER).strip()
    wrong = checked_header(header.name, value)
    if wrong is not None:
        raise Unmakeable(wrong)
    return value

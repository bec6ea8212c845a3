"""What a webhook's settings say, in the documented words (providers.md of the store that feeds come from) and typed.

A feed's `settings` hold what everyone who may see the feed reads; values of headers that are secrets stand in
`concealed`, by the headers' names in lower case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from db.secrets.confidential import confidential
from db.secrets.encrypted import Secret

PROVIDER: Final = "webhook"

# Words of a header's name that mean its value is nobody's to read, beside those that any name is told by.
_SECRET_HEADERS: Final = ("auth", "cookie", "session", "signature")


class WebhookMethod(StrEnum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"

    @property
    def in_query(self) -> bool:
        """Whether what is sent goes to the query string."""
        return self in (WebhookMethod.GET, WebhookMethod.DELETE)


class WebhookFormat(StrEnum):
    JSON = "JSON"
    FORM = "FORM"


class WebhookBody(StrEnum):
    ALL_DATA = "all_data"
    SELECTED_FIELDS = "selected_fields"
    QUERY = "query"  # one of GraphQL, the subscriber's own


@dataclass(frozen=True, slots=True)
class Header:
    """`value` is a template; None where it is not known: a secret of a webhook that was imported without it."""

    name: str
    value: str | None

    @property
    def secret(self) -> bool:
        name = self.name.lower()
        return confidential(self.name) or any(word in name for word in _SECRET_HEADERS)


@dataclass(frozen=True, slots=True)
class SelectedField:
    name: str
    template: str


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    url: str = ""
    method: WebhookMethod = WebhookMethod.POST
    format: WebhookFormat = WebhookFormat.JSON
    headers: tuple[Header, ...] = ()
    body: WebhookBody = WebhookBody.ALL_DATA
    fields: tuple[SelectedField, ...] = ()
    query: str | None = None

    def document(self) -> dict[str, Any]:
        """As it is stored and shown, without what is secret."""
        shown = [{"header_name": one.name, "header_value": None if one.secret else one.value} for one in self.headers]
        return {
            "request_url": self.url,
            "request_method": self.method.value,
            "request_format": self.format.value,
            "request_headers": "custom_headers" if self.headers else "no_headers",
            "custom_header_values": shown,
            "request_body": self.body.value,
            "selected_field_values": [{"field_name": one.name, "field_value": one.template} for one in self.fields],
        } | ({} if self.query is None else {"query": self.query})

    def concealed(self) -> Secret | None:
        """What the document leaves out; None: nothing."""
        secrets = {one.name.lower(): one.value for one in self.headers if one.secret and one.value is not None}
        return Secret(orjson.dumps(secrets).decode()) if secrets else None


def read_settings(document: Mapping[str, Any], concealed: Secret | None = None) -> WebhookSettings:
    """The settings of a feed; what another system wrote otherwise than it documents is as if it said nothing. Without
    `concealed` the values of secret headers are None. Raises NoSecretKey."""
    secrets = {} if concealed is None else orjson.loads(concealed.reveal())
    headers = [
        (name, secrets.get(name.lower(), value)) for name, value in _pairs(document, "custom_header_values", "header")
    ]
    return WebhookSettings(
        url=_text(document.get("request_url")),
        method=_word(WebhookMethod, document.get("request_method"), WebhookMethod.POST),
        format=_word(WebhookFormat, document.get("request_format"), WebhookFormat.JSON),
        headers=tuple(Header(name, value) for name, value in headers)
        if document.get("request_headers", "custom_headers") == "custom_headers"
        else (),
        body=_word(WebhookBody, document.get("request_body"), WebhookBody.ALL_DATA),
        fields=tuple(
            SelectedField(name, value or "") for name, value in _pairs(document, "selected_field_values", "field")
        ),
        query=document.get("query") if isinstance(document.get("query"), str) else None,
    )


def _pairs(document: Mapping[str, Any], key: str, of: str) -> list[tuple[str, str | None]]:
    listed = document.get(key)
    entries = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    named = [(_text(one.get(f"{of}_name")), one.get(f"{of}_value")) for one in entries]
    return [(name, value if isinstance(value, str) else None) for name, value in named if name]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _word(words: type[Any], value: Any, otherwise: Any) -> Any:
    return next((word for word in words if isinstance(value, str) and word.value.lower() == value.lower()), otherwise)

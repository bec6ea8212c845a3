"""The parameters of a GraphQL request, out of a POST's JSON or a GET's query string, checked."""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from engine.document.bounds import MOST_VALUES
from engine.standard.execution import Request
from server.http.body import decoded
from server.http.refusal import Refusal

# Deeper than any input type a person writes; what recurses over the variables later stays far from Python's limit.
MAX_DEPTH: Final = 64
# A text of JSON, with what is escaped in it.
_TEXT: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NAMES: Final = ("query", "documentId", "operationName", "variables", "extensions")
# A URL has five parameters of ours; front ends add a few for caches.
_MAX_FIELDS: Final = 50


@dataclass(slots=True)
class Asked(Request):
    """A request that may name its document instead of holding it; `query` is empty then."""

    document_id: str | None = None  # of a trusted document
    hash: str | None = None  # SHA-256 of the document: the protocol of automatic persisted queries


def posted(body: bytes) -> Asked:
    """Raises Refusal(400)."""
    brackets = readable(body)
    content = decoded(body, "The body")
    if isinstance(content, list):
        raise Refusal(400, "Batches are not served: send one JSON object a request")
    if not isinstance(content, dict):
        raise Refusal(400, f'The body must be a JSON object like {{"query": "{{ __typename }}"}}, not {_kind(content)}')
    # Every level has a bracket, and each value a comma or a bracket before it: most bodies are shallow and small, and
    # counting bytes tells it for nothing.
    if brackets > MAX_DEPTH or brackets + body.count(b",") > MOST_VALUES:
        _check_size(content)
    return _request(content)


def readable(body: bytes) -> int:
    """How many objects and lists a body of JSON holds; texts may be counted with them. Raises Refusal(400) for so many
    that reading them would take longer than anything that is done with them."""
    brackets = _brackets(body)
    if brackets > MOST_VALUES:
        brackets = _brackets(_TEXT.sub(b"", body))
        if brackets > MOST_VALUES:
            raise _too_many()
    return brackets


def asked(query_string: bytes) -> Asked:
    """Raises Refusal(400)."""
    content: dict[str, Any] = {}
    try:
        fields = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except UnicodeDecodeError:
        raise Refusal(400, "Percent-encode the query string, as UTF-8") from None
    except ValueError:
        raise Refusal(
            400, f"The query string has more than {_MAX_FIELDS} fields: send query, variables and operationName"
        ) from None
    for name, value in fields:
        if name not in _NAMES:
            continue
        if name in content:
            raise Refusal(400, f"Send {name} once")
        content[name] = value
    for name in ("variables", "extensions"):
        # An empty field of a form is one that was left out.
        content[name] = decoded(content[name], name) if content.get(name) else None
    _check_size(content)
    return _request(content)


def subscribed(payload: Any) -> Asked:
    """Those of a message that was read already. Raises Refusal(400)."""
    if not isinstance(payload, dict):
        raise Refusal(400, f'The payload must be an object like {{"query": "{{ __typename }}"}}, not {_kind(payload)}')
    _check_size(payload)
    return _request(payload)


def _request(content: dict[str, Any]) -> Asked:
    query, document_id, name, variables, extensions = map(content.get, _NAMES)
    if query is not None and not isinstance(query, str):
        raise Refusal(400, f"query must be a string that holds the GraphQL document, not {_kind(query)}")
    if document_id is not None and not isinstance(document_id, str):
        raise Refusal(400, f"documentId must be a string, not {_kind(document_id)}")
    if name is not None and not isinstance(name, str):
        raise Refusal(400, f"operationName must be a string or null, not {_kind(name)}")
    if variables is not None and not isinstance(variables, dict):
        raise Refusal(400, f"variables must be an object of values by name, not {_kind(variables)}")
    if extensions is not None and not isinstance(extensions, dict):
        raise Refusal(400, f"extensions must be an object, not {_kind(extensions)}")
    hash_ = _hash(extensions or {})
    if query is None and document_id is None and hash_ is None:
        raise Refusal(400, 'query is missing: send the GraphQL document as "query"')
    if document_id is not None and (query or hash_):
        raise Refusal(400, "Send documentId without query and without extensions.persistedQuery")
    # Some clients send an empty name where they have none; GraphQL has no operation of that name.
    return Asked(query or "", variables or {}, name or None, extensions or {}, document_id, hash_)


def _hash(extensions: dict[str, Any]) -> str | None:
    """As Apollo's clients send it: `{"persistedQuery": {"version": 1, "sha256Hash": "…"}}`."""
    given = extensions.get("persistedQuery")
    if given is None:
        return None
    if not isinstance(given, dict) or given.get("version") != 1 or not isinstance(given.get("sha256Hash"), str):
        raise Refusal(400, 'extensions.persistedQuery must be {"version": 1, "sha256Hash": "…"}')
    found: str = given["sha256Hash"]
    return found


def _brackets(body: bytes) -> int:
    return body.count(b"{") + body.count(b"[")


def _check_size(content: dict[str, Any]) -> None:
    level: list[Any] = [content]
    found = 0
    for _ in range(MAX_DEPTH):
        inner = []
        for parent in level:
            found += len(parent)
            if found > MOST_VALUES:
                raise _too_many()
            children = parent.values() if isinstance(parent, dict) else parent
            inner += [child for child in children if isinstance(child, dict | list)]
        if not inner:
            return
        level = inner
    raise Refusal(400, f"The values are nested too deep: {MAX_DEPTH} levels are the most")


def _too_many() -> Refusal:
    return Refusal(400, f"The request holds more than {MOST_VALUES} values: send fewer at a time")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return kinds[type(value)]

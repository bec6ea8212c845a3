"""What a webhook may be. Whatever is wrong is refused at its path, all of it at once."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from connectors.outbound.reach import Reach
from connectors.outbound.url import BadUrl, checked_url
from connectors.webhooks import request
from connectors.webhooks.query import Checked, Documents
from db.events import KINDS
from db.integration.template import TemplateError, problems
from db.integration.trigger import TRIGGERS
from db.integration.webhook import Header, SelectedField, WebhookBody, WebhookSettings
from db.store.events import EventKind
from db.text.portable import is_portable
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import either
from resolvers.editing import text
from resolvers.integration.webhook.input import given

LONGEST_NAME: Final = 192
MOST_HEADERS: Final = 20
MOST_FIELDS: Final = 100
LONGEST_FIELD: Final = 100
LONGEST_TEMPLATE: Final = 4_096
MOST_TRIGGERS: Final = 100
MOST_HINTS: Final = 2
MOST_PROBLEMS: Final = 10  # that are told of one template
_OF_ORDERS: Final = ("orders/view", "customers/view", "subscriptions/view")
# What is told of these, beside what the events themselves say.
_TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("Order", "OrderTransaction", "CustomerSubscription"), _OF_ORDERS),
    **dict.fromkeys(("Product", "ProductVariant"), ("products/view",)),
    "Customer": ("customers/view",),
}


def event_of(trigger: str) -> str:
    """The name of the event behind a documented trigger; what is none is the name of an event itself."""
    return TRIGGERS[trigger].event if trigger in TRIGGERS else trigger


def check_name(unit: Unit, given: str) -> str:
    name = text.line(given)
    if not 0 < len(name) <= LONGEST_NAME:
        unit.refuse(ErrorCode.VALIDATION, f"A name has 1 to {LONGEST_NAME} characters", "name")
    return name


def check_triggers(unit: Unit, given: Sequence[str]) -> list[str]:
    """Names as they were given, each once. Refuses what is none; raises Forbidden for the first that the caller may not
    read."""
    names = list(dict.fromkeys(given))
    if not names:
        unit.refuse(ErrorCode.VALIDATION, "Name one event at least", "eventTriggers")
    if len(names) > MOST_TRIGGERS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_TRIGGERS} events", "eventTriggers")
        return []
    unknown = [(index, name) for index, name in enumerate(given) if event_of(name) not in KINDS]
    for place, (index, name) in enumerate(unknown):
        near = get_close_matches(name[:60], sorted(KINDS), n=1) if place < MOST_HINTS else []
        hint = f"; did you mean {near[0]}?" if near else "; `eventTypes` lists them"
        unit.refuse(ErrorCode.VALIDATION, f"There is no such event{hint}", "eventTriggers", str(index))
    if unknown:
        return []
    for kind in kinds_of(names):
        unit.require(either(*kind.read_by.permissions))
    return names


def kinds_of(triggers: Sequence[str]) -> list[EventKind]:
    """The declarations of the events that these triggers are; what is none is left out."""
    names = dict.fromkeys(event_of(str(one)) for one in triggers)
    return [KINDS[name] for name in names if name in KINDS]


def reads(settings: WebhookSettings, triggers: Sequence[str], checked: Checked) -> frozenset[str]:
    """The permissions by which anybody sees all of what is sent: whoever lacks one is not shown what was."""
    told = {one for kind in kinds_of(triggers) for one in _TOLD.get(kind.entity, ())}
    return checked.reads if settings.body is WebhookBody.QUERY else checked.reads | told


def check_settings(
    unit: Refuses, input: Any, settings: WebhookSettings, before: WebhookSettings | None, reach: Reach
) -> None:
    """Refuses what is wrong with the request that a webhook makes. `before` is what was stored, `reach` the addresses
    that may be asked."""
    _check_url(unit, settings.url, reach)
    _check_headers(unit, settings, before, kept_headers(input, settings))
    _check_fields(unit, settings)


async def check_query(
    unit: Unit,
    settings: WebhookSettings,
    triggers: Sequence[str],
    documents: Documents,
    errors: Refuses | None = None,
) -> Checked:
    """What it takes to read what is sent. Refuses a query that is none of these events, at `errors` where that is not
    the input itself; raises Forbidden for the first field that the caller may not read."""
    refuses: Refuses = unit if errors is None else errors
    if settings.body is not WebhookBody.QUERY:
        return Checked()
    if not (settings.query or "").strip():
        refuses.refuse(ErrorCode.VALIDATION, "A query is required for the body QUERY", "query")
        return Checked()
    checked = await documents.check(settings.query or "", kinds_of(triggers))
    for sentence in checked.wrong:
        refuses.refuse(ErrorCode.VALIDATION, sentence, "query")
    for permission in checked.needs:
        unit.require(permission)
    return checked


def _check_url(unit: Refuses, url: str, reach: Reach) -> None:
    plain = request.plain_url(url)
    wrong = request.wrong_url(url)
    if wrong is None:
        try:
            checked_url(plain, reach)
        except BadUrl as bad:
            wrong = str(bad)
    if wrong is not None:
        unit.refuse(ErrorCode.VALIDATION, wrong, "url")
    _check_template(unit, url, "url")


def _check_headers(
    unit: Refuses, settings: WebhookSettings, before: WebhookSettings | None, kept: frozenset[str]
) -> None:
    if len(settings.headers) > MOST_HEADERS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_HEADERS} headers", "headers")
        return
    moved = before is not None and request.origin(before.url) != request.origin(settings.url)
    seen: set[str] = set()
    for index, header in enumerate(settings.headers):
        path = ("headers", str(index))
        name = header.name.lower()
        wrong = request.wrong_header(header.name, "")
        if wrong is None and name in seen:
            wrong = "Another header has this name"
        if wrong is not None:
            unit.refuse(ErrorCode.VALIDATION, wrong, *path, "name")
        seen.add(name)
        if header.value is None:
            unit.refuse(ErrorCode.VALIDATION, "No value is stored: give one", *path, "value")
            continue
        if moved and header.secret and name in kept:
            # Whoever may save a webhook may not read its secrets, and would have them sent to themselves.
            unit.refuse(ErrorCode.VALIDATION, "The URL leads to another host: give this secret again", *path, "value")
        wrong_value = request.wrong_header("x", header.value)
        if wrong_value is None and len(header.value) > LONGEST_TEMPLATE:
            wrong_value = f"At most {LONGEST_TEMPLATE} characters"
        if wrong_value is not None:
            unit.refuse(ErrorCode.VALIDATION, wrong_value.replace("header x", f"header {header.name}"), *path, "value")
        _check_template(unit, header.value, *path, "value")


def _check_fields(unit: Refuses, settings: WebhookSettings) -> None:
    if settings.body is WebhookBody.SELECTED_FIELDS and not settings.fields:
        unit.refuse(ErrorCode.VALIDATION, "Select one field at least", "fields")
    if len(settings.fields) > MOST_FIELDS:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_FIELDS} fields", "fields")
        return
    seen: set[str] = set()
    for index, field in enumerate(settings.fields):
        path = ("fields", str(index))
        if not 0 < len(field.name) <= LONGEST_FIELD or not field.name.isprintable() or not is_portable(field.name):
            unit.refuse(ErrorCode.VALIDATION, f"A field's name has 1 to {LONGEST_FIELD} characters", *path, "name")
        elif field.name in seen:
            unit.refuse(ErrorCode.VALIDATION, "Another field has this name", *path, "name")
        seen.add(field.name)
        if len(field.template) > LONGEST_TEMPLATE or not is_portable(field.template):
            unit.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_TEMPLATE} characters", *path, "template")
        _check_template(unit, field.template, *path, "template")


def _check_template(unit: Refuses, template: str, *path: str) -> None:
    """Refuses codes that mean nothing: they would be sent as they stand."""
    try:
        for problem in problems(template)[:MOST_PROBLEMS]:
            unit.refuse(ErrorCode.VALIDATION, problem.message, *path)
    except TemplateError as error:
        unit.refuse(ErrorCode.VALIDATION, error.message, *path)


def kept_headers(input: Any, settings: WebhookSettings) -> frozenset[str]:
    """The names, in lower case, of headers whose values an input does not say."""
    named = given(input, "headers", None)
    return frozenset(
        (one.name.lower() for one in settings.headers)
        if named is None
        else (one.name.lower() for one in named if one.value is None)
    )


def asked_settings(input: Any, before: WebhookSettings | None) -> WebhookSettings:
    """The settings that an input asks for; what it leaves out is as `before`, and a header without a value too."""
    was = before or WebhookSettings()
    stored: Mapping[str, Header] = {one.name.lower(): one for one in was.headers}
    named = given(input, "headers", None)
    headers = was.headers
    if named is not None:
        headers = tuple(
            Header(one.name, one.value)
            if one.value is not None
            else stored.get(one.name.lower(), Header(one.name, None))
            for one in named
        )
    fields = given(input, "fields", None)
    return WebhookSettings(
        url=given(input, "url", was.url).strip(),
        method=given(input, "method", was.method),
        format=given(input, "format", was.format),
        headers=headers,
        body=given(input, "body", was.body),
        fields=was.fields if fields is None else tuple(SelectedField(one.name, one.template) for one in fields),
        query=given(input, "query", was.query),
    )

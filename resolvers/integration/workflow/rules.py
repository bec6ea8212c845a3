"""What a workflow may be. Whatever is wrong is refused at its path, all of it at once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from connectors.outbound.client import Outbound
from connectors.outbound.reach import Reach
from connectors.outbound.url import BadUrl, checked_url
from connectors.webhooks import request
from connectors.webhooks.query import LONGEST as LONGEST_QUERY
from connectors.webhooks.query import Documents
from connectors.workflows.deeds import STATUSES, Deeds
from connectors.workflows.messengers import Messengers
from db.access import visibility as access
from db.access.user import UserRow
from db.integration import conditions as logic
from db.integration.template import TemplateError, problems
from db.integration.webhook import WebhookSettings, read_settings
from db.integration.workflow import program
from db.integration.workflow.program import ADMIN, CUSTOMER, MOST_STEPS
from db.integration.workflow.row import WorkflowActionType, WorkflowEntity
from db.integration.workflow.trigger import BY_GUID, WorkflowTrigger
from db.secrets.encrypted import Secret
from db.store.row import table
from db.text.portable import is_portable
from engine.unit.unit import Errors, Refuses, Unit
from engine.values import identity
from engine.values.errors import BadUserInput, ErrorCode
from engine.values.viewer import either
from resolvers.editing import text
from resolvers.editing.locking import key_of
from resolvers.integration.webhook import rules as webhooks
from resolvers.integration.workflow.input import WorkflowStepInput

LONGEST_NAME: Final = 192
LONGEST_SUBJECT: Final = 300
LONGEST_TITLE: Final = 200
LONGEST_TEXT: Final = 16_384
LONGEST_ADDRESS: Final = 254
MOST_USERS: Final = 20
MOST_MINUTES: Final = 30 * 24 * 60
_ADDRESS: Final = re.compile(r"[^\s@,;:<>()\[\]\"\\\x00-\x20\x7f]+@[^\s@,;:<>()\[\]\"\\\x00-\x20\x7f]+")
_TAKES: Final[Mapping[WorkflowActionType, frozenset[str]]] = {
    WorkflowActionType.SEND_EMAIL: frozenset({"recipient", "template", "subject", "text"}),
    WorkflowActionType.SEND_PUSH: frozenset({"user_ids", "title", "text", "url"}),
    WorkflowActionType.WEBHOOK: frozenset({"url", "method", "format", "headers", "body", "fields", "query"}),
    WorkflowActionType.UPDATE_STATUS: frozenset({"status"}),
    WorkflowActionType.WAIT: frozenset({"minutes"}),
}
_GIVEN: Final = sorted(frozenset().union(*_TAKES.values()))
_SPELLED: Final = {"user_ids": "userIds"}


@dataclass(frozen=True, slots=True)
class Of:
    """What steps are about; the trigger is None where it is refused."""

    entity: WorkflowEntity
    trigger: WorkflowTrigger | None


def check_name(errors: Refuses, given: str) -> str:
    name = text.line(given)
    if not 0 < len(name) <= LONGEST_NAME:
        errors.refuse(ErrorCode.VALIDATION, f"A name has 1 to {LONGEST_NAME} characters", "name")
    return name


def find_trigger(unit: Unit, given: str, entity: WorkflowEntity) -> WorkflowTrigger | None:
    """Refuses NOT_FOUND for what is none, VALIDATION for another entity's. Raises Forbidden for what the caller may not
    read."""
    guid = given
    try:
        found = identity.decode(given)
        guid = found.key if found.type == "WorkflowTrigger" else ""
    except BadUserInput:
        pass  # the guid itself, as the documents have it
    trigger = BY_GUID.get(guid.lower())
    if trigger is None:
        unit.refuse(ErrorCode.NOT_FOUND, "There is no such trigger; `workflowTriggers` lists them", "triggerId")
    elif trigger.entity_type is not entity:
        message = f"{trigger.code} is a trigger of {trigger.entity_type.value}s, not of {entity.value}s"
        unit.refuse(ErrorCode.VALIDATION, message, "triggerId")
    else:
        unit.require(either(*trigger.event.read_by.permissions))
        return trigger
    return None


def check_conditions(errors: Errors, given: Any) -> dict[str, Any]:
    """Fields and the values that they need to have."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        errors.refuse(ErrorCode.VALIDATION, "Conditions are an object of fields and their values")
        return {}
    if len(given) > logic.MOST_CONDITIONS:
        errors.refuse(ErrorCode.VALIDATION, f"At most {logic.MOST_CONDITIONS} conditions")
        return {}
    for field, value in given.items():
        found = Errors()
        logic.validate_list([{"field": field, "operator": "=", "value": value}], found)
        for error in found.found:
            errors.refuse(error.code, error.message, str(field)[: logic.LONGEST_FIELD])
    return dict(given)


async def check_steps(
    unit: Unit,
    given: Sequence[WorkflowStepInput],
    of: Of,
    before: tuple[Sequence[program.Step], Secret | None],
    *path: str,
) -> tuple[list[dict[str, Any]], Secret | None]:
    """The steps as they are stored, and what is secret of them. `before`: those that were. Raises Forbidden for what
    the caller could not do themselves."""
    entity = of.entity
    if not 1 <= len(given) <= MOST_STEPS:
        unit.refuse(ErrorCode.VALIDATION, f"A workflow has 1 to {MOST_STEPS} steps", *path)
        return [], None
    queries = [len(step.query or "") for step in given]
    if max(queries) <= LONGEST_QUERY < sum(queries):
        unit.refuse(ErrorCode.VALIDATION, f"Its queries have up to {LONGEST_QUERY} characters together", *path)
        return [], None
    made: list[dict[str, Any]] = []
    secrets: dict[int, Secret | None] = {}
    for place, step in enumerate(given):
        errors = unit.at(*path, str(place)) if path == ("steps",) else unit.at(*path)
        for name in _GIVEN:
            if name not in _TAKES[step.type] and getattr(step, name) is not None:
                message = f"{step.type.name} takes no {_SPELLED.get(name, name)}"
                errors.refuse(ErrorCode.VALIDATION, message, _SPELLED.get(name, name))
        document: dict[str, Any] = {"type": step.type.value}
        match step.type:
            case WorkflowActionType.SEND_EMAIL:
                document |= _email(unit, errors, step, entity)
            case WorkflowActionType.SEND_PUSH:
                document |= await _push(unit, errors, step)
            case WorkflowActionType.WEBHOOK:
                settings = _webhook(errors, step, _settings(before, place), unit.port(Outbound).reach)
                await _check_query(unit, errors, settings, of)
                document["settings"] = settings.document()
                secrets[place] = settings.concealed()
            case WorkflowActionType.UPDATE_STATUS:
                document["status"] = _status(unit, errors, step.status, entity)
            case WorkflowActionType.WAIT:
                if step.minutes is None or not 1 <= step.minutes <= MOST_MINUTES:
                    errors.refuse(ErrorCode.VALIDATION, f"A step waits 1 to {MOST_MINUTES} minutes", "minutes")
                document["minutes"] = step.minutes
        made.append(document)
    return made, program.concealed(secrets)


async def check_stored(unit: Unit, steps: Sequence[program.Step], of: Of) -> None:
    """Steps that stay while something else is saved. Refuses a query that is none of another trigger's event; raises
    Forbidden for a step that the caller could not have saved."""
    entity = of.entity
    for place, step in enumerate(steps):
        if step["type"] == WorkflowActionType.SEND_EMAIL.value and step["recipient"] == CUSTOMER:
            unit.require("customers/view")
        if step["type"] == WorkflowActionType.UPDATE_STATUS.value and entity in STATUSES:
            unit.require(unit.port(Deeds)[STATUSES[entity].mutation].mutation.permission)
        if step["type"] == WorkflowActionType.WEBHOOK.value:
            errors = unit.at("steps", str(place))
            settings = read_settings(step["settings"])
            await _check_query(unit, errors, settings, of)


async def _check_query(unit: Unit, errors: Errors, settings: WebhookSettings, of: Of) -> None:
    """Of what event is not known where the trigger is refused: then whether there is a query is all that is checked."""
    if of.trigger is not None or not (settings.query or "").strip():
        events = [] if of.trigger is None else [of.trigger.event.name]
        await webhooks.check_query(unit, settings, events, unit.port(Documents), errors)


def _settings(before: tuple[Sequence[program.Step], Secret | None], place: int) -> WebhookSettings | None:
    steps, concealed = before
    if place >= len(steps) or steps[place]["type"] != WorkflowActionType.WEBHOOK.value:
        return None
    return program.webhook_of(steps, place, concealed)


def _email(unit: Unit, errors: Errors, step: WorkflowStepInput, entity: WorkflowEntity) -> dict[str, Any]:
    recipient = (step.recipient or "").strip()
    if recipient == CUSTOMER:
        if entity is WorkflowEntity.PRODUCT:
            errors.refuse(ErrorCode.VALIDATION, "A product has no customer", "recipient")
        unit.require("customers/view")
    elif recipient != ADMIN and not (len(recipient) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(recipient)):
        message = f"A recipient is {CUSTOMER}, {ADMIN} or one e-mail address"
        errors.refuse(ErrorCode.VALIDATION, message, "recipient")
    templates = unit.port(Messengers).templates
    if step.template is not None and step.template not in templates:
        listed = ", ".join(sorted(templates))
        known = f"there are {listed}" if listed else "there are none: give subject and text"
        errors.refuse(ErrorCode.VALIDATION, f"There is no such template; {known}", "template")
    if step.template is None:
        for name in ("subject", "text"):
            if not (getattr(step, name) or "").strip():
                errors.refuse(ErrorCode.VALIDATION, f"A letter without a template needs a {name}", name)
    subject = text.line(step.subject or "")
    _check_text(errors, subject, LONGEST_SUBJECT, "subject")
    _check_text(errors, step.text or "", LONGEST_TEXT, "text")
    return {"recipient": recipient, "template": step.template, "subject": subject or None, "text": step.text or None}


async def _push(unit: Unit, errors: Errors, step: WorkflowStepInput) -> dict[str, Any]:
    keys = list(dict.fromkeys(key_of(each) for each in step.user_ids or ()))
    if not 1 <= len(keys) <= MOST_USERS:
        errors.refuse(ErrorCode.VALIDATION, f"Name 1 to {MOST_USERS} users", "userIds")
    else:
        users = table(UserRow)
        seen = select(users.c.id).where(users.c.id.in_(keys), access.users(unit.viewer))
        found = set((await unit.connection.execute(seen)).scalars())
        named = [key_of(each) for each in step.user_ids or ()]
        for key in keys:
            if key not in found:
                errors.refuse(ErrorCode.NOT_FOUND, "No such user", "userIds", str(named.index(key)))
    title = text.line(step.title or "")
    if not title:
        errors.refuse(ErrorCode.VALIDATION, "A notification needs a title", "title")
    _check_text(errors, title, LONGEST_TITLE, "title")
    _check_text(errors, step.text or "", LONGEST_TEXT, "text")
    url = (step.url or "").strip()
    if url:
        _check_url(errors, url, None)
    return {"users": keys, "title": title, "text": step.text or "", "url": url}


def _webhook(errors: Errors, step: WorkflowStepInput, before: WebhookSettings | None, reach: Reach) -> WebhookSettings:
    """A step says all that it is, but for what nobody reads back: values of headers that are secrets."""
    kept = WebhookSettings() if before is None or step.headers is None else WebhookSettings(headers=before.headers)
    settings = webhooks.asked_settings(step, kept)
    webhooks.check_settings(errors, step, settings, before, reach)
    return settings


def _status(unit: Unit, errors: Errors, status: str | None, entity: WorkflowEntity) -> str | None:
    change = STATUSES.get(entity)
    if change is None:
        errors.refuse(ErrorCode.VALIDATION, f"Nothing changes the status of {entity.value}s yet", "type")
        return status
    if status not in change.statuses:
        message = f"The status of {entity.value}s is one of {', '.join(change.statuses)}"
        errors.refuse(ErrorCode.VALIDATION, message, "status")
    unit.require(unit.port(Deeds)[change.mutation].mutation.permission)
    return status


def _check_url(errors: Refuses, url: str, reach: Reach | None) -> None:
    wrong = request.wrong_url(url)
    if wrong is None:
        try:
            checked_url(request.plain_url(url), *([] if reach is None else [reach]))
        except BadUrl as bad:
            wrong = str(bad)
    if wrong is not None:
        errors.refuse(ErrorCode.VALIDATION, wrong, "url")
    _check_text(errors, url, LONGEST_TEXT, "url")


def _check_text(errors: Refuses, given: str, longest: int, name: str) -> None:
    if len(given) > longest or not is_portable(given):
        errors.refuse(ErrorCode.VALIDATION, f"At most {longest} characters, all of them text", name)
        return
    try:
        for problem in problems(given)[: webhooks.MOST_PROBLEMS]:
            errors.refuse(ErrorCode.VALIDATION, problem.message, name)
    except TemplateError as error:
        errors.refuse(ErrorCode.VALIDATION, error.message, name)

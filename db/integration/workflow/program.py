"""What a workflow does, and when: its steps as they are stored, and its conditions.

A step is a document of its `type` and what that takes:

    send_email     recipient (`customer`, `admin` or an address), template, or subject and text
    send_push      users, title, text, url
    webhook        settings, as db.integration.webhook reads them
    update_status  status
    wait           minutes
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from db.integration.conditions import condition_holds, holds
from db.integration.webhook import WebhookSettings, read_settings
from db.integration.workflow.row import WorkflowActionType, WorkflowEntity
from db.secrets.encrypted import Secret

CUSTOMER: Final = "customer"
ADMIN: Final = "admin"
MOST_STEPS: Final = 20

Step = Mapping[str, Any]


def type_of(step: Step) -> WorkflowActionType:
    return WorkflowActionType(step["type"])


def webhook_of(steps: Sequence[Step], place: int, concealed: Secret | None) -> WebhookSettings:
    """The settings of a step that is a webhook, with what is secret of them. Raises NoSecretKey."""
    return read_settings(steps[place]["settings"], secret_of(place, concealed))


def secret_of(place: int, concealed: Secret | None) -> Secret | None:
    """What is secret of one step."""
    found = {} if concealed is None else orjson.loads(concealed.reveal())
    return Secret(found[str(place)]) if str(place) in found else None


def concealed(secrets: Mapping[int, Secret | None]) -> Secret | None:
    """What is secret of all steps, as it is stored."""
    told = {str(place): one.reveal() for place, one in secrets.items() if one is not None}
    return Secret(orjson.dumps(told).decode()) if told else None


def known(entity: WorkflowEntity, found: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    """What conditions ask: what is known of the entity, and what the event says (`newStatus`). The status of a shipment
    is that of the shipping, and it has a `carrier`, a `number` and a `url`."""
    data = {**payload, **found}
    if entity is WorkflowEntity.SHIPMENT and "shipping_status" in data:
        data["status"] = data["shipping_status"]
        data |= {name: data[f"tracking_{name}"] for name in ("carrier", "number", "url")}
    return data


def wanted(conditions: Mapping[str, Any], conditionals: Any, data: Mapping[str, Any]) -> bool:
    """Whether it runs: every field has its value, and the conditional logic holds."""
    fields = ({"field": name, "operator": "=", "value": value} for name, value in conditions.items())
    return all(condition_holds(one, data) for one in fields) and holds(conditionals, data)


def asks(conditions: Mapping[str, Any], conditionals: Any) -> bool:
    """Whether anything has to be read for `wanted`."""
    return bool(conditions) or bool(conditionals)

"""What holds for every answer, whatever was asked."""

from typing import Any

import orjson

from db.access.viewer import Viewer
from engine.execution import Answer
from tests.gateway import ADMIN, Gateway


def codes(answer: Answer) -> list[str]:
    return [error["extensions"]["code"] for error in answer.body.get("errors", [])]


def without_spills(answer: Answer) -> Answer:
    """The answer, which can be written as JSON and shows nothing of Python's insides."""
    text = orjson.dumps(answer.body).decode()
    for spilled in ("object at 0x", "Traceback", "<class ", "sqlalchemy", "asyncpg"):
        assert spilled not in text
    return answer


def clean(answer: Answer) -> Answer:
    """The answer, which is also nobody's bug."""
    assert "INTERNAL" not in codes(answer), answer.body["errors"]
    return without_spills(answer)


async def asked(
    gateway: Gateway, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN
) -> Answer:
    return clean(await gateway.answer(document, variables, viewer))

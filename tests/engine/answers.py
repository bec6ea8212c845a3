"""What holds for every answer, whatever was asked."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Final, NoReturn

import orjson
from sqlalchemy.engine.default import DefaultDialect

from db.access.viewer import Viewer
from engine.standard.execution import Answer, Executor, Request
from schema.root import schema
from tests.gateway import ADMIN, Gateway

EXECUTOR: Final = Executor(schema)


def codes(answer: Answer) -> list[str]:
    return [error["extensions"]["code"] for error in answer.body.get("errors", [])]


def without_spills(answer: Answer) -> Answer:
    """The answer, which can be written as JSON and shows nothing of Python's insides."""
    text = orjson.dumps(answer.body).decode()
    for spilled in (
        "object at 0x",
        "Traceback",
        "<class ",
        "sqlalchemy",
        "asyncpg",
        "sqlite3",
        "NoneType",
        "Strawberry",
    ):
        assert spilled not in text
    for error in answer.body.get("errors", []):
        assert error["message"]
        assert error["extensions"]["code"]
    return answer


def clean(answer: Answer) -> Answer:
    """The answer, which is also nobody's bug."""
    assert "INTERNAL" not in codes(answer), answer.body["errors"]
    return without_spills(answer)


async def asked(
    gateway: Gateway, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN
) -> Answer:
    return clean(await gateway.answer(document, variables, viewer))


class Nowhere:
    """A database for requests that must not get as far as asking one."""

    dialect = "nowhere"
    words = DefaultDialect()

    def read(self) -> NoReturn:
        raise AssertionError("something was read")

    def statements(self) -> NoReturn:
        raise AssertionError("something was read")

    def unit(
        self, viewer: Any, ports: Any = (), *, cause: Any = None, lone: bool = False, dry: bool = False
    ) -> AbstractAsyncContextManager[Any]:
        raise AssertionError("something was begun")

    def port(self, kind: Any) -> NoReturn:
        raise AssertionError("something outside was asked for")


async def refused(
    document: str, variables: dict[str, Any] | None = None, operation_name: str | None = None
) -> list[dict[str, Any]]:
    """The errors of a request that makes no sense: nothing ran, and nothing is answered beside them."""
    request = Request(document, variables or {}, operation_name)
    answer = clean(await EXECUTOR.execute(request, ADMIN, Nowhere(), "test"))
    assert not answer.executed, answer.body
    assert set(answer.body) == {"errors"}
    errors: list[dict[str, Any]] = answer.body["errors"]
    assert errors
    return errors

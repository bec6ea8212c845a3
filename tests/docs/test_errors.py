"""docs/errors.md has every code, and its examples answer what is printed."""

import re
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from engine.document.bounds import Allowance
from engine.document.request import Request
from engine.values.errors import ErrorCode
from tests import factories
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway

PAGE: Final = (Path(__file__).parent.parent.parent / "docs" / "errors.md").read_text()
SECTIONS: Final = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
VIEWERS: Final = {"": ADMIN, "anonymous": ANONYMOUS, "clerk": CLERK}


def test_every_code_is_explained_and_no_other() -> None:
    assert sorted(SECTIONS) == sorted(code.value for code in ErrorCode)


@pytest.mark.parametrize("code", [code.value for code in ErrorCode])
async def test_a_code_has_a_cause_a_cure_and_an_example(code: str, gateway: Gateway) -> None:
    section = SECTIONS[code]
    assert re.findall(r"^- \*\*(\w+):\*\* \S", section, re.MULTILINE) == ["Cause", "Cure"]
    (example,) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    assert codes(orjson.loads(example)) == {code}

    for mark, document in re.findall(r"```graphql ?(\w*)\n(.*?)```", section, re.DOTALL):
        await factories.store_rows(
            gateway,
            [
                factories.store(),
                factories.product(1),
                factories.variant(1, 1, sku="TEA"),
                factories.variant(2, 1, sku="CUP"),
                factories.product(2),
                factories.variant(3, 2),
            ],
        )
        # As a server would: the gateway of the tests lets any cost pass.
        request = Request(document, {})
        answer = await gateway.executor.execute(request, VIEWERS[mark], gateway.units, "test", Allowance())
        assert without_numbers(answer.body) == without_numbers(orjson.loads(example))


def codes(value: Any) -> set[str]:
    if isinstance(value, dict):
        inner = {code for part in value.values() for code in codes(part)}
        return inner | ({value["code"]} if "code" in value else set())
    return {code for part in value for code in codes(part)} if isinstance(value, list) else set()


def without_numbers(value: Any) -> Any:
    """What a document costs is the cost rule's own business."""
    if isinstance(value, dict):
        return {name: without_numbers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [without_numbers(part) for part in value]
    return re.sub(r"\d+", "N", str(value)) if isinstance(value, str | int) else value

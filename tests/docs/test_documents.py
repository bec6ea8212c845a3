"""The documents in README.md and docs/guide.md are executed, and their answers are the ones printed there.

Whoever changes a document copies the answer from the failure's diff, and reads it on the way.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from db.access.viewer import Viewer
from tests.gateway import ADMIN, ANONYMOUS, Gateway

ROOT: Final = Path(__file__).parent.parent.parent
_PAIR: Final = re.compile(r"```graphql ?(\w*)\n(.*?)```\s+```json\n(.*?)```", re.DOTALL)
_CURL: Final = re.compile(r"-d '(\{.*?\})'\n```\s+```json\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Example:
    document: str
    answer: Any
    viewer: Viewer
    runs: bool


def _examples(page: str) -> list[Example]:
    text = (ROOT / page).read_text()
    return [
        Example(document, orjson.loads(answer), ANONYMOUS if mark == "anonymous" else ADMIN, mark != "refused")
        for mark, document, answer in _PAIR.findall(text)
    ]


async def test_the_guide_says_what_the_gateway_answers(recorded_copy: Gateway) -> None:
    examples = _examples("docs/guide.md")
    assert len(examples) > 10
    for example in examples:  # in order, as a reader would
        answer = await recorded_copy.answer(example.document, viewer=example.viewer)
        assert answer.executed is example.runs
        assert answer.body == example.answer, example.document


async def test_the_first_query_of_the_readme_is_answered_as_printed(recorded_store: Gateway) -> None:
    found = _CURL.search((ROOT / "README.md").read_text())
    assert found is not None
    answer = await recorded_store.answer(orjson.loads(found[1])["query"], viewer=ANONYMOUS)
    assert answer.body == orjson.loads(found[2])


async def test_the_changes_of_the_readme_are_answered_as_printed(recorded_copy: Gateway) -> None:
    (example,) = _examples("README.md")
    assert (await recorded_copy.answer(example.document)).body == example.answer


@pytest.mark.parametrize("page", ["README.md", *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", (ROOT / page).read_text()):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target

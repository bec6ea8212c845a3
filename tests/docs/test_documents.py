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
from server.graphql.graphiql.examples import DOCUMENTS
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


async def test_the_guide_says_what_the_gateway_answers(demo_store: Gateway) -> None:
    """Also to somebody who has tried GraphiQL's examples before."""
    for tab in DOCUMENTS:
        if tab.name != "Create":  # one more product is in every list
            await demo_store(tab.text, dict(tab.variables or {}))
    examples = _examples("docs/guide.md")
    assert len(examples) > 10
    for example in examples:  # in order, as a reader would
        answer = await demo_store.answer(example.document, viewer=example.viewer)
        assert answer.executed is example.runs
        assert answer.body == example.answer, example.document


async def test_the_first_query_of_the_readme_is_answered_as_printed(demo_store: Gateway) -> None:
    found = _CURL.search((ROOT / "README.md").read_text())
    assert found is not None
    answer = await demo_store.answer(orjson.loads(found[1])["query"], viewer=ANONYMOUS)
    assert answer.body == orjson.loads(found[2])


async def test_the_changes_of_the_readme_are_answered_as_printed(demo_store: Gateway) -> None:
    (example,) = _examples("README.md")
    assert (await demo_store.answer(example.document)).body == example.answer


@pytest.mark.parametrize("page", ["README.md", *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", (ROOT / page).read_text()):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target

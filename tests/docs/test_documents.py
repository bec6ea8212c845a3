"""The documents in README.md and docs/guide.md are executed, and their answers are the ones printed there. What is
followed tells its first answer below the document, the others in blocks `json next`.

Whoever changes a document copies the answer from the failure's diff, and reads it on the way. A cart's token is
another one each time: `sg_cart_yours` stands for the last, and `hash_of_yours` for that of an offer or an order.
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
from tests.live.following import Following, Heard

ROOT: Final = Path(__file__).parent.parent.parent
PAIR: Final = re.compile(
    r"```graphql ?(\w*)\n(?P<document>.*?)```\s+```json\n(?P<answer>.*?)```|```json next\n(?P<next>.*?)```", re.DOTALL
)
_CART: Final = re.compile(r"sg_cart_[\w-]+")
_HASH: Final = re.compile(r"\b[0-9a-f]{32}\b|hash_of_yours")
_CURL: Final = re.compile(r"-d '(\{.*?\})'\n```\s+```json\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Example:
    """Without a document: the next answer of what is followed."""

    document: str | None
    answer: Any
    viewer: Viewer
    runs: bool


def _examples(page: str) -> list[Example]:
    text = (ROOT / page).read_text()
    return [
        Example(
            found["document"],
            orjson.loads(found["answer"] or found["next"]),
            ANONYMOUS if found[1] == "anonymous" else ADMIN,
            found[1] != "refused",
        )
        for found in PAIR.finditer(text)
    ]


async def test_the_guide_says_what_the_gateway_answers(demo_store: Gateway) -> None:
    """Also to somebody who has tried GraphiQL's examples before."""
    for tab in DOCUMENTS:
        # One more product is in every list, and what is followed changes nothing.
        if tab.name not in {"Create", "LivePrice"}:
            await demo_store(tab.text, dict(tab.variables or {}))
    examples = _examples("docs/guide.md")
    assert len(examples) > 10
    follow = Following(demo_store)
    heard, cart, hash_ = Heard(), "", ""
    async with follow.live.going_on():
        for example in examples:  # in order, as a reader would
            if example.document is None:
                follow.live.wake()
                assert await heard.body() == example.answer
            elif example.document.startswith("subscription"):
                _, heard = await follow(example.document, example.viewer)
                assert await heard.body() == example.answer, example.document
            else:
                document = _HASH.sub(hash_, _CART.sub(cart, example.document))
                answer = await demo_store.answer(document, viewer=example.viewer)
                assert answer.executed is example.runs
                said = orjson.dumps(answer.body).decode()
                cart = next(iter(_CART.findall(said)), cart)
                hash_ = next(iter(_HASH.findall(said)), hash_)
                shown = _HASH.sub("hash_of_yours", _CART.sub("sg_cart_yours", said))
                assert orjson.loads(shown) == example.answer, document


async def test_the_first_query_of_the_readme_is_answered_as_printed(demo_store: Gateway) -> None:
    found = _CURL.search((ROOT / "README.md").read_text())
    assert found is not None
    answer = await demo_store.answer(orjson.loads(found[1])["query"], viewer=ANONYMOUS)
    assert answer.body == orjson.loads(found[2])


async def test_the_changes_of_the_readme_are_answered_as_printed(demo_store: Gateway) -> None:
    (example,) = _examples("README.md")
    assert example.document is not None
    assert (await demo_store.answer(example.document)).body == example.answer


@pytest.mark.parametrize("page", ["README.md", *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", (ROOT / page).read_text()):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target

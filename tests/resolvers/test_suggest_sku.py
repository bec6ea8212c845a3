"""SKU suggestions, each step of the documented algorithm (S5 GET /products/suggest-sku)."""

import re
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from db.catalog.sku import LONGEST, candidates, sku_key, stem, suggestion
from tests import factories
from tests.gateway import Gateway
from tests.resolvers.shelf import id_of

DOCUMENT: Final = """
query Suggest($title: String!, $variantTitle: String, $exclude: ID) {
  suggestSku(title: $title, variantTitle: $variantTitle, excludeId: $exclude)
}
"""
STOP_WORDS: Final = (
    "the",
    "and",
    "for",
    "with",
    "a",
    "an",
    "of",
    "in",
    "on",
    "to",
    "is",
    "it",
    "by",
    "or",
    "at",
    "from",
)
# The moment that a SKU ends with when a hundred of them are taken.
NOON: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)


async def suggested(gateway: Gateway, title: str, variant_title: str | None = None, exclude: str | None = None) -> Any:
    variables = {"title": title, "variantTitle": variant_title, "exclude": exclude}
    return (await gateway(DOCUMENT, variables))["suggestSku"]


async def take(gateway: Gateway, *skus: str) -> None:
    """Variants 1, 2, … of product 1 with these SKUs."""
    variants = [factories.variant(i, 1, sku=sku) for i, sku in enumerate(skus, start=1)]
    await factories.store_rows(gateway, [factories.product(1), *variants])


@pytest.mark.parametrize(
    ("title", "variant_title", "sku"),
    [
        ("Example Product", "Monthly", "EXA-PRO-MON"),  # the documented examples
        ("Developer Toolkit", "Personal", "DEV-TOO-PER"),
        ("Amber Mug", None, "AMB-MUG"),
        ("Amber Mug", "amber MUG", "AMB-MUG"),  # equal but for case: once
        ("Amber Mug", " Amber Mug ", "AMB-MUG"),
        ("Amber Mug", "", "AMB-MUG"),
        ("Amber  Mug\t2", None, "AMB-MUG-2"),
        ("O'Brien's \"Deluxe\" Kit", None, "OBR-DEL-KIT"),  # dropped signs do not part words
        ("e-mail v2.0", None, "EMA-V20"),
        ("Café Crème", None, "CAF-CRM"),  # letters beyond A–Z are dropped, not written otherwise
        ("The Art of the Deal", "for Beginners", "ART-DEA-BEG"),
        ("Theatre of War", None, "THE-WAR"),  # a word is a stop word as a whole
        ("one two three four five six seven eight", None, "ONE-TWO-THR-FOU-FIV-SIX-S"),  # 25
        ("one two three four five sixt seventh", None, "ONE-TWO-THR-FOU-FIV-SIX-S"),
        ("aaa bbb ccc ddd eee ffff gg", None, "AAA-BBB-CCC-DDD-EEE-FFF-G"),
        ("aa bbb ccc ddd eee fff gggg", None, "AA-BBB-CCC-DDD-EEE-FFF-GG"),
        ("aaa bbb ccc ddd eee fff g h", None, "AAA-BBB-CCC-DDD-EEE-FFF-G"),
        ("a1a bb ccc ddd eee fff ggg h", None, "A1A-BB-CCC-DDD-EEE-FFF-GG"),
        ("a1 bb ccc ddd eee fff ggg h", None, "A1-BB-CCC-DDD-EEE-FFF-GGG"),  # a hyphen at the cut goes
    ],
)
def test_stem(title: str, variant_title: str | None, sku: str) -> None:
    assert stem(title, variant_title) == sku


@pytest.mark.parametrize("word", STOP_WORDS)
def test_stop_words(word: str) -> None:
    assert stem(f"{word} Mug {word.upper()}") == "MUG"
    assert stem(word) == ""


@given(st.text(max_size=60), st.none() | st.text(max_size=60))
def test_any_titles(title: str, variant_title: str | None) -> None:
    made = stem(title, variant_title)
    assert re.fullmatch(r"([A-Z0-9]{1,3}(-[A-Z0-9]{1,3})*)?", made)
    assert len(made) <= 25


@given(st.lists(st.text("abc xyz019", min_size=1, max_size=40), min_size=1, max_size=3), st.integers(0, 100))
def test_any_taken(titles: list[str], count: int) -> None:
    """However many are taken, the next is free, fits, and begins as the titles do."""
    base = stem(" ".join(titles)) or "X"
    taken = list(candidates(base))[:count]
    with time_machine.travel(NOON, tick=False):
        made = suggestion(base, {sku_key(each) for each in taken})
    assert made not in taken
    assert len(made) <= LONGEST
    assert re.fullmatch(r"[A-Z0-9-]+", made)
    expected = f"-{int(NOON.timestamp())}" if count == 100 else f"-{count}" if count else ""
    assert made == base[: LONGEST - len(expected)] + expected


async def test_taken(gateway: Gateway) -> None:
    await take(gateway, "AMB-MUG", "AMB-MUG-1", "AMB-MUG-3")
    assert await suggested(gateway, "Amber Mug") == "AMB-MUG-2"


async def test_excluded(gateway: Gateway) -> None:
    """The variant that is being edited may keep its own."""
    await take(gateway, "AMB-MUG", "AMB-MUG-1")
    assert await suggested(gateway, "Amber Mug", exclude=id_of(1)) == "AMB-MUG"
    assert await suggested(gateway, "Amber Mug", exclude=id_of(2)) == "AMB-MUG-1"
    assert await suggested(gateway, "Amber Mug", exclude=id_of(99)) == "AMB-MUG-2"


async def test_a_hundred_taken(gateway: Gateway) -> None:
    """-1 to -99, then the time, cut so that the whole fits."""
    long = "one two three four five six seven"
    await take(gateway, *list(candidates("ONE-TWO-THR-FOU-FIV-SIX-S"))[:-1])
    assert await suggested(gateway, long) == "ONE-TWO-THR-FOU-FIV-SIX-S-99"
    await factories.store_rows(gateway, [factories.variant(500, 1, sku="ONE-TWO-THR-FOU-FIV-SIX-S-99")])
    with time_machine.travel(NOON, tick=False):
        last = await suggested(gateway, long)
    assert last == f"ONE-TWO-THR-FOU-FIV-{NOON.timestamp():.0f}"
    assert len(last) == LONGEST


async def test_case_of_what_is_taken(gateway: Gateway) -> None:
    """SKUs are not told apart by case; suggestions are upper case."""
    await take(gateway, "amb-mug")
    assert await suggested(gateway, "Amber Mug") == "AMB-MUG-1"


@pytest.mark.parametrize(
    ("title", "message"),
    [
        ("", "A title is required"),
        (" \t", "A title is required"),
        ("日本語", "The title has no letters or digits to make a SKU of"),
        ("– … !", "The title has no letters or digits to make a SKU of"),
        ("The of AND", "The title has no letters or digits to make a SKU of"),
    ],
)
async def test_nothing_to_make_one_of(gateway: Gateway, title: str, message: str) -> None:
    answer = await gateway.answer(DOCUMENT, {"title": title})
    (error,) = answer.body["errors"]
    assert answer.body["data"] == {"suggestSku": None}
    assert (error["extensions"]["code"], error["message"]) == ("VALIDATION", message)


async def test_the_variants_title_may_be_enough(gateway: Gateway) -> None:
    assert await suggested(gateway, "日本語", "Large") == "LAR"

"""Upgrade paths and bundles: what several writers at once must not break, and what a viewer must not reach."""

import asyncio
from typing import Any

import pytest

from db.access.viewer import Viewer
from db.catalog.product import ProductStatus
from engine.values import identity
from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.patience import PATIENCE
from tests.resolvers.shelf import events, id_of

ERRORS = "userErrors { code field message }"
CREATE = f"""
mutation Create($input: UpgradePathCreateInput!) {{
  upgradePathCreate(input: $input) {{ upgradePath {{ id slug }} {ERRORS} }}
}}
"""
UPDATE = f"""
mutation Update($input: UpgradePathUpdateInput!) {{
  upgradePathUpdate(input: $input) {{ upgradePath {{ version slug to {{ databaseId }} }} {ERRORS} }}
}}
"""
BUNDLE = f"""
mutation Save($input: BundleSaveInput!) {{
  bundleSave(input: $input) {{ variant {{ version bundleItems {{ databaseId }} }} {ERRORS} }}
}}
"""
# May change products, and sees no unpublished ones.
EDITOR = Viewer("token:editor", "editor", frozenset({"products/edit"}))


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    """Product 1 has variants 11 and 12, the draft 2 has 21, the bundle 3 has 31."""
    await factories.store_rows(
        gateway,
        [
            factories.product(1),
            factories.variant(11, 1),
            factories.variant(12, 1),
            factories.product(2, status=ProductStatus.DRAFT),
            factories.variant(21, 2),
            factories.product(3, is_bundle=True),
            factories.variant(31, 3),
        ],
    )
    return gateway


def path(**input: Any) -> dict[str, Any]:
    ends = {"productId": identity.encode("Product", 1), "fromVariantId": id_of(11), "toVariantIds": [id_of(12)]}
    return {"input": {**ends, **input}}


async def test_slugs_are_unique_however_many_are_made_at_once(shop: Gateway) -> None:
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(*(shop(CREATE, path(title="Grow")) for _ in range(6)))
    slugs = [answer["upgradePathCreate"]["upgradePath"]["slug"] for answer in answers]
    assert sorted(slugs) == ["grow", "grow-2", "grow-3", "grow-4", "grow-5", "grow-6"]


async def test_long_titles_make_slugs_that_fit(shop: Gateway) -> None:
    slugs = [(await shop(CREATE, path(title="ab " * 66)))["upgradePathCreate"]["upgradePath"]["slug"] for _ in range(2)]
    assert len(set(slugs)) == 2
    assert max(map(len, slugs)) <= 192


async def test_of_two_with_one_version_one_wins(shop: Gateway) -> None:
    made = (await shop(CREATE, path()))["upgradePathCreate"]["upgradePath"]["id"]
    changes = ({"toVariantIds": [id_of(21)]}, {"toVariantIds": [id_of(31), id_of(12)]})
    async with asyncio.timeout(PATIENCE):
        both = await asyncio.gather(
            *(shop(UPDATE, {"input": {"id": made, "expectedVersion": 1, **change}}) for change in changes)
        )
    payloads = [answer["upgradePathUpdate"] for answer in both]
    (lost,) = (payload for payload in payloads if payload["userErrors"])
    assert lost["userErrors"][0]["message"].endswith("changed since: to")
    (won,) = (payload for payload in payloads if payload["upgradePath"])
    assert won["upgradePath"]["version"] == 2


async def test_a_path_that_keeps_its_targets_keeps_its_version(shop: Gateway) -> None:
    made = (await shop(CREATE, path(title="Grow", discountAmount=5)))["upgradePathCreate"]["upgradePath"]["id"]
    same = {"id": made, "toVariantIds": [id_of(12)], "slug": "GROW", "title": "Grow ", "discountAmount": 5}
    assert (await shop(UPDATE, {"input": same}))["upgradePathUpdate"]["upgradePath"]["version"] == 1
    assert len(await events(shop)) == 1


async def test_hidden_variants_are_not_there(shop: Gateway) -> None:
    """An editor who sees no drafts learns nothing of theirs."""
    created = await shop(CREATE, path(toVariantIds=[id_of(21)]), EDITOR)
    assert created["upgradePathCreate"]["userErrors"][0]["code"] == "NOT_FOUND"
    saved = await shop(BUNDLE, {"input": {"id": id_of(31), "childIds": [id_of(21)]}}, EDITOR)
    assert saved["bundleSave"]["userErrors"][0]["code"] == "NOT_FOUND"
    # Paths themselves need products/view.
    made = (await shop(CREATE, path()))["upgradePathCreate"]["upgradePath"]["id"]
    updated = await shop(UPDATE, {"input": {"id": made, "prorate": True}}, EDITOR)
    assert updated["upgradePathUpdate"]["userErrors"][0]["field"] == ["id"]


async def test_savers_of_one_bundle_take_turns(shop: Gateway) -> None:
    given = [[11, 12], [12, 11], [21], [], [12, 21, 11], [11]]
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(
            *(shop(BUNDLE, {"input": {"id": id_of(31), "childIds": [*map(id_of, children)]}}) for children in given)
        )
    assert all(answer["bundleSave"]["userErrors"] == [] for answer in answers)
    last = (await shop("{ productVariant(by: { databaseId: 31 }) { version bundleItems { databaseId } } }"))[
        "productVariant"
    ]
    assert [item["databaseId"] for item in last["bundleItems"]] in given
    assert last["version"] == len(await events(shop)) + 1


async def test_too_many(shop: Gateway) -> None:
    many = [id_of(12)] * 101
    saved = await shop(BUNDLE, {"input": {"id": id_of(31), "childIds": many}})
    assert saved["bundleSave"]["userErrors"][0]["field"] == ["childIds"]
    created = await shop(CREATE, path(toVariantIds=many))
    assert created["upgradePathCreate"]["userErrors"][0]["field"] == ["toVariantIds"]


async def test_statements_do_not_grow_with_the_targets(shop: Gateway) -> None:
    with shop.counting() as few:
        await shop(CREATE, path(), ADMIN)
    with shop.counting() as many:
        await shop(CREATE, path(toVariantIds=[id_of(12), id_of(21), id_of(31)]), ADMIN)
    assert len(many) == len(few)
    with shop.counting() as few:
        await shop(BUNDLE, {"input": {"id": id_of(31), "childIds": [id_of(11)]}})
    with shop.counting() as many:
        await shop(BUNDLE, {"input": {"id": id_of(31), "childIds": [id_of(11), id_of(12), id_of(21)]}})
    assert len(many) == len(few)

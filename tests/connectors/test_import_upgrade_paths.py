"""Upgrade paths and bundles: links between variants, also of products that come later."""

from pathlib import Path
from typing import Any

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Tally
from db.store.database import Database
from tests.connectors.fluentcart_store import (
    Exchanges,
    imported_twice,
    in_process,
    lines,
    priced,
    recorded,
    rows,
    source,
)
from tests.connectors.whole import Whole


def path(id: object, start: object, targets: object, **value: Any) -> dict[str, Any]:
    return {"id": id, "object_id": start, "meta_value": {"to_variants": targets} | value}


def told(exchanges: Exchanges, product: int) -> dict[str, Any]:
    answer: dict[str, Any] = exchanges[f"/products/{product}/upgrade-paths", "1"]["response"]
    return answer


async def targets(database: Database) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row in sorted(await rows(database, "upgrade_path_target"), key=lambda row: int(row["position"])):
        found.setdefault(row["path_id"], []).append(row["variant_id"])
    return found


async def children(database: Database, variant: int) -> list[int]:
    items = [row for row in await rows(database, "bundle_item") if row["variant_id"] == variant]
    return [row["child_id"] for row in sorted(items, key=lambda row: int(row["position"]))]


async def test_the_recorded_paths(whole: Whole) -> None:
    database = whole.database
    expected = [
        entry
        for (path, _), exchange in recorded().items()
        if path.endswith("/upgrade-paths")
        for entry in exchange["response"]["data"]
    ]
    stored = {row["id"]: row for row in await rows(database, "upgrade_path")}
    linked = await targets(database)
    assert len(stored) == len(expected) == 15
    for entry in expected:
        row, value = stored[entry["id"]], entry["meta_value"]
        assert row["from_variant_id"] == int(entry["object_id"])
        assert row["prorate"] == (value["is_prorate"] == "1")
        assert row["discount_amount"] == int(value["discount_amount"])
        assert linked[entry["id"]] == [int(variant) for variant in value["to_variants"]]
    assert await children(database, 64) == [47, 22, 28]


async def test_paths_of_another_store(database: Database, few: Exchanges, tmp_path: Path) -> None:
    told(few, 5)["data"] = [
        # 26 comes later, 99999 never, 2 is where the path begins.
        path(
            "70", "2", ["67", "3", "2", 3, "99999", "x"], is_prorate="", discount_amount="5.00", title="Up &amp; away"
        ),
        path(71, "1", ["3"]),
        path(72, "3", ["2"], discount_amount="-1"),
    ]
    report = await imported_twice(database, few, tmp_path)
    row = next(row for row in await rows(database, "upgrade_path") if row["id"] == 70)
    assert (row["title"], row["discount_amount"], row["prorate"], row["version"]) == ("Up & away", 5, False, 1)
    assert (await targets(database))[70] == [67, 3]
    said = lines(report)
    assert "upgrade paths 71 of product 5: object_id: variant 1 is not among the product's variants" in said
    assert any(line.startswith("upgrade paths 72 of product 5: meta_value.discount_amount: '-1'") for line in said)
    assert "links of upgrade path 70: meta_value.to_variants: 99999 is unknown" in said
    assert "links of upgrade path 70: meta_value.to_variants: variant 2 is where the path begins" in said

    told(few, 5)["data"] = [path(70, 2, [3], discount_amount=5, title="Up & away")]
    report = await import_store(database, source(in_process(few, tmp_path)))
    assert report.of("upgrade paths") == Tally(updated=1, unchanged=2)
    assert (await targets(database))[70] == [3]


async def test_bundles_of_what_comes_later_and_of_what_is_gone(
    database: Database, few: Exchanges, tmp_path: Path
) -> None:
    mug, poster = priced(few, 4), priced(few, 5)
    mug["detail"]["other_info"]["is_bundle_product"] = "yes"
    mug["variants"][0]["other_info"]["bundle_child_ids"] = ["67", 2, 2, 99999, 1]
    poster["variants"][0]["other_info"]["bundle_child_ids"] = [3]
    report = await imported_twice(database, few, tmp_path)
    assert await children(database, 1) == [67, 2]
    assert await children(database, 2) == []
    said = sorted(line for line in lines(report) if "bundle_child_ids" in line)
    assert said == [
        "links of variant 1: other_info.bundle_child_ids: 99999 is unknown",
        "links of variant 1: other_info.bundle_child_ids: variant 1 is a bundle itself",
        "links of variant 2: other_info.bundle_child_ids: the product is no bundle",
    ]
    mug["variants"][0]["other_info"]["bundle_child_ids"] = [2]
    await import_store(database, source(in_process(few, tmp_path)))
    assert await children(database, 1) == [2]
    assert next(row["version"] for row in await rows(database, "product_variant") if row["id"] == 1) == 2


async def test_a_bundle_is_in_stock_while_what_the_source_names_is(
    database: Database, few: Exchanges, tmp_path: Path
) -> None:
    """Also where that comes with a later product, is told later, or is unknown."""
    mug, poster = priced(few, 4), priced(few, 5)
    mug["detail"]["other_info"]["is_bundle_product"] = "yes"
    named, child = mug["variants"][0]["other_info"], poster["variants"][0]
    mug["variants"][0] |= {"manage_stock": "0", "stock_status": "in-stock"}
    mug["detail"]["manage_stock"] = "0"
    for children_, status, supplied, incomplete in (
        ([2], "inactive", False, False),
        ([2], "active", True, False),
        ([2, 99999], "active", False, True),
        ([2], "active", True, False),
    ):
        named["bundle_child_ids"], child["item_status"] = children_, status
        await imported_twice(database, few, tmp_path)
        bundle = next(row for row in await rows(database, "product_variant") if row["id"] == 1)
        product = next(row for row in await rows(database, "product") if row["id"] == 4)
        stock = "in-stock" if supplied else "out-of-stock"
        assert (bundle["supplied"], bundle["incomplete"], bundle["stock_status"]) == (supplied, incomplete, stock)
        assert (product["stock_availability"], product["public_stock_availability"]) == (stock, stock)

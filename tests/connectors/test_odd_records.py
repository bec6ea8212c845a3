"""Records that are incomplete or odd, as real stores have them: all of them are read."""

from pathlib import Path
from typing import Any

from connectors.importers.fluentcart.values import entries
from connectors.importers.report import Tally
from db.store.database import Database
from tests.connectors.fluentcart_store import (
    SMALL_PAGE,
    Exchanges,
    imported_twice,
    lines,
    priced,
    rows,
    settings,
)


def mug(exchanges: Exchanges) -> dict[str, Any]:
    return priced(exchanges, 4)


def first(exchanges: Exchanges) -> dict[str, Any]:
    found: dict[str, Any] = priced(exchanges, 5)["variants"][0]
    return found


async def test_missing_pieces(database: Database, few: Exchanges, tmp_path: Path) -> None:
    listed = few["/products", "1"]["response"]["products"]["data"]
    for entry, record in [(entry, priced(few, entry["ID"])) for entry in listed]:
        for pieces in (entry, record):
            for name in list(pieces):
                if name not in {"ID", "post_title", "post_status"}:
                    del pieces[name]
    few["/products/4/pricing", "1"]["response"].pop("taxonomies")
    report = await imported_twice(database, few, tmp_path)
    assert report.of("products") == Tally(imported=4)
    product = (await rows(database, "product"))[0]
    assert (product["slug"], product["detail_id"], product["variation_type"]) == ("amber-mug", None, "simple")
    assert (product["fulfillment_type"], product["published_at"], product["content"]) == ("physical", None, "")


async def test_empty_and_null_pieces(database: Database, few: Exchanges, tmp_path: Path) -> None:
    for product in (4, 5, 8, 26):
        record = priced(few, product)
        record["detail"] |= {"other_info": [], "default_media": [], "featured_media": [], "gallery_image": []}
        record |= {"downloadable_files": None, "product-categories": None, "product-brands": []}
        for variant in record["variants"]:
            variant |= {"other_info": None, "media": [], "sku": "", "payment_type": "", "serial_index": None}
            variant |= {"created_at": None, "updated_at": "", "total_stock": None, "available": None}
    report = await imported_twice(database, few, tmp_path)
    assert not report.skipped
    variants = await rows(database, "product_variant")
    assert {row["sku"] for row in variants} == {None}
    assert {row["created_at"] for row in variants} == {None}
    assert {row["total_stock"] for row in variants} == {0}


async def test_slugs(database: Database, few: Exchanges, tmp_path: Path) -> None:
    slugs = {4: "%e6%97%a5%e6%9c%ac-%E8%AA%9E", 5: "", 8: "twin", 26: "twin"}
    for product, slug in slugs.items():
        priced(few, product)["post_name"] = slug
    report = await imported_twice(database, few, tmp_path)
    assert not report.skipped
    stored = {row["id"]: row["slug"] for row in await rows(database, "product")}
    assert stored == {4: "日本-語", 5: "brisk-poster", 8: "twin", 26: "twin-2"}


async def test_equal_slugs_on_two_pages(database: Database, small: Exchanges, tmp_path: Path) -> None:
    priced(small, 63)["post_name"] = "amber-mug"
    priced(small, 47)["variants"][0]["sku"] = "SKU-000-0"
    report = await imported_twice(database, small, tmp_path, per_page=SMALL_PAGE)
    variant = priced(small, 47)["variants"][0]["id"]
    assert lines(report) == [f"variants {variant}: sku: 'SKU-000-0' is that of 1 already"]
    stored = {row["id"]: row["slug"] for row in await rows(database, "product")}
    assert (stored[4], stored[63]) == ("amber-mug", "amber-mug-2")


async def test_entities(database: Database, few: Exchanges, tmp_path: Path) -> None:
    mug(few).update(post_title="Cup &#8211; R&amp;D &amp;amp; &copy=1 &euro;5", post_excerpt="A &amp; B")
    mug(few)["post_content"] = "<p>1 &lt; 2 &amp; 3</p>"
    mug(few)["view_url"] = "https://shop.example/?a=1&amp;b=2&#038;c=&lt;"
    first(few).update(variation_title="5&#8243; &gt; 3&Prime;", sku="A&amp;B")
    first(few)["other_info"] = {"description": "Less than &#36;5"}
    report = await imported_twice(database, few, tmp_path)
    assert not report.skipped
    product = (await rows(database, "product"))[0]
    assert product["title"] == "Cup – R&D &amp; &copy=1 €5"
    assert (product["excerpt"], product["content"]) == ("A & B", "<p>1 &lt; 2 &amp; 3</p>")
    assert product["view_url"] == "https://shop.example/?a=1&b=2&c=&lt;"
    variant = (await rows(database, "product_variant"))[1]
    assert (variant["title"], variant["sku"], variant["description"]) == ("5″ > 3″", "A&amp;B", "Less than $5")


async def test_what_could_run_in_a_browser_goes(database: Database, few: Exchanges, tmp_path: Path) -> None:
    mug(few).update(post_title="<b>Mug</b> &lt;script&gt;", post_excerpt="<p>One</p>\r\n&lt;i&gt;two")
    mug(few)["post_content"] = "<p onclick='x()'>Hi</p><script>alert(1)</script><a href='javascript:x()'>a</a>"
    mug(few)["view_url"] = "java\tscript:alert(1)"
    first(few).update(variation_title="<img src=x onerror=x()>Large", sku=" a <b>1</b>")
    first(few)["other_info"] = {"description": "One\n<script>two</script>"}
    first(few)["media"] = [{"id": 1, "url": "javascript:alert(1)"}]
    terms = few["/products/fetch-term", "1"]["response"]["taxonomies"]
    next(iter(entries(terms)))["terms"][0]["label"] = "<b>Mugs</b>"
    report = await imported_twice(database, few, tmp_path)
    assert lines(report) == ["media 1 of variant 2: url: is missing"]
    product = (await rows(database, "product"))[0]
    assert (product["title"], product["excerpt"]) == ("Mug", "One\ntwo")
    assert product["content"] == '<p>Hi</p><a rel="noopener noreferrer">a</a>'
    assert product["view_url"] is None
    variant = (await rows(database, "product_variant"))[1]
    assert (variant["title"], variant["sku"], variant["description"]) == ("Large", "a 1", "One\ntwo")
    assert "Mugs" in {row["name"] for row in await rows(database, "term")}


async def test_text_that_a_database_refuses(database: Database, few: Exchanges, tmp_path: Path) -> None:
    mug(few).update(post_title="Nul\x00l", post_content="a\x00b")
    mug(few)["detail"]["default_media"] = {"url\x00": ["\x00", 1, None]}
    settings(few)["store_name"] = "\x00Shop"
    report = await imported_twice(database, few, tmp_path)
    assert not report.skipped
    product = (await rows(database, "product"))[0]
    assert (product["title"], product["content"], product["default_media"]) == ("Null", "ab", {"url": ["", 1, None]})


async def test_prices_are_put_right(database: Database, few: Exchanges, tmp_path: Path) -> None:
    first(few).update(item_price="12.0", compare_price="11", item_cost=1998.9999999999998, available=-3)
    await imported_twice(database, few, tmp_path)
    variant = (await rows(database, "product_variant"))[1]
    assert (variant["price"], variant["compare_price"], variant["cost"]) == (12, 0, 1999)
    assert variant["available"] == 0


async def test_terms_of_a_subscription_mean_nothing_on_a_single_sale(
    database: Database, few: Exchanges, tmp_path: Path
) -> None:
    left_over = {
        "repeat_interval": "fortnightly",
        "times": "many",
        "trial_days": 999,
        "manage_setup_fee": "yes",
        "signup_fee": "x",
        "installment": "yes",
    }
    first(few)["other_info"] = left_over
    subscription = priced(few, 8)["variants"][0]
    subscription["other_info"] |= {"manage_setup_fee": "no", "signup_fee": "x", "signup_fee_name": "Was once"}
    report = await imported_twice(database, few, tmp_path)
    assert not report.skipped
    variants = {row["id"]: row for row in await rows(database, "product_variant")}
    assert (variants[2]["interval"], variants[2]["trial_days"], variants[2]["has_setup_fee"]) == (None, 0, False)
    assert (variants[17]["interval"], variants[17]["setup_fee"], variants[17]["setup_fee_label"]) == (
        "monthly",
        None,
        None,
    )


async def test_variant_pictures_in_all_forms(database: Database, few: Exchanges, tmp_path: Path) -> None:
    pictures = [{"id": 11, "url": "https://images.example.com/1.png", "title": "One &amp; only"}]
    forms: list[dict[str, Any]] = [
        {"media": pictures},
        {"media": {"meta_key": "product_thumbnail", "meta_value": pictures}},
        {"media": {"meta_value": '[{"id":11,"url":"https://images.example.com/1.png","title":"One &amp; only"}]'}},
        {"media": pictures[0]},
        {"media": None, "thumbnail": "https://images.example.com/1.png", "media_id": 11},
        {"media": [], "thumbnail": None},
    ]
    for variant, form in zip(priced(few, 5)["variants"], forms, strict=True):
        variant.update(form)
    report = await imported_twice(database, few, tmp_path)
    assert not report.skipped
    shown = [
        (row["variant_id"], row["attachment_id"], row["url"], row["title"])
        for row in await rows(database, "media")
        if row["variant_id"]
    ]
    picture = (11, "https://images.example.com/1.png")
    assert shown == [*((variant, *picture, "One & only") for variant in (2, 3, 4, 5)), (6, *picture, "")]


async def test_a_featured_picture_alone_is_a_gallery(database: Database, few: Exchanges, tmp_path: Path) -> None:
    priced(few, 26)["detail"]["gallery_image"] = None
    await imported_twice(database, few, tmp_path)
    assert [row["url"] for row in await rows(database, "media")] == ["https://images.example.com/a%20b.jpg"]

"""Integration providers, and the feeds of products and of the whole store."""

from pathlib import Path
from typing import Any

import pytest

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Tally
from db.secrets.confidential import confidential, without_secrets
from db.store.database import Database
from tests.connectors.fluentcart_store import (
    SITE,
    Exchanges,
    imported_twice,
    in_process,
    lines,
    recorded,
    rows,
    source,
)
from tests.connectors.whole import Whole

COLUMNS = {"name", "enabled", "event_trigger", "conditional_variation_ids", "list_id"}


def told(exchanges: Exchanges, product: int | None) -> dict[str, Any]:
    path = "/integration/global-feeds" if product is None else f"/products/{product}/integrations"
    answer: dict[str, Any] = exchanges[path, "1"]["response"]
    return answer


def feed(id: int, provider: str = "fluentcrm", **settings: Any) -> dict[str, Any]:
    return {"id": id, "name": "F", "provider": provider, "enabled": "yes", "feed": {"enabled": "yes"} | settings}


async def test_the_recorded_feeds(whole: Whole) -> None:
    database = whole.database
    expected: dict[tuple[str, int], Any] = {}
    for (path, _), exchange in recorded().items():
        if path.endswith(("/integrations", "/global-feeds")):
            product = int(path.split("/")[2]) if path.startswith("/products/") else None
            for entry in exchange["response"]["feeds"]:
                expected[entry["scope"], entry["id"]] = product, entry["provider"], entry["feed"]
    stored = await rows(database, "integration_feed")
    assert len(stored) == len(expected) == 79 + 6
    limits = {(row["feed_id"], row["variant_id"]) for row in await rows(database, "integration_feed_variant")}
    assert len(limits) == 79
    for row in stored:
        product, provider, settings = expected[row["scope"], row["source_id"]]
        assert (row["product_id"], row["provider_key"]) == (product, provider)
        assert row["name"] == settings["name"]
        assert row["enabled"] == (settings["enabled"] == "yes")
        assert row["event_triggers"] == settings["event_trigger"]
        assert row["list_id"] == settings.get("list_id")
        assert row["settings"] == {name: value for name, value in settings.items() if name not in COLUMNS}
        wanted = {(row["id"], variant) for variant in settings.get("conditional_variation_ids", [])}
        assert {pair for pair in limits if pair[0] == row["id"]} == wanted


async def test_the_recorded_providers(whole: Whole) -> None:
    database = whole.database
    providers = {row["key"]: row for row in await rows(database, "integration_provider")}
    assert providers.keys() == {"fluentcrm", "refglobal", "refproduct", "webhook"}
    crm = providers["fluentcrm"]
    assert (crm["title"], crm["priority"], crm["category"], crm["enabled"]) == ("FluentCRM", 12, "crm", True)
    assert crm["logo_url"] == f"{SITE}/wp-content/plugins/fluent-cart/assets/images/integrations/fluentcrm.svg"
    assert (crm["scopes"], crm["has_global_settings"]) == (["global", "product"], False)
    assert (crm["installable"], crm["config_url"]) == ("fluent-crm/fluent-crm.php", None)
    assert (crm["delay_on_product_action"], crm["delay_on_global_action"]) == (False, True)
    assert providers["refproduct"]["scopes"] == ["product"]


async def test_every_known_key_has_its_column_and_no_secret_is_kept(
    database: Database, few: Exchanges, tmp_path: Path
) -> None:
    told(few, 5)["feeds"] = [
        feed(
            900,
            "webhook",
            name="Orders &amp; more",
            event_trigger="order_paid_done",
            conditional_variation_ids=["2", 4, "4"],
            watch_on_access_revoke="yes",
            conditionals={"status": True, "type": "all", "conditions": []},
            list_name="Buyers",
            merge_fields={"first_name": "{{customer.first_name}}", "api_token": "abc", "token": "{{order.id}}"},
            api_key="abc",
            auth={"clientSecret": "abc", "user": "me"},
            request_headers=[{"key": "Authorization", "value": "Bearer abc"}, {"key": "Accept", "value": "*/*"}],
            tag_ids=["1"],
        )
    ]
    report = await imported_twice(database, few, tmp_path)
    (row,) = [row for row in await rows(database, "integration_feed") if row["source_id"] == 900]
    assert (row["name"], row["event_triggers"], row["watch_on_access_revoke"]) == (
        "Orders & more",
        ["order_paid_done"],
        True,
    )
    assert row["conditionals"] == {"status": True, "type": "all", "conditions": []}
    assert (row["list_id"], row["list_name"]) == (None, "Buyers")
    assert row["merge_fields"] == {"first_name": "{{customer.first_name}}", "token": "{{order.id}}"}
    assert row["settings"] == {
        "auth": {"user": "me"},
        "request_headers": [{"key": "Accept", "value": "*/*"}],
        "tag_ids": ["1"],
    }
    limited = [r["variant_id"] for r in await rows(database, "integration_feed_variant") if r["feed_id"] == row["id"]]
    assert limited == [2, 4]
    providers = {row["key"]: row for row in await rows(database, "integration_provider")}
    # This store sends by itself, whatever the source says of its own.
    assert (providers["webhook"]["title"], providers["webhook"]["enabled"]) == ("Webhook", True)
    assert providers["webhook"]["scopes"] == ["global", "product"]
    assert not report.skipped


async def test_feeds_that_cannot_be_kept(database: Database, few: Exchanges, tmp_path: Path) -> None:
    told(few, 4)["feeds"] = [
        feed(901, ""),
        feed(902, conditional_variation_ids=[99999]),
        feed(903, enabled="perhaps"),
        feed(904, conditional_variation_ids=[1, 99999], enabled=True),
        {"id": None},
        "nothing",
    ]
    told(few, 5).update(feeds={"3": feed(905, enabled=None, name=None)}, available_integrations=[])
    told(few, None).update(feeds=[feed(901), feed(901)], available_integrations=[])
    report = await imported_twice(database, few, tmp_path)
    limit = "feed.conditional_variation_ids"
    assert [line for line in lines(report) if line.startswith(("feeds", "links of feed"))] == [
        "feeds 901: id: is the identifier of another one too",
        "feeds 901 of product 4: provider: is missing",
        "feeds 903 of product 4: feed.enabled: 'perhaps' is neither yes nor no",
        "feeds None of product 4: id: is missing",
        "feeds 'nothing' of product 4: 'nothing' is not a map",
        f"feeds 902 of product 4: {limit}: none of its variants is known, and without one every sale would run it",
        f"links of feed 904 of product 4: {limit}: variant 99999 is not among the product's variants",
    ]
    kept = {(row["scope"], row["source_id"]): row for row in await rows(database, "integration_feed")}
    assert {pair for pair in kept if pair[1] > 900} == {("global", 901), ("product", 904), ("product", 905)}
    assert (kept["product", 904]["enabled"], kept["product", 905]["name"]) == (True, "F")


async def test_changes_bump_and_what_is_gone_is_deleted(database: Database, few: Exchanges, tmp_path: Path) -> None:
    told(few, 4)["feeds"] = [feed(901, conditional_variation_ids=[1]), feed(902)]
    await import_store(database, source(in_process(few, tmp_path)))
    told(few, 4)["feeds"] = [feed(901), feed(903)]
    del few["/products/5/integrations", "1"]
    before = len(await rows(database, "integration_feed"))
    report = await import_store(database, source(in_process(few, tmp_path)))
    assert report.of("feeds") == Tally(imported=1, updated=1, removed=1, unchanged=report.of("feeds").unchanged)
    stored = {row["source_id"]: row for row in await rows(database, "integration_feed") if row["product_id"] == 4}
    assert stored.keys() == {901, 903}
    assert (stored[901]["version"], stored[903]["version"]) == (2, 1)
    assert len(await rows(database, "integration_feed")) == before  # those of product 5 stay: nothing was told of them


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *((name, True) for name in ("api_key", "apiKey", "X-Api-Key", "access_token", "client_secret", "userPassword")),
        *((name, False) for name in ("list_key", "key", "tokenize_at", "author")),
    ],
)
def test_names_of_secrets(name: str, *, secret: bool) -> None:
    assert confidential(name) is secret
    assert without_secrets({name: {"a": [1]}}) == ({} if secret else {name: {"a": [1]}})

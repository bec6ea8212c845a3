"""examples/live-price in Chromium, from an origin of its own."""

import shutil
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect, sync_playwright
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from engine.values.identity import encode
from server.settings.settings import Settings
from tests.databases import sqlite_url
from tests.live.talking import CREATE, asked, changed, serving
from tests.patience import PATIENCE
from tests.server.running import ROOT, in_a_thread

TOKEN: Final = "known-admin-token"
REPRICE: Final = "mutation R($input: VariantUpdateInput!) { variantUpdate(input: $input) { userErrors { message } } }"
EXAMPLE: Final = ROOT / "examples" / "live-price"


def shows(page: Page, **texts: str) -> None:
    for name, text in texts.items():
        expect(page.locator(f"#{name}")).to_have_text(text, timeout=PATIENCE * 1000)


def test_the_page_shows_a_price_that_changes(sqlite_template: Path, tmp_path: Path, chromium: str) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "store.db")
    files = Starlette(routes=[Mount("/", StaticFiles(directory=EXAMPLE, html=True))])
    with in_a_thread(files) as origin:
        settings = Settings(
            database_url=sqlite_url(tmp_path / "store.db"), admin_token=SecretStr(TOKEN), cors_origins=(origin,)
        )
        with serving(settings) as client, sync_playwright() as playwright:
            mug = {"title": "Mug", "sku": "MUG", "price": 1400}
            given = {"title": "Mug & cup", "slug": "mug", "status": "PUBLISH", "fulfillmentType": "PHYSICAL"}
            asked(client, TOKEN, CREATE, input={**given, "variants": [mug]})
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page()
            page.set_default_timeout(PATIENCE * 1000)
            page.goto(f"{origin}/?slug=mug&store={client.base_url}/graphql")
            shows(page, title="Mug & cup", price="$14.00", stock="In stock", state="live")
            asked(client, TOKEN, REPRICE, input={"id": encode("ProductVariant", 1), "price": 1600})
            shows(page, price="$16.00")
            changed(client, TOKEN, status="DRAFT")
            shows(page, price="", stock="Not for sale any more")
            browser.close()

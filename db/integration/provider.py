"""Providers that feeds can be made for, as they describe themselves."""

from typing import Any

from sqlmodel import Field

from db.store.row import DOCUMENT, SORTED_TEXT, VersionedRow


class ProviderRow(VersionedRow, table=True):
    __tablename__ = "integration_provider"

    key: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    title: str
    description: str = ""
    logo_url: str | None = None
    category: str = "crm"
    priority: int = 10  # ascending order of runs
    scopes: list[Any] = Field(sa_type=DOCUMENT)  # of db.integration.feed.FeedScope
    enabled: bool = False  # configured and usable
    installable: str | None = None
    has_global_settings: bool = True
    config_url: str | None = None
    delay_on_product_action: bool = True
    delay_on_global_action: bool = True

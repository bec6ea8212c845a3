"""Providers that feeds can be made for, as they describe themselves."""

from typing import Any, Final

from sqlalchemy import false
from sqlmodel import Field

from db.store.row import DOCUMENT, SORTED_TEXT, VersionedRow

# What every store has: no import says of them what they are, nor of what is `available`.
OURS: Final = frozenset({"webhook"})


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
    # A module of this gateway runs it: then what it says of itself holds, and no import's word.
    available: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    installed: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    categories: list[Any] | None = Field(default=None, sa_type=DOCUMENT)
    feed_form: list[Any] | None = Field(default=None, sa_type=DOCUMENT)  # as IntegrationSettingRow.form

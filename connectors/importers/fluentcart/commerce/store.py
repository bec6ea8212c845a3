"""S1 `GET /settings/store`: what of the store's settings storegraph keeps."""

from typing import Any, Final

from connectors.importers.fluentcart.money import currency_code
from connectors.importers.fluentcart.values import address, branch, document, plain, shown, text, word
from connectors.importers.mapping import Columns, Field, Mapped, Record, Tells, Unreadable
from connectors.importers.report import Skipped
from db.commerce.events import STORE_UPDATED
from db.commerce.store import CurrencyPosition, DecimalSeparator, StoreRow
from db.secrets.confidential import without_secrets


def _currency(value: Any) -> str:
    written: str = text()(value)
    if (currency := currency_code(written)) is None:
        raise Unreadable(f"{shown(written.strip().upper())} is not a currency code")
    return currency


def _logo(value: Any) -> str | None:
    """An address, or a picture that has one."""
    url: str | None = address(None)(value.get("url") if isinstance(value, dict) else value or None)
    return url or None


STORE: Final = Mapped(
    "store",
    StoreRow,
    {
        "name": Field("store_name", plain("")),
        "currency": Field("currency", _currency),
        "currency_position": Field("currency_position", word(CurrencyPosition, CurrencyPosition.BEFORE)),
        "decimal_separator": Field("decimal_separator", word(DecimalSeparator, DecimalSeparator.DOT)),
        "logo_url": Field("store_logo", _logo),
    },
    branch=branch,
    computed=("id", "url", "settings"),
    stamped=True,
    tells=Tells(None, STORE_UPDATED),
    spread=("settings",),
)


def read_store(settings: Record, site: str, before: Columns) -> tuple[Columns, list[Skipped]]:
    """The settings, each for itself: one that cannot be read stays as it is in `before`, or a shop in euros would show
    dollars because the place of its sign is unknown here. Those without a column of their own are kept as they are,
    except secrets."""
    own = {field.path for field in STORE.columns.values()}
    others = {name: value for name, value in settings.items() if name not in own}
    row: Columns = {"id": 1, "url": site, "settings": document(without_secrets(others)) or {}}
    skipped = []
    for name, field in STORE.columns.items():
        try:
            row[name] = field(settings, branch)
        except Unreadable as unreadable:
            row[name] = before[name]
            skipped.append(Skipped(STORE.entity, "", field.path, unreadable.reason))
    return row, skipped

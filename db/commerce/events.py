"""What happens to the store itself."""

from typing import Final

from db.commerce.store import StoreRow
from db.store.events import Subject, readers, told

# The row with `changed_settings` beside it: keys of the settings that changed, by their documented names.
STORE_UPDATED: Final = Subject(
    "store",
    "StoreSettings",
    readers("store/settings"),
    {
        "settings": told("changed_settings", list[str], sample=["checkout_button_text"]),
        "currency": told(StoreRow.currency, sample="EUR"),
    },
    # Which of them are fields of their own and which are `settings` hangs on their keys.
    shown_as={"settings": None},
).updated("Settings of the store were changed.")

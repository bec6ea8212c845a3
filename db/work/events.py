"""What happens to the work behind requests."""

from typing import Final

from db.store.events import Subject, readers, told
from db.work.target import TargetRow

TARGET: Final = Subject(
    "delivery_target",
    "DeliveryTarget",
    readers("integrations/view"),
    {
        "targetId": TargetRow.id,
        "kind": told(TargetRow.kind, sample="webhook"),
        "key": told(TargetRow.key, sample="17"),
    },
)
TARGET_DISABLED: Final = TARGET.beside(
    "disabled",
    "Nothing is sent to a target until somebody enables it again: no call succeeded for five days (`failing`), it said "
    "that it is gone (`gone`), or its owner says why. What happens meanwhile waits.",
    {"reason": told("disabled", str, sample="failing")},
)

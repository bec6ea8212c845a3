"""Rules that customers and their addresses share."""

from db.text.address import LONGEST_MAIL_ADDRESS, is_mail_address
from engine.unit.unit import Refuses
from engine.values.errors import ErrorCode
from resolvers.editing import text


def mail_address(errors: Refuses, asked: str | None, *, required: bool = False) -> str:
    """As it is stored; one that is too long is none."""
    kept = text.line(asked or "")[: LONGEST_MAIL_ADDRESS + 1]
    if not kept and required:
        errors.refuse(ErrorCode.VALIDATION, "An e-mail address is required", "email")
    elif kept and not is_mail_address(kept):
        errors.refuse(ErrorCode.VALIDATION, "This is no e-mail address", "email")
    return kept


def country(asked: str | None) -> str:
    """As it is stored: two letters, or one more of what is none."""
    return text.line(asked or "").upper()[:3]

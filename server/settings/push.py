"""Settings of notifications in browsers."""

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from connectors.mail.address import read_address


class PushSettings(BaseSettings):
    """Part of `server.settings.settings.Settings`."""

    push_contact: str | None = Field(
        default=None,
        description="Whom push services write to when something goes wrong: `mailto:office@shop.example` or an https "
        "page.",
    )
    # The last of its kind: it is checked against the other.
    push_private_key: SecretStr | None = Field(
        default=None,
        description="The key that push services know this store by (VAPID); none: no notification is sent. `storegraph "
        "push keys` makes one. Needs `STOREGRAPH_PUSH_CONTACT`. With another key every browser has to subscribe anew.",
    )

    @field_validator("push_contact")
    @classmethod
    def _push_contact(cls, value: str | None) -> str | None:
        if value is not None and value.startswith("mailto:"):
            return f"mailto:{read_address(value.removeprefix('mailto:')).mailbox}"
        if value is not None and not value.startswith("https://"):
            raise ValueError("write `mailto:` and an address, or an https URL")
        return value

    @field_validator("push_private_key")
    @classmethod
    def _push_key(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        # cryptography takes 20 ms to import: only those who give a key wait for it.
        if value is not None:
            from connectors.push.keys import VapidKeys

            VapidKeys(value.get_secret_value())
            if "push_contact" in others.data and others.data["push_contact"] is None:
                raise ValueError("needs STOREGRAPH_PUSH_CONTACT: push services refuse who does not say it")
        return value

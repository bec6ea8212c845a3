"""Settings of the letters that workflows send."""

from typing import Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from connectors.mail.address import read_address, read_sender
from connectors.mail.tls import MailTls

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class MailSettings(BaseSettings):
    """Part of `server.settings.settings.Settings`."""

    mail_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="The mail server's port.",
        json_schema_extra={"shown": "587; 465 for `tls`, 25 for `none`"},
    )
    mail_tls: MailTls = Field(
        default=MailTls.STARTTLS,
        description="The way to the mail server: `starttls` and `tls` refuse a certificate that is not trusted, `none` "
        "is for one on this machine.",
    )
    mail_user: str | None = Field(default=None, description="Who signs in at the mail server; none: nobody does.")
    mail_password: SecretStr | None = Field(default=None, description="That user's password there.")
    mail_from: str | None = Field(
        default=None, description="Whom letters are from: `shop@shop.example`, or `The shop <shop@shop.example>`."
    )
    mail_admin: str | None = Field(
        default=None,
        description="The address that letters to the administrator go to.",
        json_schema_extra={"shown": "the store's own `admin_email`"},
    )
    mail_connect_seconds: float = Field(
        default=10.0, gt=0, le=30, description="In which the mail server has to have let us in: TLS agreed, signed in."
    )
    mail_seconds: float = Field(
        default=30.0, gt=0, le=30, description="In which it has to have taken a letter, from the first byte on."
    )
    # The last of its kind: it is checked against the others.
    mail_host: str | None = Field(
        default=None,
        description="The mail server that takes letters (SMTP); none: no letter is sent. Needs `STOREGRAPH_MAIL_FROM`.",
    )

    @field_validator("mail_from")
    @classmethod
    def _mail_sender(cls, value: str | None) -> str | None:
        if value is not None:
            read_sender(value)
        return value

    @field_validator("mail_admin")
    @classmethod
    def _mail_admin(cls, value: str | None) -> str | None:
        return None if value is None else read_address(value).mailbox

    @field_validator("mail_host")
    @classmethod
    def _mail_server(cls, value: str | None, others: ValidationInfo) -> str | None:
        if value is None:
            return value
        given = others.data
        if "mail_from" in given and given["mail_from"] is None:
            raise ValueError("needs STOREGRAPH_MAIL_FROM, the address that letters are from")
        if (given.get("mail_user") is None) != (given.get("mail_password") is None):
            raise ValueError("needs STOREGRAPH_MAIL_USER and STOREGRAPH_MAIL_PASSWORD, or neither")
        open_way = given.get("mail_tls") is MailTls.NONE and value not in _LOOPBACK
        if open_way and given.get("mail_password") is not None:
            raise ValueError("would be told the password in the open: choose `starttls` or `tls`")
        return value

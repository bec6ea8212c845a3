"""Where a WordPress site is, and who asks."""

import re
from html import unescape
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, SecretStr, field_validator

from connectors.providers import NO_SECRET, Component, Form, Rejected, Reply, Site, VendorFailed, basic, form
from connectors.providers.declared.site import secure_base

# Of a site that other people read too, and that often has few processes.
AT_ONCE: Final = 4
_TAG: Final = re.compile(r"<[^>]*>")


class WordPressSettings(Form):
    """A site and an application password, which WordPress takes over TLS alone."""

    site_url: Annotated[
        str,
        form(
            Component.URL,
            label="Site URL",
            required=True,
            placeholder="https://shop.example",
            help="Where the site's home page is. https only: the password goes with every call.",
        ),
        Field(alias="siteUrl"),
    ] = ""
    username: Annotated[str, form(Component.TEXT, label="User name", required=True)] = ""
    application_password: Annotated[
        SecretStr,
        form(
            Component.PASSWORD,
            label="Application password",
            required=True,
            help="Users → Profile → Application passwords, of a user who may do what the feeds do.",
        ),
        Field(alias="applicationPassword"),
    ] = NO_SECRET

    @field_validator("site_url")
    @classmethod
    def _whole(cls, url: str) -> str:
        return secure_base(url)


def _number(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


# A number that a site gave to something. Forms hold it as a text; what was imported may hold it as a number.
Number = Annotated[str, BeforeValidator(_number), Field(pattern=r"^\d{1,18}$")]


def site(settings: WordPressSettings, api: str) -> Site:
    """`api`: which of its interfaces, `wp/v2` say."""
    if not settings.site_url:
        raise Rejected("Site URL is required", "siteUrl")
    # Blanks in an application password are for people who copy it.
    password = settings.application_password.get_secret_value().replace(" ", "")
    return Site(f"{settings.site_url}/wp-json/{api}", basic(settings.username, password))


def said(reply: Reply) -> str | None:
    """What WordPress and its plugins say is wrong: a message, in HTML now and then."""
    record = reply.json if isinstance(reply.json, dict) else {}
    message = record.get("message")
    return words_of(message) if isinstance(message, str) else None


def words_of(html: str) -> str:
    """Without tags, a blank between words."""
    return " ".join(unescape(_TAG.sub("", html)).split())


def refused(title: str, reply: Reply) -> VendorFailed:
    """The failure of an answer that was accepted to be looked at."""
    message = f"{title} answers {reply.status}"
    if words := said(reply):
        message += f": {words[:300]}"
    return VendorFailed(reply.status, message, retryable=reply.status >= 500)

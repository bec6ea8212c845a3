"""The add-ons that the documents list, beside those that providers of this gateway are."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class AddonStatus(StrEnum):
    INSTALLED = "installed"
    NOT_INSTALLED = "not_installed"
    ENABLED = "enabled"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Addon:
    """`provider` is the key of the one that it brings; None: nothing here runs it."""

    slug: str
    title: str
    description: str
    categories: tuple[str, ...]
    provider: str | None = None


# In the documents' order. A plugin of another shop system that no module of this gateway does the work of is listed,
# and cannot be installed.
DOCUMENTED: Final = (
    Addon("fluent-crm", "FluentCRM", "Contacts, lists and campaigns.", ("crm", "core", "marketing"), "fluentcrm"),
    Addon("fluent-smtp", "FluentSMTP", "Sends a shop's e-mail.", ("core", "marketing")),
    Addon(
        "fluent-community", "FluentCommunity", "Spaces and courses.", ("core", "community", "lms"), "fluent_community"
    ),
    Addon("fluent-security", "FluentAuth", "Guards a shop's sign-in.", ("core",)),
    Addon("fluentform", "Fluent Forms", "Forms.", ("core", "marketing")),
    Addon("fluent-support", "FluentSupport", "Tickets, with what a customer bought beside.", ("core", "marketing")),
)

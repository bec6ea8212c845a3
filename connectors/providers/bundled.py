"""The providers of this project. A new one is its folder, and a line here."""

from typing import Any, Final

from connectors.providers.activecampaign import ActiveCampaign
from connectors.providers.declared.provider import Provider
from connectors.providers.fluent_community import FluentCommunity
from connectors.providers.fluentcrm import FluentCrm
from connectors.providers.google_calendar import GoogleCalendar
from connectors.providers.mailchimp import Mailchimp
from connectors.providers.stripe import Stripe
from connectors.providers.wp_user import WordPressUser
from connectors.providers.zoom import Zoom

BUNDLED: Final[tuple[Provider[Any, Any], ...]] = (
    Mailchimp(),
    FluentCrm(),
    WordPressUser(),
    FluentCommunity(),
    ActiveCampaign(),
    GoogleCalendar(),
    Zoom(),
    Stripe(),
)

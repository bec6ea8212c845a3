"""Google Calendar, for whoever agrees at Google. https://developers.google.com/workspace/calendar/api/v3/reference"""

import re
from typing import Annotated, Final

from pydantic import SecretStr, field_validator

from connectors.providers import NO_SECRET, Form, NoForm, OAuth, Provider, Site, Vendor, Verified, form

_CLIENT: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}\.apps\.googleusercontent\.com")
_SCOPES: Final = "https://www.googleapis.com/auth/calendar"
_CALENDAR: Final = {"kind": "calendar#calendarListEntry", "id": "ada@shop.example", "timeZone": "Europe/Berlin"}


class GoogleCalendarSettings(Form):
    client_id: Annotated[
        str,
        form(
            "text",
            label="Client ID",
            required=True,
            placeholder="….apps.googleusercontent.com",
            help="Of an OAuth client of the type web application, at Google Cloud.",
        ),
    ] = ""
    client_secret: Annotated[SecretStr, form("password", label="Client secret", required=True)] = NO_SECRET

    @field_validator("client_id")
    @classmethod
    def _client(cls, value: str) -> str:
        if value and not _CLIENT.fullmatch(value):
            raise ValueError("ends with .apps.googleusercontent.com")
        return value


class GoogleCalendar(Provider[GoogleCalendarSettings, NoForm]):
    key = "google_calendar"
    title = "Google Calendar"
    description = "What is booked, in a calendar of Google's."
    category = "calendar"
    logo = "https://cdn.simpleicons.org/googlecalendar"
    installable = False
    settings = GoogleCalendarSettings
    oauth = OAuth(
        authorize="https://accounts.google.com/o/oauth2/v2/auth",
        token="https://oauth2.googleapis.com/token",  # noqa: S106
        # Events are written; of calendars only the list is read.
        scopes=(f"{_SCOPES}.events", f"{_SCOPES}.calendarlist.readonly"),
        # Google gives a refresh token only to whoever asks for it, and only when somebody agrees.
        extra={"access_type": "offline", "prompt": "consent"},
    )

    def site(self, settings: GoogleCalendarSettings) -> Site:
        return Site("https://www.googleapis.com/calendar/v3")

    async def verify(self, settings: GoogleCalendarSettings, vendor: Vendor) -> Verified:
        """With the token of whoever agreed: their own calendar."""
        calendar = await vendor.get("/users/me/calendarList/primary", example=_CALENDAR)
        return Verified(f"Connected to the calendar {calendar.text('id')}")

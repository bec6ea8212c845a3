"""Google Calendar, for whoever agrees at Google."""

from connectors.providers.google_calendar.provider import GoogleCalendar

__all__ = ["GoogleCalendar"]

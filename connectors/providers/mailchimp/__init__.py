"""Mailchimp: members of an audience, by the Marketing API 3.0."""

from connectors.providers.mailchimp.provider import Mailchimp

__all__ = ["Mailchimp"]

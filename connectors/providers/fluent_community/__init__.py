"""FluentCommunity: spaces and courses on a WordPress site."""

from connectors.providers.fluent_community.provider import FluentCommunity

__all__ = ["FluentCommunity"]

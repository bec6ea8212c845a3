"""ActiveCampaign: contacts, by its API v3."""

from connectors.providers.activecampaign.provider import ActiveCampaign

__all__ = ["ActiveCampaign"]

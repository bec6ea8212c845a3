"""FluentCRM: contacts of a CRM on a WordPress site."""

from connectors.providers.fluentcrm.provider import FluentCrm

__all__ = ["FluentCrm"]

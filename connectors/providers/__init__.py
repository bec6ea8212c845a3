"""What providers are made of. A package of somebody else imports this module and nothing else of the gateway; it is
found by the entry point group `storegraph.providers` (docs/providers.md)."""

from connectors.providers.calling import Call, Vendor, segment
from connectors.providers.declared.failing import Rejected, Skipped, VendorFailed
from connectors.providers.declared.form import NO_SECRET, Component, Form, MappedField, NoForm, form
from connectors.providers.declared.oauth import OAuth, Token
from connectors.providers.declared.options import MOST_OPTIONS, Asked, MergeField, Option
from connectors.providers.declared.provider import Caps, Provider, Verified
from connectors.providers.declared.reply import Reply
from connectors.providers.declared.run import Grants, Run
from connectors.providers.declared.scope import Scope
from connectors.providers.declared.site import Site, basic, bearer

__all__ = [
    "MOST_OPTIONS",
    "NO_SECRET",
    "Asked",
    "Call",
    "Caps",
    "Component",
    "Form",
    "Grants",
    "MappedField",
    "MergeField",
    "NoForm",
    "OAuth",
    "Option",
    "Provider",
    "Rejected",
    "Reply",
    "Run",
    "Scope",
    "Site",
    "Skipped",
    "Token",
    "Vendor",
    "VendorFailed",
    "Verified",
    "basic",
    "bearer",
    "form",
    "segment",
]

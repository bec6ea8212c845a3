"""Stripe: the keys of an account, which payments read too."""

from connectors.providers.stripe.provider import Stripe

__all__ = ["Stripe"]

"""Payment methods that a store may offer, and what each is set to."""

from connectors.payments.methods import METHODS, PaymentMethod

__all__ = ["METHODS", "PaymentMethod"]

"""Zoom, as a server-to-server app of an account."""

from connectors.providers.zoom.provider import Zoom

__all__ = ["Zoom"]

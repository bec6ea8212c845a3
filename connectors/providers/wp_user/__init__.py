"""Users of a WordPress site."""

from connectors.providers.wp_user.provider import WordPressUser

__all__ = ["WordPressUser"]

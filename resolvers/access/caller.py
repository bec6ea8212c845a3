"""Who asks, as the functions of this folder need to know it: the person, and what they may give away."""

from collections.abc import Iterable

from db.access.viewer import Viewer
from engine.values.errors import Forbidden
from engine.values.viewer import Viewer as Seen


def caller(viewer: Seen) -> Viewer:
    """The engine knows less of a viewer than there is. Raises TypeError for one that is none of ours."""
    if not isinstance(viewer, Viewer):
        raise TypeError(f"{viewer!r} is no viewer of this store")
    return viewer


def require_all(viewer: Seen, permissions: Iterable[str]) -> None:
    """Nobody gives what they do not hold, nor changes whoever holds more: a password or an address of theirs would be
    the way to it. Raises Forbidden, which names the first permission that is missing."""
    for permission in sorted(set(permissions) - viewer.permissions):
        raise Forbidden(permission, anonymous=viewer.id is None)

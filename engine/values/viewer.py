"""Who asks, as far as the engine has to know: what a caller may see and do."""

from collections.abc import Hashable
from typing import Final, Protocol

from engine.values.errors import CodedError, ErrorCode, Forbidden

# Declared in place of a permission: anyone may ask, visibility alone decides what they see.
PUBLIC: Final = "public"
# Declared in place of a permission: anyone who showed who they are.
SIGNED_IN: Final = "signed-in"
# Declared as the permission of what no request may ask for: the server holds it when it acts by itself, and nobody can
# be given it.
INTERNAL: Final = "internal"


# Between names of permissions any of which is enough.
_OR: Final = " or "


def either(*permissions: str) -> str:
    """Declared as a permission: any of these lets the viewer in, and the rows' visibility decides what they see."""
    return _OR.join(permissions)


def alternatives(permission: str) -> list[str]:
    """The permissions any of which is enough."""
    return permission.split(_OR)


class Viewer(Protocol):
    """Who asks. Two viewers with equal `visibility_key` see the same rows."""

    @property
    def id(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def address(self) -> str | None: ...
    @property
    def user_id(self) -> int | None: ...
    @property
    def signed_in(self) -> bool: ...
    @property
    def permissions(self) -> frozenset[str]: ...
    @property
    def visibility_key(self) -> Hashable: ...


def permits(viewer: Viewer, permission: str | None) -> bool:
    """Whether what asks for this permission (PUBLIC and SIGNED_IN are two of them, None is none) is open to the
    viewer."""
    if permission is None or permission == PUBLIC:
        return True
    if permission == SIGNED_IN:
        return viewer.signed_in
    return any(one in viewer.permissions for one in alternatives(permission))


def require(viewer: Viewer, permission: str | None) -> None:
    """Raises Forbidden, which names the permission, unless the viewer has it."""
    if permission is None or permits(viewer, permission):
        return
    if permission == SIGNED_IN:
        raise CodedError(ErrorCode.UNAUTHENTICATED, "Sign in first")
    raise Forbidden(permission, anonymous=viewer.id is None)

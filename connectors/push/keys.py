"""The key pair that a store shows push services who it is with (VAPID, RFC 8292), and keys of browsers."""

import base64
import binascii
import re
from functools import cached_property
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

_CURVE: Final = ec.SECP256R1()
_SCALAR: Final = 32
_POINT: Final = 65  # 4, then x and y
_AUTH: Final = 16
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*={0,2}")
# Twice of what the longest of them takes: what is longer is not looked at.
_LONGEST: Final = 200


class BadPushKey(ValueError):
    """A key that is none; the text is a sentence for whoever gave it."""


class VapidKeys:
    """`private` is 32 bytes in base64url without padding, as browsers and other tools of VAPID write it."""

    def __init__(self, private: str) -> None:
        """Raises BadPushKey."""
        number = int.from_bytes(_bytes(private, "private key", _SCALAR))
        try:
            self._key = ec.derive_private_key(number, _CURVE)
        except ValueError:
            raise BadPushKey("The private key is no number of the curve P-256") from None

    @classmethod
    def made(cls) -> "VapidKeys":
        number = ec.generate_private_key(_CURVE).private_numbers().private_value
        return cls(_text(number.to_bytes(_SCALAR)))

    @cached_property
    def private(self) -> str:
        return _text(self._key.private_numbers().private_value.to_bytes(_SCALAR))

    @cached_property
    def public(self) -> str:
        """What a page subscribes with: its `applicationServerKey`."""
        return _text(self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    @cached_property
    def private_pem(self) -> bytes:
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @cached_property
    def public_pem(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_p256dh(text: str) -> str:
    """A browser's public key, without padding. Raises BadPushKey."""
    point = _bytes(text, "p256dh", _POINT)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    except ValueError:
        raise BadPushKey("p256dh is no point of the curve P-256, uncompressed") from None
    return _text(point)


def read_auth(text: str) -> str:
    """What a browser and its pages alone know, without padding. Raises BadPushKey."""
    return _text(_bytes(text, "auth", _AUTH))


def _bytes(text: str, name: str, count: int) -> bytes:
    if len(text) > _LONGEST or not _BASE64URL.fullmatch(text):
        raise BadPushKey(f"{name} is {count} bytes in base64url")
    bare = text.rstrip("=")
    try:
        found = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        raise BadPushKey(f"{name} is no base64url") from None
    if len(found) != count:
        raise BadPushKey(f"{name} is {count} bytes in base64url, and these are {len(found)}")
    return found


def _text(found: bytes) -> str:
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode()

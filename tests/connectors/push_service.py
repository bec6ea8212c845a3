"""A push service on loopback with browsers behind it, which do by RFC 8291 and RFC 8292 what browsers and services do:
decrypt, and look at who sends. Written from the RFCs, without the library that encrypts."""

import base64
import secrets
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from db.integration.push import PushSubscriptionRow
from db.secrets.encrypted import Secret
from tests import factories
from tests.connectors.outbound.receiver import Exchange, Receiver, receiving

CURVE: Final = ec.SECP256R1()
DAY: Final = 24 * 3600
RECORD: Final = 4096


def base64url(found: bytes) -> str:
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


@dataclass
class Browser:
    """Subscribed with the store's key; `shown` is what it has decrypted."""

    number: int
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(CURVE))
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    shown: list[dict[str, Any]] = field(default_factory=list)

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def row(self, service: "PushService", user_id: int) -> PushSubscriptionRow:
        return factories.push_subscription(
            self.number,
            user_id,
            endpoint=f"{service.origin}/send/{self.number}",
            p256dh=base64url(self.point),
            auth=Secret(base64url(self.auth)),
        )

    def decrypt(self, body: bytes) -> bytes:
        """RFC 8291, section 3.4, and RFC 8188: one record."""
        assert len(body) <= RECORD
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        assert (size, length) == (RECORD, 65)
        server, sealed = body[21:86], body[86:]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, server))
        material = derived(shared, self.auth, b"WebPush: info\0" + self.point + server, 32)
        key = derived(material, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derived(material, salt, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        plain, delimiter, padding = padded.rpartition(b"\x02")
        assert delimiter
        assert not padding.strip(b"\0")
        return plain


@dataclass
class PushService:
    """`answers` are given to a browser's messages in turn, 201 when there are none left; `sent` are the headers of each
    message, in small letters."""

    server_key: str
    receiver: Receiver | None = None
    browsers: dict[int, Browser] = field(default_factory=dict)
    answers: dict[int, list[tuple[bytes, tuple[bytes, ...]]]] = field(default_factory=dict)
    sent: list[dict[str, str]] = field(default_factory=list)

    @property
    def origin(self) -> str:
        assert self.receiver is not None
        return f"https://{self.receiver.host}:{self.receiver.port}"

    def browser(self) -> Browser:
        made = Browser(len(self.browsers) + 1)
        self.browsers[made.number] = made
        return made

    def answer(self, browser: Browser, status: bytes, *headers: bytes) -> None:
        self.answers.setdefault(browser.number, []).append((status, headers))

    async def serve(self, exchange: Exchange) -> None:
        while True:
            head, _, body = (await exchange.read()).partition(b"\r\n\r\n")
            line, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
            method, path, _ = line.split(" ")
            assert method == "POST"
            browser = self.browsers[int(path.rpartition("/")[2])]
            self.sent.append(headers)
            self.look(headers)
            status, more = next(iter(self.answers.pop(browser.number, [])), (b"201 Created", ()))
            if status.startswith(b"2"):
                assert headers["content-encoding"] == "aes128gcm"
                browser.shown.append(orjson.loads(browser.decrypt(body)))
            await exchange.answer(b"", *more, status=status)

    def look(self, headers: dict[str, str]) -> None:
        """RFC 8292: the token is of the key that the browser was subscribed with, for this service, for a day at
        most."""
        assert int(headers["ttl"]) >= 0
        assert len(headers.get("topic", "")) <= 32
        scheme, _, parameters = headers["authorization"].partition(" ")
        given = dict(one.strip().split("=", 1) for one in parameters.split(","))
        assert (scheme, given["k"]) == ("vapid", self.server_key)
        point = from_base64url(given["k"])
        assert (len(point), point[0]) == (65, 4)
        key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": base64url(point[1:33]), "y": base64url(point[33:])})
        claims = jwt.decode(given["t"], key, algorithms=["ES256"]).claims
        assert claims["aud"] == self.origin
        assert time.time() < claims["exp"] <= time.time() + DAY
        assert claims["sub"].startswith(("mailto:", "https:"))


@asynccontextmanager
async def push_service(server_key: str, tls: ssl.SSLContext) -> AsyncIterator[PushService]:
    service = PushService(server_key)
    async with receiving(service.serve, tls=tls) as receiver:
        service.receiver = receiver
        yield service

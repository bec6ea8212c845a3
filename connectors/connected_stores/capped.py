"""What a shop lets through with its credentials, over all who ask it and all processes: what is read because it called,
walks, and what goes there."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from connectors.connected_stores.declared import Credentials, StoreKind
from connectors.outbound.message import Answer, Failure, Kind, Outcome, Request, Sends
from connectors.providers.declared.failing import VendorFailed
from connectors.providers.limits import Limits

# How full Shopify's bucket is: `32/40`, by the calls of whoever else asks with the same app.
_BUCKET: Final = "x-shopify-shop-api-call-limit"
_LEVEL: Final = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


def named(kind: StoreKind, credentials: Credentials) -> str:
    """What the credential of a connection is called (db.work.target.share): by the shop, for it is one for each."""
    return f"{kind.key}:{sha256(credentials.store_url.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Capped:
    """The client, for one shop."""

    sends: Sends
    limits: Limits
    kind: StoreKind
    name: str

    async def send(self, request: Request) -> Outcome:
        caps = self.kind.caps
        try:
            async with self.limits.seated(self.kind.title, self.name, caps):
                answer = await self.limits.paced(self.sends, self.name, caps).send(request)
        except VendorFailed as busy:
            return Failure(Kind.CONNECT_TIMEOUT, busy.message, 0.0)
        if isinstance(answer, Answer) and (level := _LEVEL.fullmatch(answer.header(_BUCKET) or "")):
            used, size = int(level[1]), int(level[2])
            # Ours are counted; those of others matter once the bucket is near its brim.
            if used * 2 > size:
                await self.limits.filled(self.name, min(used, size))
        return answer

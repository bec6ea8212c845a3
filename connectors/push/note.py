"""What a notification says, and the bytes that a browser's service worker gets of it."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

import orjson

# Of the record's 4096 bytes (RFC 8291): salt, sizes and key before, a delimiter and the tag behind.
LONGEST: Final = 4096 - 86 - 17
LONGEST_TITLE: Final = 200
_ELLIPSIS: Final = "…"
# What a push service keeps for a browser that is off; after a day most of it is no news.
TTL_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Note:
    """`url` is where a click leads, nothing or the store's own page. `key` names it: under one key it is one
    notification, however often it is sent."""

    title: str
    key: str
    body: str = ""
    url: str = ""

    @property
    def topic(self) -> str:
        """The header Topic: of a topic a push service keeps the last message for a browser that is off."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.key.encode()).digest())[:32].decode()

    def payload(self) -> bytes:
        """JSON with `title`, `body`, `url` and `tag`, which makes a browser replace what it shows already. A body that
        is too long is cut. Raises ValueError for what is no text, or a title and a URL that leave no room."""
        title = self.title.strip()
        if not 0 < len(title) <= LONGEST_TITLE:
            raise ValueError(f"A notification's title has 1 to {LONGEST_TITLE} characters")
        try:
            made = self._payload(title, self.body)
            if len(made) <= LONGEST:
                return made
            # The most characters that fit: bytes grow with them.
            low, high = 0, min(len(self.body), LONGEST)
            while low < high:
                middle = (low + high + 1) // 2
                if len(self._payload(title, self.body[:middle] + _ELLIPSIS)) <= LONGEST:
                    low = middle
                else:
                    high = middle - 1
            made = self._payload(title, self.body[:low] + _ELLIPSIS)
        except (orjson.JSONEncodeError, UnicodeEncodeError):
            raise ValueError("The notification holds what is no text") from None
        if len(made) > LONGEST:
            raise ValueError("The notification's URL is too long")
        return made

    def _payload(self, title: str, body: str) -> bytes:
        return orjson.dumps({"title": title, "body": body, "url": self.url, "tag": self.topic})

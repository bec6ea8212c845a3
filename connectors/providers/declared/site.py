"""Where a vendor is reached, and how it knows who asks."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.outbound.url import BadUrl, parsed


@dataclass(frozen=True, slots=True)
class Site:
    """`base` is scheme, host, port and the path that all calls begin with; `headers` go with each of them, and their
    values are secrets: they are shown to nobody."""

    base: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def secure_base(url: str) -> str:
    """Where a site that somebody names begins, without a slash at its end; empty where nobody names one. Raises
    ValueError, whose text is a sentence, for what is not https alone: a credential goes with every call."""
    if not url:
        return url
    try:
        found = parsed(url)
    except BadUrl as bad:
        raise ValueError(str(bad)) from None
    if found.scheme != "https":
        raise ValueError("it begins with https://")
    if "?" in found.target:
        raise ValueError("it has no query (?)")
    return str(found).rstrip("/")


def basic(user: str, password: str) -> Mapping[str, str]:
    """Headers of HTTP Basic."""
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}

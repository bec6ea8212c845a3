"""Sites that licences are activated on, as their URLs tell them: which two are one, and which only builders see."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

import idna

LONGEST: Final = 255
_URL: Final = re.compile(
    r"(?:https?://)?(?P<host>\[[^\s/?#@\\\[\]]+\]|[^\s/?#@\\\[\]:]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?:[?#].*)?",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_USUAL_PORTS: Final = (None, 80, 443)
_HIGHEST_PORT: Final = 65535
# Names that lead nowhere outside (RFC 2606, 6761, 6762, 8375), and what offices call theirs.
_LOCAL_ENDS: Final = frozenset({"localhost", "local", "localdomain", "test", "invalid", "internal", "lan", "intranet"})
_LOCAL_BEGINNINGS: Final = frozenset({"staging", "stage", "dev", "develop", "development", "test", "testing", "local"})
_SHORTEST_BENEATH: Final = 3  # labels: `dev.to` is a site of its own, `dev.shop.example` is a shop's


def site_key(url: str) -> str | None:
    """What tells one site from another: host, port if it is not the usual one, and path; without the scheme, `www.`,
    a query and slashes at the end. Letters of the host count whatever their case. None for what is no site's URL:
    of another scheme, with a user in it, of more than 255 characters."""
    found = _URL.fullmatch(url.strip()) if len(url) <= LONGEST and url.isprintable() else None
    if found is None or (host := _host(found["host"].lower())) is None:
        return None
    port = None if found["port"] is None else int(found["port"])
    if port is not None and port > _HIGHEST_PORT:
        return None
    shown = "" if port in _USUAL_PORTS else f":{port}"
    return f"{host}{shown}{(found['path'] or '').rstrip('/')}"


def is_local(url: str) -> bool:
    """Whether a site is for whoever builds it, and takes no place of a licence: a host of this machine or of a network
    that is not public (an address of one, a name without a dot, `*.test`), or a shop's place to try things out
    (`staging.shop.example`). False for what is no site."""
    key = site_key(url)
    if key is None:
        return False
    host = key.partition("/")[0]
    address = _address(host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0])
    if address is not None:
        return not address.is_global
    labels = host.partition(":")[0].split(".")
    if len(labels) == 1 or labels[-1] in _LOCAL_ENDS or labels[-2:] == ["home", "arpa"]:
        return True
    return len(labels) >= _SHORTEST_BENEATH and labels[0] in _LOCAL_BEGINNINGS


def _host(written: str) -> str | None:
    """In ASCII and small letters; None where there is none."""
    address = _address(written)
    if address is not None:
        return f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    name = written.rstrip(".").removeprefix("www.")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode().removeprefix("www.")
        except idna.IDNAError:
            return None
    labels = name.split(".")
    # A number at the end is an address, and not one of the spellings that are read as one everywhere.
    return name if all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit() else None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return IPv6Address(host[1:-1]) if host.startswith("[") else IPv4Address(host)
    except AddressValueError:
        return None

"""Which addresses may be asked: the public internet, and the networks that the operator names."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's special-purpose registries, and what clouds put at public addresses for their own machines only. `is_global`
# of `ipaddress` is asked besides; alone it takes NAT64 and 6to4, behind which any IPv4 address can be.
_REFUSED: Final = tuple(
    (ip_network(network), what)
    for network, what in (
        ("0.0.0.0/8", "stands for this machine"),
        ("10.0.0.0/8", "is in a private network"),
        ("100.64.0.0/10", "is in a provider's inner network"),
        ("127.0.0.0/8", "is this machine's own"),
        ("168.63.129.16/32", "is a cloud's service for its machines"),
        ("169.254.0.0/16", "is of the local link, where clouds keep their metadata"),
        ("172.16.0.0/12", "is in a private network"),
        ("192.0.0.0/24", "is reserved for protocols"),
        ("192.0.2.0/24", "is for documentation"),
        ("192.88.99.0/24", "leads into 6to4"),
        ("192.168.0.0/16", "is in a private network"),
        ("198.18.0.0/15", "is for measurements"),
        ("198.51.100.0/24", "is for documentation"),
        ("203.0.113.0/24", "is for documentation"),
        ("224.0.0.0/4", "is multicast"),
        ("240.0.0.0/4", "is reserved"),
        ("::/128", "stands for this machine"),
        ("::1/128", "is this machine's own"),
        ("::ffff:0:0/96", "is an IPv4 address in another form"),
        ("::/96", "is an IPv4 address in another form"),
        ("64:ff9b::/96", "leads to an IPv4 address by NAT64"),
        ("64:ff9b:1::/48", "leads to an IPv4 address by NAT64"),
        ("100::/64", "leads nowhere"),
        ("2001::/32", "leads to an IPv4 address by Teredo"),
        ("2001::/23", "is reserved for protocols"),
        ("2001:db8::/32", "is for documentation"),
        ("2002::/16", "leads to an IPv4 address by 6to4"),
        ("3fff::/20", "is for documentation"),
        ("fc00::/7", "is in a private network"),
        ("fe80::/10", "is of the local link"),
        ("fec0::/10", "is in a private network"),
        ("ff00::/8", "is multicast"),
    )
)
# Of IPv6 only this eighth is given out to the public.
_UNICAST: Final = IPv6Network("2000::/3")
# The end of an ISATAP address is an IPv4 address, whatever the network before it.
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


class Reach:
    """`networks` may be asked although they are not public: the operator's own."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._networks = tuple(networks)
        self.refusal = lru_cache(maxsize=4096)(self._refusal)

    def _refusal(self, address: Address) -> str | None:
        """Why this address is not asked, a sentence; None where it may be."""
        if any(address in network for network in self._networks):
            return None
        what = _refused(address)
        return None if what is None else f"{address} {what}"


def _refused(address: Address) -> str | None:
    for network, what in _REFUSED:
        if address in network:
            return what
    if isinstance(address, IPv6Address):
        if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
            return "leads to an IPv4 address by ISATAP"
        if address not in _UNICAST:
            return "is not public"
    return None if address.is_global else "is not public"


# Where no operator has named a network.
PUBLIC: Final = Reach()
# For what the operator points at, such as a store to import from: it may well be next door.
ANYWHERE: Final = Reach((IPv4Network("0.0.0.0/0"), IPv6Network("::/0")))


def read_network(text: str) -> Network:
    """A network (`10.1.0.0/16`) or one address. Raises ValueError, whose text says what is wrong."""
    return ip_network(text.strip())


def read_address(text: str) -> Address:
    """As a resolver writes it, zone included. Raises ValueError."""
    return ip_address(text)

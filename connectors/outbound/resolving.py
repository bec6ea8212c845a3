"""Where a name leads: only to addresses that may be asked, and the connection is made to these very ones."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

from connectors.outbound.reach import Reach, read_address

# The addresses of a host's name, as text. Raises OSError (`socket.gaierror`).
Resolve = Callable[[str], Awaitable[list[str]]]

# A name server that does not answer holds a thread for as long as the system's resolver is patient, 10 s or more, even
# after whoever asked is gone. Threads of their own: those of the event loop have other work.
_threads: Final = ThreadPoolExecutor(32, thread_name_prefix="resolve")
# Of one name: more are nobody's web server, and each that is dead costs time.
MOST_ADDRESSES: Final = 8


class RefusedAddress(OSError):
    """All addresses of a host are refused; the text says why for one of them."""


async def by_the_system(host: str) -> list[str]:
    """As the system does: its files, its name servers."""
    found = await asyncio.get_running_loop().run_in_executor(_threads, _ask, host)
    return [str(address[0]) for *_, address in found]


def _ask(host: str) -> list[tuple[Any, ...]]:
    return list(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))


class Resolver(AbstractResolver):
    """Gives a connector what may be asked. `pending` are the names that are being looked up."""

    def __init__(self, reach: Reach, resolve: Resolve) -> None:
        self._reach = reach
        self._resolve = resolve
        self.pending: set[str] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.pending.add(host)
        try:
            found = await self._resolve(host)
        finally:
            self.pending.discard(host)
        taken: list[ResolveResult] = []
        refusal = "it has no address"
        for text in dict.fromkeys(found):
            address = read_address(text)
            refused = self._reach.refusal(address)
            if refused is not None:
                refusal = refused
            elif len(taken) < MOST_ADDRESSES:
                kind = socket.AF_INET if address.version == 4 else socket.AF_INET6
                taken.append(
                    ResolveResult(
                        hostname=host,
                        host=text,
                        port=port,
                        family=kind,
                        proto=socket.IPPROTO_TCP,
                        flags=socket.AI_NUMERICHOST,
                    )
                )
        if not taken:
            raise RefusedAddress(refusal)
        return taken

    async def close(self) -> None:
        """Nothing is held."""

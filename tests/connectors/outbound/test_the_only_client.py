"""Nobody else asks the outside by HTTP."""

from typing import Final

from tests.test_architecture import ROOMS, imported, modules, parsed

CLIENTS: Final = (
    "aiohttp",
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "requests",
    "urllib3",
    "urllib.request",
    "http.client",
)


def test_only_the_outbound_client_imports_one() -> None:
    elsewhere = [
        f"{path}:{line} imports {name}"
        for path in modules(*ROOMS)
        if not path.is_relative_to("connectors/outbound")
        for line, name in imported(parsed(path))
        if any(name == client or name.startswith(f"{client}.") for client in CLIENTS)
    ]

    assert elsewhere == []

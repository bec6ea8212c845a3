"""The static files of the GraphiQL page, served under a URL that names their contents."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

PREFIX = "/graphiql"

_FOLDER = Path(__file__).parent / "assets"

# Only these are served: the folder also holds its README and the licences.
_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# A year, the longest RFC 9111 caches are asked to honour; the URL changes with the contents.
_CACHE_CONTROL = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    name: str
    body: bytes

    @property
    def content_type(self) -> str:
        return _CONTENT_TYPES[Path(self.name).suffix]

    @cached_property
    def gzipped(self) -> bytes:
        # mtime=0: every process of a deployment sends the same bytes.
        return gzip.compress(self.body, mtime=0)


@cache
def assets() -> Mapping[str, Asset]:
    """Every served file by name, read once; 1.7 MB stay in memory."""
    return {
        path.name: Asset(path.name, _without_source_map(path.read_bytes()))
        for path in sorted(_FOLDER.iterdir())
        if path.suffix in _CONTENT_TYPES
    }


@cache
def fingerprint() -> str:
    """64 bits of SHA-256 over all names and contents: one changed file gives all of them a new URL."""
    digest = hashlib.sha256()
    for asset in assets().values():
        digest.update(f"{asset.name}\0{len(asset.body)}\0".encode())
        digest.update(asset.body)
    return digest.hexdigest()[:16]


def url(name: str, prefix: str = PREFIX) -> str:
    """The path of an asset below ``prefix``.

    Raises KeyError for a name that is not served.
    """
    return f"{prefix}/{fingerprint()}/{assets()[name].name}"


def routes(prefix: str = PREFIX) -> list[BaseRoute]:
    """Routes for everything the page loads, to be put beside the route of the page itself.

    They need no authentication: the files are the same for everyone. An unknown name or an old fingerprint is a 404.
    """
    # A Route and not a Mount of StaticFiles: a Mount answers its bare path with a 307, and a name that is looked up
    # in a mapping cannot leave the folder.
    return [Route(f"{prefix}/{fingerprint()}/{{name}}", _serve, methods=["GET"], name="graphiql-asset")]


async def _serve(request: Request) -> Response:
    asset = assets().get(request.path_params["name"])
    if asset is None:
        raise HTTPException(status_code=404)
    headers = {
        "Cache-Control": _CACHE_CONTROL,
        "Content-Type": asset.content_type,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return Response(asset.gzipped, headers={**headers, "Content-Encoding": "gzip"})
    return Response(asset.body, headers=headers)


def _without_source_map(body: bytes) -> bytes:
    # The maps are not shipped (4.7 MB); without this line a browser with open developer tools asks for them in vain.
    text, marker, _ = body.rpartition(b"//# sourceMappingURL=")
    return text if marker else body

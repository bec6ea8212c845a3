"""A small server that speaks as much of S3 as the driver does: objects, parts of uploads, listings; in memory."""

import hashlib
import itertools
import re
from collections.abc import Callable
from xml.sax.saxutils import escape, unescape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from db.store.row import now
from server.http.ranges import Unsatisfiable, http_date, requested


class S3:
    """One bucket. `failing` decides which requests are answered with 500."""

    def __init__(self, bucket: str, access_key: str) -> None:
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.requests: list[str] = []
        self.failing: Callable[[Request], bool] = lambda _request: False
        self._bucket = bucket
        self._access_key = access_key
        self._numbers = itertools.count(1)

    @property
    def app(self) -> Starlette:
        methods = ["GET", "HEAD", "PUT", "POST", "DELETE"]
        routes = [
            Route("/{bucket}", self._of_bucket, methods=["GET", "POST"]),
            Route("/{bucket}/{key:path}", self._of_object, methods=methods),
        ]
        return Starlette(routes=routes)

    async def _of_bucket(self, request: Request) -> Response:
        if (refused := self._refused(request)) is not None:
            return refused
        if request.method == "POST":
            keys = re.findall(r"<Key>(.*?)</Key>", (await request.body()).decode())
            for key in keys:
                self.objects.pop(unescape(key), None)
            told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            return _xml(f"<DeleteResult>{told}</DeleteResult>")
        asked = request.query_params
        after = asked.get("continuation-token") or asked.get("start-after") or ""
        most = int(asked.get("max-keys", "1000"))
        keys = sorted(key for key in self.objects if key > after and key.startswith(asked.get("prefix", "")))
        page, more = keys[:most], len(keys) > most
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified>"
            f"<ETag>{_etag(self.objects[key])}</ETag><Size>{len(self.objects[key])}</Size></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return _xml(
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}</ListBucketResult>"
        )

    async def _of_object(self, request: Request) -> Response:
        if (refused := self._refused(request)) is not None:
            return refused
        key = request.path_params["key"]
        if not key:
            return await self._of_bucket(request)
        upload = request.query_params.get("uploadId")
        if request.method == "POST" and "uploads" in request.query_params:
            upload = str(next(self._numbers))
            self.parts[upload] = {}
            return _xml(f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>")
        if request.method == "PUT" and upload is not None:
            part = await request.body()
            self.parts[upload][int(request.query_params["partNumber"])] = part
            return Response(headers={"ETag": _etag(part)})
        if request.method == "POST" and upload is not None:
            parts = self.parts.pop(upload)
            self.objects[key] = b"".join(parts[number] for number in sorted(parts))
            tag = escape(_etag(self.objects[key]))
            return _xml(f"<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>")
        if request.method == "PUT":
            self.objects[key] = await request.body()
            return Response(headers={"ETag": _etag(self.objects[key])})
        if request.method == "DELETE":
            (self.parts.pop(upload, None) if upload else self.objects.pop(key, None))
            return Response(status_code=204)
        return self._read(request, key)

    def _read(self, request: Request, key: str) -> Response:
        content = self.objects.get(key)
        if content is None:
            return _xml("<Error><Code>NoSuchKey</Code></Error>", 404)
        if request.headers.get("if-match", _etag(content)) != _etag(content):
            return _xml("<Error><Code>PreconditionFailed</Code></Error>", 412)
        headers = {"ETag": _etag(content), "Last-Modified": http_date(now())}
        try:
            span = requested(request.headers.get("range"), len(content))
        except Unsatisfiable:
            return _xml("<Error><Code>InvalidRange</Code></Error>", 416)
        if span is None:
            return Response(content, headers=headers)
        return Response(content[span.start : span.end], 206, headers | {"Content-Range": span.content_range})

    def _refused(self, request: Request) -> Response | None:
        self.requests.append(f"{request.method} {request.url.path}")
        if self.failing(request):
            return _xml("<Error><Code>InternalError</Code></Error>", 500)
        if f"Credential={self._access_key}/" not in request.headers.get("authorization", ""):
            return _xml("<Error><Code>InvalidAccessKeyId</Code></Error>", 403)
        if request.path_params["bucket"] != self._bucket:
            return _xml("<Error><Code>NoSuchBucket</Code></Error>", 404)
        return None


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def _xml(text: str, status: int = 200) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', status, media_type="application/xml")

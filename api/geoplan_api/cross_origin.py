"""Pages of other sites in a browser: which may read, and that none may write unasked.

No cookie is ever set or read, and a key is sent by who holds it, never by a browser on its own:
so there is nothing to forge a request with where keys are needed. Where none are, the
origin that browsers state keeps other sites from writing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

from geoplan_api.errors import ForeignOrigin, problem_of

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from geoplan.settings import Settings

READS = ("GET", "HEAD", "OPTIONS")
SENT = ("Authorization", "X-API-Key", "If-Match", "If-None-Match", "Content-Crs", "Prefer")
TOLD = ("ETag", "Location", "Link", "Content-Crs", "Retry-After", "Geoplan-Features-Left-Out")


class CrossOrigin(CORSMiddleware):
    """CORS for the origins that the settings list, without credentials.

    ``*`` opens reading to all; writing asks for an origin by name.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        writes = ("POST", "PUT", "PATCH", "DELETE") if settings.editing else ("POST",)
        super().__init__(
            app,
            allow_origins=settings.origins,
            allow_methods=(*READS, *writes),
            allow_headers=SENT,
            allow_credentials=False,
            expose_headers=TOLD,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, refuse what another site may not, or hand the request on."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        origin = headers.get("origin")
        if origin is None:
            await self.app(scope, receive, send)
        elif scope["method"] not in READS and not self._may_write(origin, headers.get("host", "")):
            await _refusal(origin, scope["path"])(scope, receive, send)
        elif self.allow_origins or scope["method"] != "OPTIONS":
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _may_write(self, origin: str, host: str) -> bool:
        # a proxy may have ended TLS: the scheme of the origin need not be ours
        own = bool(host) and origin.partition("://")[2].lower() == host.lower()
        return own or origin in self.allow_origins

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight; what is refused is a problem document."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            answer.status_code = 204
            answer.body = b""
            del answer.headers["content-length"], answer.headers["content-type"]
            return answer
        return _refusal(request_headers["origin"], "")


def _refusal(origin: str, path: str) -> Response:
    return problem_of(ForeignOrigin(f"pages of {origin!r} may not ask for that here"), path)

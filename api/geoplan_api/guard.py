"""What stands before the routes: which host is meant, and addresses without a slash at the end."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from geoplan_api.errors import UnknownHost, problem_of, unforeseen

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Guard:
    """Refuses foreign host names, redirects ``/x/`` to ``/x``, answers what nobody foresaw.

    A page of another site can make a browser ask a name that it lets point to this machine;
    such a request carries that name as its host and is refused.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], *, any_address: bool = False) -> None:
        self.app = app
        self.hosts = hosts
        self.any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        started = False

        async def marked(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
            await send(message)

        answer = self._refusal(scope) or _without_slash(scope)
        try:
            await (answer or self.app)(scope, receive, marked)
        except Exception as error:
            if started:
                raise
            # answered here, so that the connection lives on
            answer = unforeseen(scope["method"], scope["path"], error)
            await answer(scope, receive, marked)

    def _refusal(self, scope: Scope) -> Response | None:
        host = Headers(scope=scope).get("host")
        if host is None or self._known(_name(host)):
            return None
        known = ", ".join(sorted(self.hosts))
        return problem_of(
            UnknownHost(f"this service does not answer for {host!r}; it does for: {known}"),
            scope["path"],
        )

    def _known(self, name: str) -> bool:
        if name in self.hosts:
            return True
        if not self.any_address:
            return False
        # an address cannot be made to point elsewhere, as a name can
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _name(host: str) -> str:
    """Return a host without its port; empty when it is not written as RFC 9110 has it."""
    found = _HOST.fullmatch(host)
    return "" if found is None else (found["v6"] or found["name"]).lower()


_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:]+))(?::\d{1,5})?")


def _without_slash(scope: Scope) -> Response | None:
    # judged as sent: an id may end in a slash, which then is written %2F
    raw = scope.get("raw_path", b"")
    own = scope.get("root_path", "").encode()
    if not raw.endswith(b"/") or not raw.removeprefix(own).strip(b"/"):
        return None
    bare = "/" + raw.removeprefix(own).decode("ascii").strip("/")
    query = scope["query_string"].decode("ascii")
    base = str(Request(scope).base_url).rstrip("/")
    return RedirectResponse(base + bare + (f"?{query}" if query else ""), 307)

"""Who asks: found out before any route, from the key that a request carries."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from starlette.datastructures import Headers, MutableHeaders

from geoplan.access import KeyFile, key_file
from geoplan.errors import GeoplanError
from geoplan_api.errors import KeyMissing, KeyUnknown, TooManyRequests, problem_of
from geoplan_api.permission import SCOPE, Caller
from geoplan_api.rate import Rate, of_address

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from geoplan.settings import Settings

PUBLIC = frozenset({"/health"})
"""Paths that need no key; they tell nothing of layers then."""
NOBODY = "nobody"
_VARY = "Authorization, X-API-Key"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine alone."""
    with suppress(ValueError):
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    return False


def needs_keys(settings: Settings) -> bool:
    """Tell whether keys are needed: others can reach the service, itself or through a proxy."""
    return (
        settings.require_key
        or not is_loopback(settings.host)
        or bool(settings.hosts or settings.trusted_proxies)
    )


class Access:
    """Lets a request pass with the name, role and layers of its key; without one, to `PUBLIC` only.

    Where no keys are needed, whoever reaches the service may do everything.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.needed = needs_keys(settings)
        self.url_token = settings.url_token
        self.keys = KeyFile(key_file(settings.plan, settings.keys))
        self.rate = Rate(settings.rate_limit, settings.rate_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on with its caller, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not self.needed:
            scope[SCOPE] = Caller(_address(scope), "admin")
            await self.app(scope, receive, send)
            return
        try:
            scope[SCOPE] = self._caller(scope)
        except GeoplanError as error:
            await problem_of(error, scope["path"])(scope, receive, send)
            return

        async def private(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header(_VARY)
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        await self.app(scope, receive, private)

    def _caller(self, scope: Scope) -> Caller:
        """Return who asks, and count the request.

        Raises
        ------
        KeyMissing, KeyUnknown
            There is no key, or none that is known, and the path is not for everybody.
        TooManyRequests
            They ask too often.
        """
        secret = self._secret(scope)
        key = self.keys.find(secret) if secret else None
        address = _address(scope)
        wait = self.rate.wait(f"key {key.name}" if key else of_address(address))
        if wait:
            limit = f"{self.rate.rate:g} requests a second, {self.rate.burst} at once"
            raise TooManyRequests(f"{limit}: ask again in {wait} s", wait)
        if key is not None:
            layers = None if key.layers is None else frozenset(key.layers)
            return Caller(key.name, key.role, layers)
        if secret:
            raise KeyUnknown("the key is none of this service; it may have been revoked")
        if _path(scope) not in PUBLIC:
            raise KeyMissing(
                "send the key that you were given: 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"
            )
        return Caller(NOBODY, None, frozenset())

    def _secret(self, scope: Scope) -> str | None:
        """Return the secret that a request carries, and take it off its address."""
        headers = Headers(scope=scope)
        scheme, _, sent = headers.get("authorization", "").partition(" ")
        secret = sent.strip() if scheme.lower() == "bearer" else headers.get("x-api-key")
        if self.url_token:
            scope["query_string"], token = without_token(scope["query_string"])
            secret = secret or token
        return secret or None


def without_token(query: bytes) -> tuple[bytes, str | None]:
    """Return a query without ``token``, and the token."""
    token, rest = None, []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name.lower() == b"token":
            token = unquote_plus(value.decode("ascii", "replace"))
        else:
            rest.append(part)
    return b"&".join(rest), token


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return "anonymous" if client is None else str(client[0])

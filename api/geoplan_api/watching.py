"""Every request is counted and logged, whoever answers it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from geoplan_api.logs import FIELDS, REQUESTS
from geoplan_api.permission import SCOPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from geoplan_api.metrics import Metrics

NO_ROUTE = "none"
LEFT = 499
"""Status logged for a client that left before it was answered."""
_LOG = logging.getLogger(REQUESTS)


class Routes:
    """Finds the template of the path that a request was routed by.

    Parameters
    ----------
    routes : iterable
        Routes with ``path``, ``endpoint`` and ``param_convertors``.
    """

    def __init__(self, routes: Iterable[Any]) -> None:
        self._paths: Mapping[Any, str] = {
            (route.endpoint, frozenset(route.param_convertors)): route.path.replace(":path}", "}")
            for route in routes
        }

    def of(self, scope: Scope) -> str:
        """Return the template, which holds nothing that the client chose."""
        key = (scope.get("endpoint"), frozenset(scope.get("path_params", ())))
        return self._paths.get(key, NO_ROUTE)


class Watch:
    """Counts and logs requests: never a query, a path, a header or a body."""

    def __init__(self, app: ASGIApp, routes: Routes, metrics: Metrics) -> None:
        self.app, self.routes, self.metrics = app, routes, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, and tell of it when it was answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, sent = time.perf_counter(), LEFT, 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            self._tell(scope, status, time.perf_counter() - began, sent)

    def _tell(self, scope: Scope, status: int, seconds: float, sent: int) -> None:
        method, route = scope["method"], self.routes.of(scope)
        self.metrics.count(method, route, status, seconds)
        if not _LOG.isEnabledFor(logging.INFO):
            return
        caller = scope.get(SCOPE)
        fields = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "bytes": 0 if method == "HEAD" else sent,
            "key": None if caller is None else caller.name,
        }
        _LOG.info("request", extra={FIELDS: fields})

"""Packs whole answers on their way out; what is streamed goes as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from geoplan_api.respond import packed

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TEXTS = ("json", "text/", "xml", "javascript", "mapbox-vector-tile")


class Pack:
    """Compresses bodies of text that are sent in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, and pack what comes back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        held: Message | None = None

        async def pack(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_text(message):
                held = message
                return
            if held is None:
                await send(message)
                return
            start, held = held, None
            if not message.get("more_body"):
                message = _packed(start, message, Headers(scope=scope))
            await send(start)
            await send(message)

        await self.app(scope, receive, pack)


def _is_text(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "")
    return "content-encoding" not in headers and any(text in kind for text in _TEXTS)


def _packed(start: Message, message: Message, asked: Headers) -> Message:
    body, coding = packed(message.get("body", b""), asked)
    if coding is None:
        return message
    headers = MutableHeaders(raw=start["headers"])
    headers["Content-Encoding"] = coding
    headers["Content-Length"] = str(len(body))
    start["headers"] = headers.raw
    return {**message, "body": body}

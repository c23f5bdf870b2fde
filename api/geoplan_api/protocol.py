"""HTTP as uvicorn reads it, with an end to waiting for the head of a request.

A client that sends its head byte by byte would hold a connection for ever (slow-loris); one that
never ends it would fill the memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

HEAD_SECONDS = 10.0
HEAD_BYTES = 65_536
_CLOSE = b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_SLOW = b"HTTP/1.1 408 Request Timeout" + _CLOSE
_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large" + _CLOSE


class Protocol(HttpToolsProtocol):
    """Closes a connection whose next head is not complete in time, or too large."""

    head_seconds = HEAD_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._received: int | None = 0
        self._timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; while a head is awaited, count its bytes."""
        if self._received is not None:
            self._received += len(data)
        super().data_received(data)
        # what came with the head of a body is not known apart: only heads that go on are judged
        if self._received is not None and self._received > HEAD_BYTES:
            self._end(_LARGE)

    def on_message_begin(self) -> None:
        """Begin to wait for the head of this request."""
        super().on_message_begin()
        if self._received is None:
            self._received = 0
            self._timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def on_headers_complete(self) -> None:
        """Stop waiting: the head is there."""
        self._received = None
        self._timer.cancel()
        super().on_headers_complete()

    def _too_slow(self) -> None:
        self._end(_SLOW)

    def _end(self, answer: bytes) -> None:
        self._timer.cancel()
        if self.transport.is_closing():
            return
        busy: Any = self.cycle
        if busy is None or busy.response_complete:
            self.transport.write(answer)  # else it would stand in the midst of another answer
        self.transport.close()

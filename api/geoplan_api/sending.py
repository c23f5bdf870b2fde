"""Files as answers: sent in pieces, and gone afterwards."""

from __future__ import annotations

import os
import shutil
from typing import IO, TYPE_CHECKING

from anyio import to_thread
from starlette.responses import Response

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

_PIECE_BYTES = 262_144


class OpenFile(Response):
    """Sends a file that is open, and closes it however the sending ends."""

    def __init__(self, file: IO[bytes], headers: dict[str, str]) -> None:
        self._file = file
        size = os.fstat(file.fileno()).st_size
        super().__init__(headers={**headers, "Content-Length": str(size)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file piece by piece."""
        with self._file:
            start = {"type": "http.response.start", "status": self.status_code}
            await send({**start, "headers": self.raw_headers})
            while piece := await to_thread.run_sync(self._file.read, _PIECE_BYTES):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def file_response(path: Path, headers: dict[str, str], *, keep: bool = False) -> Response:
    """Answer with a file, which then is no more, unless it is to be kept.

    It loses its name before it is sent, so the system takes its room back as soon as it is
    closed: also when the client leaves, or this process dies.
    """
    file = path.open("rb")
    if not keep:
        shutil.rmtree(path.parent)  # a folder of its own, with what was written beside
    return OpenFile(file, headers)

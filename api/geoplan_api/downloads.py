"""Rasters as answers: within a limit, written beside, sent in pieces, and gone afterwards."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from anyio import to_thread
from starlette.responses import Response

from geoplan.errors import AnswerTooLarge
from geoplan_api.negotiation import COG
from geoplan_api.respond import json_response, own_headers

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from geoplan.model import Lang
    from geoplan.processes import RasterResult
    from geoplan_api.negotiation import Offer

_PIECE_BYTES = 262_144


class OpenFile(Response):
    """Sends a file that is open, and closes it however the sending ends.

    The file has no name any more, so the system takes its room back as soon as it is closed:
    also when the client leaves, or this process dies.
    """

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


def raster_response(made: RasterResult, max_cells: int, offer: Offer, lang: Lang) -> Response:
    """Answer with a raster as a COG, or with what its cells amount to.

    Raises
    ------
    AnswerTooLarge
        It has more cells than the service makes for one request.
    """
    from geoplan.export import result_document

    with made.opened() as blocks:
        height, width = blocks.grid.height, blocks.grid.width
    if height * width > max_cells:
        raise AnswerTooLarge(
            f"{height:,} x {width:,} cells are asked for; the service makes {max_cells:,} at most "
            f"(GEOPLAN_MAX_RASTER_CELLS): name a bbox, or use the command line"
        )
    if offer != COG:
        return json_response(result_document(made.summary()), lang, offer)
    headers = own_headers(lang) | {
        "Content-Type": COG.media_type,
        "Content-Disposition": f'attachment; filename="{_name(made)}"',
    }
    with tempfile.TemporaryDirectory(prefix="geoplan-answer-") as folder:
        file = made.write(Path(folder) / "answer.tif").open("rb")
    return OpenFile(file, headers)


def _name(made: RasterResult) -> str:
    of = made.source.id if made.source else "raster"
    return f"{of}.tif" if made.process == "cog" else f"{of}-{made.process}.tif"

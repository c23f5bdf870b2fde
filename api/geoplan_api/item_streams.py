"""All features that a question matches, as one text that flows: GeoJSON, or GeoJSON sequences.

Rows are read, written and sent a thousand at a time, so that a million of them take no more memory
than a thousand. The client sets the pace: the next rows are read when it has taken the last ones.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
from anyio import to_thread
from starlette.responses import Response

from geoplan_api.conditional import not_modified, weak_tag
from geoplan_api.deps import lang_of
from geoplan_api.geojson import feature_texts
from geoplan_api.links import Links
from geoplan_api.negotiation import GEOJSON_ALONE, GEOJSONSEQ, Offer
from geoplan_api.reading import matching, place_of_page
from geoplan_api.respond import own_headers
from geoplan_api.ways import way_of
from geoplan_api.words import word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from geoplan.model import FeatureId, Layer
    from geoplan.store.table_now import ServedRow
    from geoplan_api.query import ItemsQuery
    from geoplan_api.service import Service

ITEM_STREAMS = (GEOJSON_ALONE, GEOJSONSEQ)
_ROWS = 1000
_RECORD = b"\x1e"
"""RFC 8142: before each text of a sequence, which ends with a line feed."""


def items_stream(
    request: Request, service: Service, layer: Layer, wanted: ItemsQuery, offer: Offer
) -> Response:
    """Answer with all features that a question matches, as they are while it is sent.

    A feature that is there all the while comes exactly once; one that is added or removed
    meanwhile may be in it or not.
    """
    lang, table = lang_of(request), service.tables[layer.id].look()
    tag = weak_tag(table.version, str(request.url), lang, offer.f)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    ending = "geojson" if offer is GEOJSON_ALONE else "geojsonl"
    headers = own_headers(lang) | {
        "Content-Type": offer.media_type,
        "Content-Disposition": f'attachment; filename="{layer.id}.{ending}"',
        "Content-Crs": f"<{wanted.reference.uri}>",
        "ETag": tag,
    }
    reading = _Reading(service, layer, wanted)
    if offer is GEOJSONSEQ:
        return Flowing((_sequence(texts) for texts in reading.pieces()), headers)
    link = Links(request).self(offer.media_type, word("link.self", lang))
    return Flowing(_collection(reading, {"links": [link]}), headers)


class Flowing(Response):
    """Sends a body piece by piece; each is made beside the loop when the one before has gone."""

    def __init__(self, pieces: Iterator[bytes], headers: Mapping[str, str]) -> None:
        self._pieces = pieces
        super().__init__(headers=headers)
        del self.headers["content-length"]  # not known before the end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; the first piece is made before the status is, so that an error has its own."""
        piece = await to_thread.run_sync(next, self._pieces, b"")
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        while piece:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await to_thread.run_sync(next, self._pieces, b"")
        await send({"type": "http.response.body", "body": b""})


class _Reading:
    """Reads what a question matches, some rows at a time, each time as the table then is.

    Attributes
    ----------
    matched, returned : int
        How many features it matches, known with the first rows, and how many were read so far.
    """

    def __init__(self, service: Service, layer: Layer, wanted: ItemsQuery) -> None:
        self._look = service.tables[layer.id].look  # anew in each thread that makes a piece
        self._layer, self._wanted = layer, wanted
        self.matched, self.returned = 0, 0

    def pieces(self) -> Iterator[list[bytes]]:
        """Yield features as texts."""
        wanted = self._wanted
        names = [column.name for column in wanted.columns]
        for rows in self._everything() if wanted.everything else self._matching():
            self.returned += len(rows)
            path = way_of(self._layer, self._look(), wanted.reference)
            yield feature_texts(rows, names, path.move_if_any, swapped=wanted.reference.swapped)[0]

    def _everything(self) -> Iterator[list[ServedRow]]:
        self.matched = self._look().count()
        after: FeatureId | None = self._wanted.after
        left = self._wanted.limit
        while left > 0 and (
            rows := self._look().page(after, min(_ROWS, left), self._wanted.columns)
        ):
            yield rows
            after, left = rows[-1].id, left - len(rows)

    def _matching(self) -> Iterator[list[ServedRow]]:
        table = self._look()
        keys = matching(table, self._layer, self._wanted)
        self.matched = len(keys)
        start = place_of_page(table, keys, self._wanted)
        keys = keys[start : start + self._wanted.limit]
        for at in range(0, len(keys), _ROWS):
            if rows := self._look().rows(keys[at : at + _ROWS], self._wanted.columns):
                yield rows


def _sequence(texts: list[bytes]) -> bytes:
    return b"".join(b"%b%b\n" % (_RECORD, text) for text in texts)


def _collection(reading: _Reading, members: Mapping[str, object]) -> Iterator[bytes]:
    """Write a FeatureCollection; how many features there are stands at its end."""
    head = orjson.dumps({"type": "FeatureCollection", **members})[:-1] + b',"features":['
    between = b"\n"
    for texts in reading.pieces():
        yield head + between + b",\n".join(texts)
        head, between = b"", b",\n"
    tail = {
        "numberMatched": reading.matched,
        "numberReturned": reading.returned,
        "timeStamp": datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    yield head + b"]," + orjson.dumps(tail)[1:] + b"\n"

"""Areas of one ring as GeoJSON: one array of numbers, written at once.

The other half of the hot kernel of `geoplan.store.plain_rings`: rows of NaN between the rings
become ``[null,null]`` in the text, where it is taken apart again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from geoplan.store.plain_rings import only, plain_rings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from geoplan.store.plain_rings import PlainRings

    Coordinates = NDArray[np.float64]
    Move = Callable[[Coordinates], Coordinates] | None

_FLAT = 1e-9
"""A ring with less than this share of its box is left to GEOS to turn."""

_NUMBERS = orjson.OPT_SERIALIZE_NUMPY
_GAP = b",[null,null]"


def ring_texts(blobs: Sequence[bytes | None], move: Move, *, swapped: bool) -> dict[int, bytes]:
    """Write the areas of one ring among blobs.

    Parameters
    ----------
    blobs : sequence of bytes or None
        As stored.
    move : callable or None
        Moves x and y, shape (n, 2); None leaves them as they are.
    swapped : bool
        Whether y stands before x.

    Returns
    -------
    dict of int to bytes
        GeoJSON by place in `blobs`, the ring counter-clockwise, seen with x to the east. What is
        no such area, or has no direction beyond doubt, is missing.
    """
    rings = plain_rings(blobs)
    if not len(rings.at):
        return {}
    if move is not None:
        rings = rings._replace(xy=move(rings.xy.copy()))
    sure, backwards = _turning(rings)
    if not sure.all():
        rings, backwards = only(rings, sure), backwards[sure]
    placed = _with_gaps(rings, backwards)
    if swapped:
        placed = np.ascontiguousarray(placed[:, ::-1])
    texts = orjson.dumps(placed, option=_NUMBERS)[1:].split(_GAP)
    return {
        at: (
            b'{"type":"MultiPolygon","coordinates":[[[%b]]]}' % text
            if multi
            else b'{"type":"Polygon","coordinates":[[%b]]}' % text
        )
        for at, text, multi in zip(
            rings.at.tolist(), _trimmed(texts), rings.multi.tolist(), strict=True
        )
    }


def _turning(rings: PlainRings) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell of each ring whether its direction is beyond doubt, and whether it is clockwise.

    The direction is the sign of the area; of a ring that crosses itself neither answer is more
    right. Coordinates are taken from the ring's first vertex, so that the products do not lose
    what is small beside what is far.
    """
    starts, ends = rings.ends[:-1], rings.ends[1:]
    near = rings.xy - np.repeat(rings.xy[starts], ends - starts, axis=0)
    x, y = near[:, 0], near[:, 1]
    cross = np.zeros(len(near))
    cross[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
    cross[ends - 1] = 0.0  # from the last vertex of a ring no edge leads to the next ring
    area = np.add.reduceat(cross, starts)
    size = np.maximum.reduceat(np.maximum(np.abs(x), np.abs(y)), starts)
    return np.abs(area) > _FLAT * size * size, area < 0


def _with_gaps(rings: PlainRings, backwards: NDArray[np.bool_]) -> Coordinates:
    """Return the rings counter-clockwise, with a row of NaN after each."""
    starts, counts = rings.ends[:-1], np.diff(rings.ends)
    order = np.arange(len(rings.xy))
    if backwards.any():
        turned = np.repeat(backwards, counts)
        order[turned] = (np.repeat(starts + rings.ends[1:] - 1, counts) - order)[turned]
    placed = np.full((len(order) + len(counts), 2), np.nan)
    placed[np.arange(len(order)) + np.repeat(np.arange(len(counts)), counts)] = rings.xy[order]
    return placed


def _trimmed(texts: list[bytes]) -> list[Any]:
    """Return the texts between the gaps without the comma that leads all but the first."""
    return [texts[0], *(text[1:] for text in texts[1:-1])] if len(texts) > 1 else []

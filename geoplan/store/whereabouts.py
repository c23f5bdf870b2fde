"""Where the features of a table lie, by its R-tree and the boxes in their headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geoplan.model import Bbox
from geoplan.store import blob
from geoplan.store.ddl import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from geoplan.store.gpkg import Shape

    Ask = Callable[[str, dict[str, Any]], Iterator[Any]]
    Keys = NDArray[np.int64]

_ULPS = 1e-6
"""An R-tree holds 32-bit numbers: a side of a box may lie this much of its value further out."""


class Extent(NamedTuple):
    """Where the features of a table lie, in its CRS, and the longest side of any of their boxes."""

    box: Bbox | None
    longest: float


class Whereabouts:
    """Asks a table where its features lie.

    Parameters
    ----------
    ask : callable
        Runs a statement with its values.
    table : str
        Name of the table, quoted.
    shape : Shape
        Where things stand in it.
    """

    def __init__(self, ask: Ask, table: str, shape: Shape) -> None:
        self._ask, self._table, self._shape = ask, table, shape

    def boxes(self, outer: Bbox | None) -> tuple[Keys, NDArray[np.float64] | None]:
        """Return the features whose boxes meet one, by the R-tree alone, and their boxes.

        Parameters
        ----------
        outer : Bbox or None
            In the CRS of the table; None takes all.

        Returns
        -------
        tuple of ndarray
            Keys, rising, and the boxes, shape (n, 4): xmin, ymin, xmax, ymax as 32-bit numbers
            have them, which is a little further out. Without an R-tree all keys, and None.
        """
        if self._shape.rtree is None:
            key = quoted(self._shape.key)
            listed = [row[0] for row in self._ask(f"SELECT {key} FROM {self._table}", {})]
            return np.array(sorted(listed), dtype=np.int64), None
        met, values = "1", {}
        if outer is not None:
            met = "maxx >= :west AND minx <= :east AND maxy >= :south AND miny <= :north"
            values = dict(zip(("west", "south", "east", "north"), outer, strict=True))
        rtree = quoted(self._shape.rtree)
        found = list(
            self._ask(f"SELECT id, minx, miny, maxx, maxy FROM {rtree} WHERE {met}", values)
        )
        keys = np.array([row[0] for row in found], dtype=np.int64)
        order = np.argsort(keys, kind="stable")
        boxes = np.array(found, dtype=np.float64).reshape(-1, 5)[:, 1:]
        return keys[order], boxes[order]

    def unlocated(self) -> Keys:
        """Return the keys of the features without a position: no geometry, or an empty one."""
        key, geometry = quoted(self._shape.key), quoted(self._shape.geometry)
        if self._shape.rtree is None:
            found = [
                row[0]
                for row in self._ask(f"SELECT {key}, {geometry} FROM {self._table}", {})
                if row[1] is None or blob.envelope(row[1]) is None
            ]
            return np.array(sorted(found), dtype=np.int64)
        ids = quoted(self._shape.rtree + "_rowid")
        placed = int(next(self._ask(f"SELECT count(*) FROM {ids}", {}))[0])
        rows = int(next(self._ask(f"SELECT count(*) FROM {self._table}", {}))[0])
        if placed == rows:
            return np.empty(0, dtype=np.int64)
        found = [
            row[0]
            for row in self._ask(
                f"SELECT {key} FROM {self._table} WHERE {key} NOT IN (SELECT rowid FROM {ids})",
                {},
            )
        ]
        return np.array(sorted(found), dtype=np.int64)

    def extent(self) -> Extent:
        """Return where the features lie, to the bit, by their own boxes."""
        geometry = quoted(self._shape.geometry)
        if self._shape.rtree is None:
            blobs = [row[0] for row in self._ask(f"SELECT {geometry} FROM {self._table}", {})]
            return _extent_of(blobs)
        rtree = quoted(self._shape.rtree)
        rough = next(
            self._ask(
                f"SELECT min(minx), min(miny), max(maxx), max(maxy), "
                f"max(max(maxx - minx, maxy - miny)) FROM {rtree}",
                {},
            )
        )
        if rough[0] is None:
            return Extent(None, 0.0)
        west, south, east, north, longest = map(float, rough)
        # only features whose 32-bit box reaches a side can be the outermost there
        near = {
            "west": west + abs(west) * _ULPS,
            "south": south + abs(south) * _ULPS,
            "east": east - abs(east) * _ULPS,
            "north": north - abs(north) * _ULPS,
        }
        outermost = (
            f"SELECT {geometry} FROM {self._table} WHERE {quoted(self._shape.key)} IN "
            f"(SELECT id FROM {rtree} WHERE minx <= :west OR miny <= :south "
            f"OR maxx >= :east OR maxy >= :north)"
        )
        blobs = [row[0] for row in self._ask(outermost, near)]
        return Extent(_extent_of(blobs).box, longest)


def _extent_of(blobs: list[bytes | None]) -> Extent:
    boxes = [box for one in blobs if one is not None and (box := blob.envelope(one)) is not None]
    if not boxes:
        return Extent(None, 0.0)
    found = np.array(boxes)
    sides = np.maximum(found[:, 2] - found[:, 0], found[:, 3] - found[:, 1])
    edges = (*found[:, :2].min(axis=0), *found[:, 2:].max(axis=0))
    return Extent(Bbox(*(float(edge) for edge in edges)), float(sides.max()))

"""What reading a layer whole tells: where it lies, and which features lie nowhere.

A survey is kept for as long as the file stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.errors import MalformedGeometry, TableInvalid
from geoplan.model import Bbox
from geoplan.store import GeoPackageStore
from geoplan.store.blob import decode
from geoplan_api.lonlat import LonLat, lonlat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from geoplan.catalogue import Catalogue
    from geoplan.model import FeatureId, Layer
    from geoplan.store import Row, Table

_CHUNK = 500
_State = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True)
class Survey:
    """What reading a layer whole tells.

    Attributes
    ----------
    way : LonLat
        Between its storage CRS and CRS84.
    extent : Bbox, optional
        All its features in degrees; None when none has a position.
    unlocated : tuple
        Ids of the features without a position, in order.
    bulge : float
        How far edges straight in degrees leave the stored ones [units of the storage CRS].
    """

    way: LonLat
    extent: Bbox | None
    unlocated: tuple[FeatureId, ...]
    bulge: float


class Surveys:
    """The surveys of a catalogue's layers, made when first asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = Lock()
        self._made: dict[str, tuple[_State, Survey]] = {}

    def of(self, layer_id: str) -> Survey:
        """Return the survey of a layer as its file is now.

        Raises
        ------
        TableInvalid
            The layer has no CRS.
        MalformedGeometry
            A geometry cannot be decoded, or has no longitude and latitude.
        """
        path = self._catalogue.path(layer_id)
        with self._lock:
            state = _state(path)
            if layer_id not in self._made or self._made[layer_id][0] != state:
                self._made[layer_id] = (state, _survey(path, self._catalogue[layer_id]))
            return self._made[layer_id][1]


def way_of(layer: Layer, table: Table) -> LonLat:
    """Return the way between a layer's CRS and CRS84.

    Raises
    ------
    TableInvalid
        The layer has no CRS.
    """
    if table.crs is None or table.crs.geodetic_crs is None:
        raise TableInvalid(
            f"layer {layer.id!r} has no CRS that is tied to the Earth, so it cannot be given in "
            f"longitude and latitude: set the one its coordinates are in"
        )
    return lonlat(table.crs)


def in_chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield rows in lists of a size that numpy likes."""
    left = iter(rows)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk


def located(rows: list[Row], way: LonLat) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the geometries of rows as stored and in degrees; null and empty become null.

    Raises
    ------
    MalformedGeometry
        One cannot be decoded or has no longitude and latitude; the message names the feature.
    """
    try:
        return _located([row[2] for row in rows], way)
    except MalformedGeometry:
        for feature_id, _, geometry in rows:  # once more, one at a time, to say which
            try:
                _located([geometry], way)
            except MalformedGeometry as error:
                raise MalformedGeometry(f"feature {feature_id!r}: {error}") from error
        raise


def _located(blobs: list[bytes | None], way: LonLat) -> tuple[NDArray[Any], NDArray[Any]]:
    try:
        stored = decode(blobs)
    except NotImplementedError as error:
        raise MalformedGeometry(f"curves are not read yet: {error}") from error
    stored[shapely.is_empty(stored)] = None
    return stored, way.project(stored)


def _state(path: Path) -> _State:
    """Return what changes when a file does: its own marks and those of its write-ahead log."""
    marks: list[tuple[int, int, int] | None] = []
    for one in (path, path.with_name(path.name + "-wal")):
        try:
            found = one.stat()
        except OSError:
            marks.append(None)
        else:
            marks.append((found.st_ino, found.st_mtime_ns, found.st_size))
    return tuple(marks)


def _survey(path: Path, layer: Layer) -> Survey:
    boxes: list[NDArray[np.float64]] = []
    unlocated: list[FeatureId] = []
    bulge = 0.0
    with GeoPackageStore(path) as store:
        way = way_of(layer, store.table(layer))
        for rows in in_chunks(store.rows(layer)):
            stored, degrees = located(rows, way)
            absent = shapely.is_missing(degrees)
            unlocated += [row[0] for row, missing in zip(rows, absent, strict=True) if missing]
            if not absent.all():
                boxes.append(shapely.total_bounds(degrees))
                bulge = max(bulge, way.bulge(stored, degrees))
    if not boxes:
        return Survey(way, None, tuple(unlocated), bulge)
    found = np.array(boxes)
    extent = Bbox(*(float(edge) for edge in (*found[:, :2].min(0), *found[:, 2:].max(0))))
    return Survey(way, extent, tuple(unlocated), bulge)

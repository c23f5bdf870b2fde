"""What a store is: two reads, of which a backend writes one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geoplan.errors import DuplicateId
from geoplan.model import EVERYTHING, FeatureId, FeatureQuery, Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geopandas import GeoDataFrame
    from pyproj import CRS

Row = tuple[FeatureId, dict[str, Any], bytes | None]
"""A feature as stored: id, attributes, geometry blob (GeoPackage binary, null allowed)."""


@dataclass(frozen=True)
class Column:
    """An attribute of a table: its name and its GeoPackage type, such as ``TEXT`` or ``DATE``."""

    name: str
    type: str


@dataclass(frozen=True)
class Table:
    """What a store knows of a layer's table.

    Attributes
    ----------
    columns : tuple of Column
        The attributes, without key, id and geometry.
    crs : pyproj.CRS, optional
        None when the file says "undefined".
    count : int
        Features, those without geometry included.
    """

    columns: tuple[Column, ...]
    crs: CRS | None
    count: int


class Store(ABC):
    """Features by layer. A backend writes `table` and `rows`; `read` follows from them."""

    @abstractmethod
    def table(self, layer: Layer) -> Table:
        """Describe a layer's table."""

    @abstractmethod
    def rows(self, layer: Layer, query: FeatureQuery = EVERYTHING) -> Iterator[Row]:
        """Yield features as stored, in the order of their ids.

        For the service and for export: no GeoDataFrame is built and no geometry decoded but
        where a bbox cuts through it.
        """

    def read(self, layer: Layer, query: FeatureQuery = EVERYTHING) -> GeoDataFrame:
        """Return features for analysis: indexed by id, in their own CRS, null geometry kept.

        Raises
        ------
        DuplicateId
            Two features carry the same id, or one has none.
        MalformedGeometry
            A geometry blob cannot be decoded.
        """
        # geopandas costs 100 MB and half a second: only analysis pays for it
        from geoplan.store.frame import to_frame

        table = self.table(layer)
        frame = to_frame(self.rows(layer, query), table)
        ids = frame.index
        if not ids.is_unique or ids.hasnans:
            culprit = (
                "no id" if ids.hasnans else f"the id {ids[ids.duplicated()].tolist()[0]!r} twice"
            )
            raise DuplicateId(f"layer {layer.id!r} has a feature with {culprit}: give each its own")
        return frame

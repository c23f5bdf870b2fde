"""Where features are kept: GeoPackages, through one SQLite library and without GDAL; PostGIS."""

from geoplan.store.attributes import attribute_columns, read_attributes
from geoplan.store.base import Column, Row, Store, Table
from geoplan.store.gpkg import GeoPackageStore
from geoplan.store.opening import open_store

__all__ = [
    "Column",
    "GeoPackageStore",
    "Row",
    "Store",
    "Table",
    "attribute_columns",
    "open_store",
    "read_attributes",
]

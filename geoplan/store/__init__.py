"""Where features are kept: GeoPackages, through one SQLite library and without GDAL."""

from geoplan.store.base import Column, Row, Store, Table
from geoplan.store.gpkg import GeoPackageStore

__all__ = ["Column", "GeoPackageStore", "Row", "Store", "Table"]

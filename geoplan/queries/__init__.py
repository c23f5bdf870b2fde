"""Questions to layers: pure functions over GeoDataFrames, nothing but geometry and numbers."""

from geoplan.queries.classes import zonal_classes
from geoplan.queries.coverage import coverage
from geoplan.queries.overlap import overlap
from geoplan.queries.profile import profile
from geoplan.queries.terrain import aspect, hillshade, slope
from geoplan.queries.zonal import zonal_statistics

__all__ = [
    "aspect",
    "coverage",
    "hillshade",
    "overlap",
    "profile",
    "slope",
    "zonal_classes",
    "zonal_statistics",
]

"""Questions to layers: pure functions over GeoDataFrames, nothing but geometry and numbers."""

from geoplan.queries.along import along
from geoplan.queries.chainage import chainage
from geoplan.queries.classes import zonal_classes
from geoplan.queries.clearance import clearance, nearest
from geoplan.queries.closure import closure
from geoplan.queries.coverage import coverage
from geoplan.queries.locate import locate, station
from geoplan.queries.matrix import overlap_matrix
from geoplan.queries.outcomes import overlap_outcomes
from geoplan.queries.overlap import overlap
from geoplan.queries.profile import profile, route_profile
from geoplan.queries.route import measured_routes
from geoplan.queries.site import site_check
from geoplan.queries.stations import format_chainage, parse_chainage
from geoplan.queries.surroundings import ReadyLayer, ready
from geoplan.queries.terrain import aspect, hillshade, slope
from geoplan.queries.zonal import zonal_statistics

__all__ = [
    "ReadyLayer",
    "along",
    "aspect",
    "chainage",
    "clearance",
    "closure",
    "coverage",
    "format_chainage",
    "hillshade",
    "locate",
    "measured_routes",
    "nearest",
    "overlap",
    "overlap_matrix",
    "overlap_outcomes",
    "parse_chainage",
    "profile",
    "ready",
    "route_profile",
    "site_check",
    "slope",
    "station",
    "zonal_classes",
    "zonal_statistics",
]

"""Questions to layers: pure functions over GeoDataFrames, nothing but geometry and numbers."""

from geoplan.queries.clearance import clearance, nearest
from geoplan.queries.coverage import coverage
from geoplan.queries.matrix import overlap_matrix
from geoplan.queries.overlap import overlap

__all__ = ["clearance", "coverage", "nearest", "overlap", "overlap_matrix"]

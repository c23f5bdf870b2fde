"""Questions to layers: pure functions over GeoDataFrames, nothing but geometry and numbers."""

from geoplan.queries.coverage import coverage
from geoplan.queries.matrix import overlap_matrix
from geoplan.queries.outcomes import overlap_outcomes
from geoplan.queries.overlap import overlap

__all__ = ["coverage", "overlap", "overlap_matrix", "overlap_outcomes"]

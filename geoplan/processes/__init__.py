"""The door of command line and service: each process once, with its inputs as a model.

A process reads layers by name, asks a pure query, and wraps the answer in a `Result`. Each has
a file of its own, which holds the model of its inputs, the function, and the `Process`.
"""

from geoplan.processes import chainage as _chainage
from geoplan.processes import check as _check
from geoplan.processes import clearance as _clearance
from geoplan.processes import coverage as _coverage
from geoplan.processes import diff as _diff
from geoplan.processes import figure as _figure
from geoplan.processes import layers as _layers
from geoplan.processes import legal_zones as _legal_zones
from geoplan.processes import map as _map
from geoplan.processes import matrix as _matrix
from geoplan.processes import overlap as _overlap
from geoplan.processes import place as _place
from geoplan.processes import quality as _quality
from geoplan.processes import report as _report
from geoplan.processes import site as _site
from geoplan.processes import surface as _surface
from geoplan.processes import terrain as _terrain
from geoplan.processes import zonal as _zonal
from geoplan.processes.chainage import ChainageInputs, chainage
from geoplan.processes.clearance import ClearanceInputs, NearestInputs, clearance, nearest
from geoplan.processes.coverage import CoverageInputs, coverage
from geoplan.processes.figure import FigureInputs, figure
from geoplan.processes.layers import LayersInputs, layers
from geoplan.processes.map import MapInputs, map_
from geoplan.processes.matrix import MatrixInputs, overlap_matrix
from geoplan.processes.overlap import OverlapInputs, overlap
from geoplan.processes.place import (
    AlongInputs,
    LocateInputs,
    StationInputs,
    along,
    locate,
    station,
)
from geoplan.processes.process import ACCURACY, Inputs, Process
from geoplan.processes.quality import quality
from geoplan.processes.raster_result import RasterResult
from geoplan.processes.report import ReportInputs, report
from geoplan.processes.site import SiteInputs, site_check
from geoplan.processes.surface import (
    AspectInputs,
    CogInputs,
    HillshadeInputs,
    SlopeInputs,
    aspect,
    cog,
    hillshade,
    slope,
)
from geoplan.processes.terrain import ProfileInputs, profile
from geoplan.processes.zonal import (
    ZonalClassesInputs,
    ZonalStatisticsInputs,
    zonal_classes,
    zonal_statistics,
)

PROCESSES: dict[str, Process] = {
    process.id: process
    for process in (
        _layers.PROCESS,
        _overlap.PROCESS,
        _coverage.PROCESS,
        _matrix.PROCESS,
        _clearance.CLEARANCE,
        _clearance.NEAREST,
        _site.PROCESS,
        _check.PROCESS,
        _diff.PROCESS,
        _legal_zones.PROCESS,
        _chainage.PROCESS,
        _place.LOCATE,
        _place.STATION,
        _place.ALONG,
        _zonal.STATISTICS_PROCESS,
        _zonal.CLASSES_PROCESS,
        _terrain.PROCESS,
        _surface.SLOPE,
        _surface.ASPECT,
        _surface.HILLSHADE,
        _surface.COG,
        _map.PROCESS,
        _figure.PROCESS,
        _report.PROCESS,
        _quality.PROCESS,
    )
}
"""Every process, by its id, in the order in which they are listed."""

__all__ = [
    "ACCURACY",
    "PROCESSES",
    "AlongInputs",
    "AspectInputs",
    "ChainageInputs",
    "ClearanceInputs",
    "CogInputs",
    "CoverageInputs",
    "FigureInputs",
    "HillshadeInputs",
    "Inputs",
    "LayersInputs",
    "LocateInputs",
    "MapInputs",
    "MatrixInputs",
    "NearestInputs",
    "OverlapInputs",
    "Process",
    "ProfileInputs",
    "RasterResult",
    "ReportInputs",
    "SiteInputs",
    "SlopeInputs",
    "StationInputs",
    "ZonalClassesInputs",
    "ZonalStatisticsInputs",
    "along",
    "aspect",
    "chainage",
    "clearance",
    "cog",
    "coverage",
    "figure",
    "hillshade",
    "layers",
    "locate",
    "map_",
    "nearest",
    "overlap",
    "overlap_matrix",
    "profile",
    "quality",
    "report",
    "site_check",
    "slope",
    "station",
    "zonal_classes",
    "zonal_statistics",
]

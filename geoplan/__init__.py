"""geoplan: planning maps. Layers in GeoPackages, overlaps and coverage, a map that opens anywhere.

>>> from geoplan import Catalogue, overlap, coverage
>>> plan = Catalogue.open("examples/town")
>>> parks, scenic = plan.read("industrial-parks"), plan.read("scenic-areas")
>>> overlap(parks, scenic)[["left_id", "right_id", "area_m2"]].round().values.tolist()
[['IP-1', 'SC-1', 120000.0], ['IP-2', 'SC-3', 45000.0], ['IP-2', 'SC-2', 30000.0]]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geoplan.catalogue import Catalogue
    from geoplan.errors import GeoplanError
    from geoplan.model import Bbox, FeatureQuery, Layer, Plan, Result, Text
    from geoplan.queries.coverage import coverage
    from geoplan.queries.overlap import overlap
    from geoplan.store import GeoPackageStore

__version__ = "0.1.0"

_HOME = {
    "Bbox": "geoplan.model",
    "Catalogue": "geoplan.catalogue",
    "FeatureQuery": "geoplan.model",
    "GeoPackageStore": "geoplan.store",
    "GeoplanError": "geoplan.errors",
    "Layer": "geoplan.model",
    "Plan": "geoplan.model",
    "Result": "geoplan.model",
    "Text": "geoplan.model",
    "coverage": "geoplan.queries",
    "overlap": "geoplan.queries",
}

__all__ = [
    "Bbox",
    "Catalogue",
    "FeatureQuery",
    "GeoPackageStore",
    "GeoplanError",
    "Layer",
    "Plan",
    "Result",
    "Text",
    "coverage",
    "overlap",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: geopandas alone costs half a second."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'geoplan' has no attribute {name!r}")

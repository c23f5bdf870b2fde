"""What a map is made of: a plan, its layers with their features, and two answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from geoplan.model import Layer, Plan, Result


@dataclass(frozen=True)
class MapLayer:
    """A layer and its features.

    Attributes
    ----------
    layer : Layer
        What the layer says of itself.
    features : GeoDataFrame
        Indexed by feature id, in the layer's own CRS; a geometry may be null, which the
        page lists as a position that is not published.
    """

    layer: Layer
    features: GeoDataFrame


@dataclass(frozen=True)
class MapContent:
    """All that one planner's page shows.

    Attributes
    ----------
    plan : Plan
        Title, extent, attribution and review number.
    layers : tuple of MapLayer
        In the order in which the page lists them.
    overlaps, coverage : Result, optional
        Answers to draw and list; None says on the page that it was not analysed, which an
        answer without rows does not.
    """

    plan: Plan
    layers: tuple[MapLayer, ...]
    overlaps: Result | None = None
    coverage: Result | None = None

"""What a map is made of: a plan, its layers with their features, and answers about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame
    from pandas import Series

    from geoplan.model import Layer, Plan, Result
    from geoplan.rules import Rule
    from geoplan.schema import LayerSchema
    from geoplan.symbols import Symbol


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
    schema : LayerSchema, optional
        What its columns are called; geoplan's schema of its kind when not given.
    symbol : Symbol, optional
        How it is drawn; geoplan's symbol of its kind when not given.
    searched : mapping of str to Series
        More columns, in the order of the features, that are searched and not shown, such as
        the initials of Chinese names.
    """

    layer: Layer
    features: GeoDataFrame
    schema: LayerSchema | None = None
    symbol: Symbol | None = None
    searched: Mapping[str, Series] = field(default_factory=dict)


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
    check : Result, optional
        The plan against rules; without it the page has no list of findings.
    rules : mapping of str to Rule
        The rules that it was checked by: their texts, law and confidence.
    numbers : mapping of str to str
        The number of each hit and doubt, by its ``finding_id``, as `geoplan.tables.numbered`
        gives them to tables and reports.
    """

    plan: Plan
    layers: tuple[MapLayer, ...]
    overlaps: Result | None = None
    coverage: Result | None = None
    check: Result | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)

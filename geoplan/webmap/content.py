"""What a map is made of: a plan, its layers with their features, and answers about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame
    from pandas import Series

    from geoplan.model import Lang, Layer, Plan, Result, Text
    from geoplan.rules import Rule
    from geoplan.schema import LayerSchema
    from geoplan.symbols import Symbol


@dataclass(frozen=True)
class Served:
    """A layer that the page reads from the service as it is looked at, tile by tile.

    Its `MapLayer` has no features, but their columns.

    Attributes
    ----------
    count, located : int
        Features, and those with a position.
    bounds : tuple of float
        West, south, east, north of all [degrees].
    """

    count: int
    located: int
    bounds: tuple[float, float, float, float]


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
    served : Served, optional
        Where it is not in the page, but read from the service.
    """

    layer: Layer
    features: GeoDataFrame
    schema: LayerSchema | None = None
    symbol: Symbol | None = None
    searched: Mapping[str, Series] = field(default_factory=dict)
    served: Served | None = None


class Image(NamedTuple):
    """A picture of a piece of ground in Web Mercator.

    Attributes
    ----------
    bounds : tuple of float
        West, south, east, north [degrees].
    """

    bounds: tuple[float, float, float, float]
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Picture:
    """Images that lie under the plan as one layer, embedded in the page.

    Attributes
    ----------
    opacity : float
        What it opens with, 0 to 1.
    """

    id: str
    title: Text
    images: tuple[Image, ...]
    opacity: float = 1.0


@dataclass(frozen=True)
class OnlineBasemap:
    """Tiles that the page asks others for: such a page is not sealed, and says so.

    Attributes
    ----------
    addresses : tuple of str
        Of tiles, the lowest first, with ``{s}``, ``{x}``, ``{y}`` and ``{z}``.
    hosts : tuple of str
        Values of ``{s}``.
    shifted : bool
        Whether its tiles are in GCJ-02, and have to be moved.
    """

    id: str
    title: Text
    addresses: tuple[str, ...]
    hosts: tuple[str, ...]
    shifted: bool
    max_zoom: int = 18


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
    pictures : tuple of Picture
        Rasters and a basemap that are embedded, the lowest first.
    online : OnlineBasemap, optional
        A basemap that is fetched when the page is looked at.
    precision_m : int, optional
        The grid that coordinates were rounded to [m], which the page says.
    languages : tuple of str
        Those that the page can be read in.
    """

    plan: Plan
    layers: tuple[MapLayer, ...]
    overlaps: Result | None = None
    coverage: Result | None = None
    check: Result | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    online: OnlineBasemap | None = None
    precision_m: int | None = None
    languages: tuple[Lang, ...] = ("zh", "en")

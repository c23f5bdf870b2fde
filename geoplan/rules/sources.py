"""Layers as the check takes them, and how two of them come to face each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import extent_of, planes_of, shared_crs
from geoplan.degree_boxes import boxes_in_degrees, reaching_boxes
from geoplan.queries.certain import Drawn
from geoplan.queries.checks import located, refuse_collections
from geoplan.queries.uncertainty import accuracies
from geoplan.rules.facing import WIDEST_M, Facing, Side
from geoplan.rules.lines import Land, land_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.crs import Extent, InPlane
    from geoplan.model import Layer


Near = Literal["object", "both"]


@dataclass
class Source:
    """A layer with its features, told apart by whether they have a place.

    Attributes
    ----------
    layer : Layer
    features : GeoDataFrame
        All of them, indexed by id.
    equations : DataFrame, optional
        Where the chainage of routes jumps.
    """

    layer: Layer
    features: GeoDataFrame = field(repr=False)
    equations: pd.DataFrame | None = field(default=None, repr=False)
    _known: dict[Any, Any] = field(default_factory=dict, repr=False)

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what was made of the layer under a key, made the first time it is asked for."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    @cached_property
    def located(self) -> GeoDataFrame:
        """The features that have a place."""
        if len(self.features) == 0:
            return self.features
        present, _ = located(self.features, self.layer.id)
        refuse_collections(present, self.layer.id)
        return present

    @cached_property
    def has_place(self) -> NDArray[np.bool_]:
        """Which of the features have a place."""
        return np.asarray(self.features.index.isin(self.located.index), dtype=bool)

    @cached_property
    def accuracy_m(self) -> pd.Series[float]:
        """How far each feature may be off [m]; NaN where that is not known."""
        return pd.Series(accuracies(self.features), self.features.index)

    @cached_property
    def attributes(self) -> pd.DataFrame:
        """The features without their geometries."""
        return pd.DataFrame(self.features.drop(columns=self.features.geometry.name))

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """The boxes in degrees of the features that have a place, shape (n, 4)."""
        return boxes_in_degrees(self.located, shared_crs(self.located))

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(reaching_boxes(self.boxes))

    def near(self, other: Source, margin_m: float) -> Source:
        """Return those of the features that may lie within a distance of another's."""
        if len(self.located) == 0 or len(other.located) == 0:
            return self.only(np.empty(0, dtype=np.intp))
        _, found = self._tree.query(reaching_boxes(other.boxes, margin_m))
        return self.only(np.unique(found))

    def only(self, at: NDArray[np.intp]) -> Source:
        """Return those of the features that have a place which stand at positions among these."""
        if len(at) == len(self.features):
            return self
        features = self.located.iloc[at]
        part = Source(self.layer, features, self.equations)
        # what is known of the whole is not worked out again of a part
        vars(part).update(
            located=features,
            has_place=np.ones(len(at), dtype=bool),
            accuracy_m=self.accuracy_m.reindex(features.index),
            attributes=self.attributes.reindex(features.index),
            boxes=self.boxes[at] if len(at) else np.empty((0, 4)),
        )
        return part

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels to another process: not what was made on the way."""
        kept = {name: vars(self)[name] for name in ("layer", "features", "equations")}
        return {**kept, "_known": {}, "located": self.located}

    def side(self, here: InPlane) -> Side:
        """Return those of the features that are in a plane.

        Their geometries are copies: a check prepares them, and kept layers serve several threads.
        """
        ids = pd.Index(here.ids)
        accuracy = np.asarray(self.accuracy_m.reindex(ids), dtype=np.float64)
        drawn = Drawn(shapely.force_2d(here.geometries), accuracy)
        return Side(self.layer, here.ids, self.attributes.loc[ids], drawn, here.is_part)


def joined(sources: list[Source]) -> Source:
    """Return several layers of one kind as one, its features numbered through."""
    if len(sources) == 1:
        return sources[0]
    frames = [source.features for source in sources if len(source.features)]
    if not frames:
        return sources[0]
    crs = shared_crs(*frames)
    table = pd.concat([frame.rename_geometry("geometry") for frame in frames], ignore_index=True)
    return Source(sources[0].layer, gpd.GeoDataFrame(table, geometry="geometry", crs=crs))


class Bounds(NamedTuple):
    """What a part of a question has to know of the whole.

    Attributes
    ----------
    absent : bool
        Whether an object has no place.
    margin_m : float
        How far from a subject anything may matter [m].
    extent : tuple of float
        Of all layers, in their CRS.
    """

    absent: bool
    margin_m: float
    extent: Extent

    @classmethod
    def of(cls, subject: Source, objects: Source, *beside: Source, reach_m: float) -> Bounds:
        """Return the bounds of two layers, and of those that tell where to measure."""
        located = [one.located for one in (subject, objects, *beside) if len(one.located)]
        extent = extent_of(*located) if located else (0.0, 0.0, 0.0, 0.0)
        absent = bool((~objects.has_place).any())
        return cls(absent, margin_m(subject, objects, reach_m), extent)


def margin_m(subject: Source, objects: Source, reach_m: float) -> float:
    """Return how far apart two features may be drawn and still matter to each other [m]."""
    off = (float(np.nan_to_num(one.accuracy_m).max(initial=0.0)) for one in (subject, objects))
    return reach_m + sum(off) + WIDEST_M


def facings(
    subject: Source,
    objects: Source,
    reach_m: float,
    *,
    land: Source | None = None,
    rivers: Source | None = None,
    near: Near | None = None,
    bounds: Bounds | None = None,
) -> Iterator[Facing]:
    """Yield two layers face to face, once in each plane that they need.

    Parameters
    ----------
    subject, objects : Source
    reach_m : float
        The farthest distance that is asked for [m].
    land, rivers : Source, optional
        The layer of the land of roads, and that of the centrelines of rivers.
    near : {"object", "both"}, optional
        Of which side only what may matter to the other is looked at: worth it where the other
        is one feature. Of both, nothing is yielded where nothing may matter.
    bounds : Bounds, optional
        Of the whole layers, where these are parts of them.
    """
    absent = bool((~objects.has_place).any()) if bounds is None else bounds.absent
    margin = margin_m(subject, objects, reach_m) if bounds is None else bounds.margin_m
    if near is not None:
        objects = objects.near(subject, margin)
    if near == "both":
        subject = subject.near(objects, margin)
    if len(subject.located) == 0:
        return
    beside = [one if one is not None else None for one in (land, rivers)]
    used = [objects, *(one for one in beside if one is not None)]
    frames = [source.located if len(source.located) else _nothing(subject) for source in used]
    extent = None if bounds is None else bounds.extent
    for plane, mine, others in planes_of(subject.located, *frames, margin_m=margin, extent=extent):
        sides = dict(zip([id(source) for source in used], others, strict=True))
        yield Facing(
            plane,
            subject.side(mine),
            objects.side(others[0]),
            reach_m,
            land=None if land is None else _land(land, sides[id(land)]),
            rivers=None if rivers is None else rivers.side(sides[id(rivers)]),
            absent=absent,
        )


def _nothing(like: Source) -> GeoDataFrame:
    return like.located.iloc[:0]


def _land(source: Source, here: InPlane) -> Land:
    side = source.side(here)
    return land_of(side.attributes, side.drawn.geometries, side.drawn.accuracy_m)


def as_ids(ids: Any) -> list[Any]:
    """Return ids as plain values."""
    return [one.item() if isinstance(one, np.generic) else one for one in ids]

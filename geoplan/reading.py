"""The layers of one run: each read once, refused where it cannot belong to the plan."""

from __future__ import annotations

import re
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np

from geoplan.crs import lonlat_bounds, refuse_other_ground, to_crs
from geoplan.errors import GeoplanError, LayerElsewhere
from geoplan.model import Bbox, Layer, LeftOut, Plan
from geoplan.queries.direction import ORIGIN, moved_origin
from geoplan.queries.surroundings import ReadyLayer, ready
from geoplan.queries.uncertainty import ACCURACY, without_accuracy
from geoplan.schema import CHAINAGE_EQUATION, ROUTE_SEGMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd
    from geopandas import GeoDataFrame
    from pandas import DataFrame
    from pyproj import CRS

    from geoplan.catalogue import Catalogue

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


@contextmanager
def naming(*asked: Layer) -> Iterator[None]:
    """Say which layers a query was asked of when it refuses: it knows them by role only."""
    try:
        yield
    except GeoplanError as error:
        names = ", ".join(layer.id for layer in asked)
        raise type(error)(f"{names}: {error}") from error


class LayerReader:
    """Reads each layer once for a run, all in the CRS of the first that is read.

    Queries take layers in one CRS only. Vertices are moved exactly and none is added: edges are
    straight in the measuring plane, whatever their layer is in (decision 2).

    Parameters
    ----------
    catalogue : Catalogue
    already : mapping of str to GeoDataFrame, optional
        What an earlier reader of the plan has read: layer id → features, all in one CRS.
    """

    def __init__(
        self, catalogue: Catalogue, already: Mapping[str, GeoDataFrame] | None = None
    ) -> None:
        self._catalogue = catalogue
        self._read: dict[str, GeoDataFrame] = dict(already or {})
        self._crs: CRS | None = next((one.crs for one in self._read.values()), None)

    def __call__(self, layer: Layer) -> GeoDataFrame:
        """Return a layer's features; the second time without reading them again.

        Raises
        ------
        LayerElsewhere
            None of them is anywhere near the plan's extent.
        CrsMismatch
            The layer is on another datum than the first that was read.
        """
        if layer.id not in self._read:
            features = self._catalogue.read(layer.id)
            _refuse_elsewhere(self._catalogue.plan, layer, features)
            with naming(layer):
                self._read[layer.id] = self.aligned(features)
        return self._read[layer.id]

    def aligned(self, features: GeoDataFrame) -> GeoDataFrame:
        """Return features in the CRS of the run, which is that of the first that come.

        Raises
        ------
        CrsMismatch
            They are on another datum.
        """
        crs = features.crs
        if crs is None or crs.geodetic_crs is None:
            return features  # the query itself says what is wrong
        if self._crs is None:
            self._crs = crs
        if crs == self._crs:
            return features
        refuse_other_ground(crs, self._crs)
        moved = to_crs(features, self._crs)
        if ORIGIN not in moved:
            return moved
        return moved.assign(
            **{ORIGIN: [moved_origin(one, crs, self._crs) for one in features[ORIGIN]]}
        )

    def equations(self, layer: Layer) -> DataFrame | None:
        """Return the broken chainage that the plan holds for a layer's routes, None without."""
        return self._attributes(layer, CHAINAGE_EQUATION)

    def segments(self, layer: Layer) -> DataFrame | None:
        """Return the bridges and tunnels that the plan holds for a layer's routes, None without."""
        return self._attributes(layer, ROUTE_SEGMENT)

    def _attributes(self, layer: Layer, kind: str) -> DataFrame | None:
        found = self._catalogue.attributes(layer.id, kind)
        if found is None:
            return None
        ids = self(layer).index
        return found.assign(route_id=[matching_id(ids, one) for one in found["route_id"]])


def matching_id(ids: pd.Index[Any], asked: Any) -> Any:
    """Return the id among a layer's that is meant, or what was asked where there is none.

    A command line, a CSV and a column of text know no whole numbers, and a layer may have such
    ids: 7 and the text 7 are one, 07 is another.
    """
    if asked in ids:
        return asked
    if isinstance(asked, str):
        if _WHOLE.fullmatch(asked) and int(asked) in ids:
            return int(asked)
    elif str(asked) in ids:
        return str(asked)
    return asked


class Resident(NamedTuple):
    """A layer kept ready to be asked again: its features in a tree, and their names."""

    ready: ReadyLayer
    names: Mapping[Any, tuple[Any, Any]]


_Made = TypeVar("_Made")


class Kept(Generic[_Made]):
    """What was made of layers, kept until their files change; the least used goes first."""

    def __init__(self, most: int = 64) -> None:
        self._kept: OrderedDict[tuple[Any, ...], _Made] = OrderedDict()
        self._most = most

    def get(self, catalogue: Catalogue, layer: Layer, make: Callable[[Layer], _Made]) -> _Made:
        """Return what was made of a layer, made anew where its file or its entry changed."""
        state = (layer, *file_state(catalogue, layer))
        found = self._kept.get(state)
        if found is None:
            found = self._kept[state] = make(layer)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(state)
        return found


def file_state(catalogue: Catalogue, layer: Layer) -> tuple[Any, ...]:
    """Return what changes when the file of a layer does."""
    path = catalogue.path(layer.id).resolve()
    stat = path.stat() if path.exists() else None
    return path, stat and (stat.st_mtime_ns, stat.st_size, stat.st_ino)


_RESIDENT: Kept[Resident] = Kept()


def resident(catalogue: Catalogue, layer: Layer) -> Resident:
    """Return a layer made ready for `geoplan.queries.site_check`, kept until its file changes.

    Raises
    ------
    LayerElsewhere
        None of its features is anywhere near the plan's extent.
    BadData
        What it holds cannot be measured.
    """
    return _RESIDENT.get(catalogue, layer, lambda one: _made_ready(catalogue, one))


def _made_ready(catalogue: Catalogue, layer: Layer) -> Resident:
    features = LayerReader(catalogue)(layer)
    zh = layer.name_column
    en = layer.name_en_column or zh
    told = zip(features.index, features[zh], features[en], strict=True) if zh and en else ()
    names = {feature: (name, name_en) for feature, name, name_en in told}
    return Resident(ready(features, layer.id), names)


def _refuse_elsewhere(plan: Plan, layer: Layer, features: GeoDataFrame) -> None:
    """Refuse a layer none of which is near the plan: it would read as "nothing overlaps".

    Exchanged axes, a wrong zone or metres taken for degrees carry a layer to another place on
    Earth without breaking a rule of geometry.
    """
    places = features.geometry[~(features.geometry.isna() | features.is_empty)]
    if places.empty or features.crs is None or not np.isfinite(places.total_bounds).all():
        return  # the query itself says what is wrong
    west, south, east, north = lonlat_bounds(places.total_bounds, features.crs)
    extent = Bbox(*plan.extent)
    beside = west > extent.xmax or east < extent.xmin
    if not (beside or south > extent.ymax or north < extent.ymin):
        return
    raise LayerElsewhere(
        f"layer {layer.id!r} lies at {west:.2f}° to {east:.2f}° east, {south:.2f}° to {north:.2f}° "
        f"north, nowhere near the plan's extent {list(extent)}: are x and y exchanged, is the CRS "
        f"({features.crs.name}) the one its coordinates are in, is the extent right?"
    )


def unlocated(used: tuple[Layer, ...], read: LayerReader) -> list[LeftOut]:
    """Return, for each layer, the features without a position."""
    absent = []
    for layer in used:
        features = read(layer)
        missing = features.index[features.geometry.isna() | features.is_empty]
        if len(missing):
            absent.append(LeftOut("no_geometry", (layer.id,), tuple(missing)))
    return absent


def of_unknown_accuracy(used: tuple[Layer, ...], read: LayerReader) -> list[LeftOut]:
    """Return, for each layer, the located features whose accuracy is not known.

    That nothing was found of them proves nothing. Of a layer without the column no ids are
    listed: all of it is meant.
    """
    unknown = []
    for layer in used:
        features = read(layer)
        located = features[~(features.geometry.isna() | features.is_empty)]
        ids = without_accuracy(located)
        if len(ids):
            listed = tuple(ids) if ACCURACY in located else ()
            unknown.append(LeftOut("no_accuracy", (layer.id,), listed))
    return unknown

"""What every query asks of a layer before it measures, refused in words when it is not so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.errors import BadQuery, DuplicateId, EmptyLayer, InvalidGeometry, WrongGeometryType
from geoplan.queries import engine

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

POINT, LINE, AREA = 0, 1, 2
NAMES = {POINT: "points", LINE: "lines", AREA: "areas"}


def located(
    layer: GeoDataFrame, role: str, *, kernels_follow: bool = False
) -> tuple[GeoDataFrame, list[Any]]:
    """Split a layer into the features that have a place and the ids of those that have none.

    Parameters
    ----------
    layer : GeoDataFrame
        Indexed by feature id.
    role : str
        What the layer is in the question, for messages.
    kernels_follow : bool, default False
        Whether kernels answer what follows where it is large: they are then loaded now.

    Raises
    ------
    EmptyLayer
        The layer has no feature at all.
    DuplicateId
        Two features share an id, or one has none, so an answer could not say which is meant.
    InvalidGeometry
        A geometry is not valid in the sense of ISO 19125-1; the message has its id and place.
    """
    if len(layer) == 0:
        raise EmptyLayer(f"the layer given as {role} has no features: nothing can be asked of it")
    if layer.index.hasnans:
        raise DuplicateId(f"a feature of {role} has no id: give each its own")
    if not layer.index.is_unique:
        twice = layer.index[layer.index.duplicated()].tolist()[0]
        raise DuplicateId(f"two features of {role} have the id {twice!r}: ids must be unique")
    geometries = layer.geometry.to_numpy()
    missing = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    present = layer[~missing] if missing.any() else layer
    refuse_invalid(present, role, kernels_follow=kernels_follow)
    return present, layer.index[missing].tolist()


def refuse_invalid(layer: GeoDataFrame, role: str, *, kernels_follow: bool = False) -> None:
    """Refuse a layer with a geometry that is not valid."""
    geometries = layer.geometry.to_numpy()
    broken = np.flatnonzero(~_is_valid(geometries, kernels_follow=kernels_follow))
    if len(broken):
        first = broken[0]
        reason = shapely.is_valid_reason(geometries[first])
        feature = layer.index[broken].tolist()[0]
        raise InvalidGeometry(
            f"feature {feature!r} of {role} is not a valid geometry: {reason} "
            f"({len(broken)} such in the layer): repair it at its source, "
            f"or with shapely.make_valid and a look at what changed"
        )


def _is_valid(geometries: NDArray[Any], *, kernels_follow: bool) -> NDArray[np.bool_]:
    # to load them for this alone takes longer than GEOS does
    if (kernels_follow or engine.is_loaded()) and engine.is_worth_it(geometries):
        from geoplan.kernels.simple import is_valid

        return is_valid(geometries)
    return np.asarray(shapely.is_valid(geometries))


def refuse_collections(layer: GeoDataFrame, role: str) -> None:
    """Refuse a layer with a geometry collection, which has no one dimension.

    Raises
    ------
    WrongGeometryType
        A feature is a geometry collection.
    """
    kinds = shapely.get_type_id(layer.geometry.to_numpy())
    collections = np.flatnonzero(kinds == shapely.GeometryType.GEOMETRYCOLLECTION)
    if len(collections):
        feature = layer.index[collections].tolist()[0]
        raise WrongGeometryType(
            f"{role} holds geometry collections, the first is feature {feature!r}: split it into "
            f"a layer of points, one of lines and one of areas"
        )


def dimension(layer: GeoDataFrame, role: str) -> int:
    """Return the one dimension of a layer's located features: 0, 1 or 2; -1 when none is.

    Raises
    ------
    WrongGeometryType
        The features are of several dimensions, or one is a geometry collection.
    """
    refuse_collections(layer, role)
    dimensions = np.unique(shapely.get_dimensions(layer.geometry.to_numpy()))
    if len(dimensions) > 1:
        names = " and ".join(NAMES[int(number)] for number in dimensions)
        raise WrongGeometryType(f"{role} mixes {names}: split it into a layer for each")
    return int(dimensions[0]) if len(dimensions) else -1


def refuse_negative(**lengths: float) -> None:
    """Refuse a minimum or a distance that is not a finite number from zero up.

    Raises
    ------
    BadQuery
        One is negative, infinite or not a number; the message has its name.
    """
    for name, value in lengths.items():
        if not (np.isfinite(value) and value >= 0):
            raise BadQuery(f"{name} must be a finite number, zero or more; got {value!r}")

"""Makes a map tell less than the plan knows: coarser coordinates, fewer fields."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS

from geoplan.crs import to_crs
from geoplan.errors import BadQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from geopandas import GeoDataFrame

    from geoplan.model import Layer
    from geoplan.webmap.content import MapContent

_SIDES = ("left", "right", "zone", "subject", "object")
_PLACES = ("_x", "_y", "_lon", "_lat")
"""Ends of columns of results that tell coordinates as numbers."""


def coarsened(content: MapContent, grid_m: int) -> MapContent:
    """Round every coordinate of a map to a grid in the plan's measuring plane.

    Parameters
    ----------
    content : MapContent
        The features of its layers, and the places of its answers.
    grid_m : int
        Width of the grid [m].

    Returns
    -------
    MapContent
        Vertices that fell together are one; what is smaller than the grid has no position
        any more. Figures are still those of the exact geometries, and fields of the layers are
        as they were.
    """
    plane = CRS.from_user_input(content.plan.measuring_plane)

    def rounded(features: GeoDataFrame) -> GeoDataFrame:
        if features.crs is None or features.geometry.isna().all():
            return features
        flat = to_crs(features, plane)
        return flat.set_geometry(_on_grid(flat.geometry.to_numpy(), grid_m), crs=plane)

    layers = (replace(entry, features=rounded(entry.features)) for entry in content.layers)

    def told(found: GeoDataFrame) -> GeoDataFrame:
        exact = [name for name in found.columns if str(name).endswith(_PLACES)]
        return rounded(found.drop(columns=exact))

    answers = _answers(content, told)
    return replace(content, layers=tuple(layers), precision_m=grid_m, **answers)


def _on_grid(shapes: Any, grid_m: int) -> Any:
    """Return geometries on a grid, null where nothing is left."""
    flat = shapely.force_2d(shapes)
    sound = shapely.is_valid(flat)  # GEOS cleans up what is valid, and stumbles over the rest
    done = np.empty(len(flat), dtype=object)
    done[sound] = shapely.set_precision(flat[sound], grid_m)
    done[~sound] = shapely.set_precision(flat[~sound], grid_m, mode="pointwise")
    done[shapely.is_empty(done)] = None
    return done


def without_fields(content: MapContent, names: Collection[str]) -> MapContent:
    """Leave fields out of every layer, and names that are among them out of answers too.

    Raises
    ------
    BadQuery
        No layer of the map has one of them.
    """
    known = {str(column) for entry in content.layers for column in entry.features.columns}
    known -= {str(entry.features.geometry.name) for entry in content.layers}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadQuery(
            f"no layer of this map has the field {unknown[0]!r}; there are: "
            f"{', '.join(sorted(known))}"
        )
    layers = tuple(
        replace(entry, features=entry.features.drop(columns=[*names], errors="ignore"))
        for entry in content.layers
    )
    nameless = {
        entry.layer.id for entry in content.layers if _name_columns(entry.layer) & set(names)
    }

    def unnamed(found: GeoDataFrame) -> GeoDataFrame:
        found = found.copy()
        for side in _SIDES:
            if f"{side}_layer" not in found:
                continue
            rows = found[f"{side}_layer"].isin(nameless)
            for column in (f"{side}_name", f"{side}_name_en"):
                if column in found:
                    found[column] = found[column].astype(object).mask(rows, None)
        return found

    return replace(content, layers=layers, **_answers(content, unnamed))


def _name_columns(layer: Layer) -> set[str]:
    return {name for name in (layer.name_column, layer.name_en_column) if name}


def _answers(content: MapContent, change: Callable[[GeoDataFrame], GeoDataFrame]) -> dict[str, Any]:
    answers = {name: getattr(content, name) for name in ("overlaps", "coverage", "check")}
    return {
        name: None if one is None else replace(one, features=change(one.features))
        for name, one in answers.items()
    }

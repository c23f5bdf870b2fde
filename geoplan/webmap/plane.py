"""The plan's measuring plane as the page's scripts compute it."""

from __future__ import annotations

from typing import Any

from pyproj import CRS

_PARAMETERS = {
    "latitude": 8801,
    "meridian": 8802,
    "scale": 8805,
    "false_easting": 8806,
    "false_northing": 8807,
}
"""EPSG codes of what defines a transverse Mercator."""

_TRANSVERSE_MERCATOR = "9807"


def plane_of(code: str) -> dict[str, Any]:
    """Return the ellipsoid of a plane, and the plane where it is a transverse Mercator.

    Examples
    --------
    >>> plane_of("EPSG:4550")["plane"]["meridian"]
    123.0
    """
    crs = CRS.from_user_input(code)
    axes = crs.ellipsoid
    assert axes is not None, "a plane has an ellipsoid"  # noqa: S101 - for the type
    flattening = 1.0 / axes.inverse_flattening if axes.inverse_flattening else 0.0
    figure = {"a": axes.semi_major_metre, "f": flattening}
    return {"ellipsoid": figure, "plane": _transverse_mercator(crs, code, figure)}


def _transverse_mercator(crs: CRS, code: str, figure: dict[str, float]) -> dict[str, Any] | None:
    way = crs.coordinate_operation
    metres = {axis.unit_conversion_factor for axis in crs.axis_info} == {1.0}
    if way is None or way.method_code != _TRANSVERSE_MERCATOR or not metres:
        return None
    said = {int(one.code): float(one.value) for one in way.params}  # in degrees and metres
    numbers = {name: said[number] for name, number in _PARAMETERS.items()}
    datum = crs.geodetic_crs.name if crs.geodetic_crs else ""
    return {**figure, **numbers, "code": code, "name": crs.name, "datum": datum}

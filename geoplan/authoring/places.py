"""What recipes refer to: places whose positions are known, and courses drawn through them.

A place is a feature with a ``point`` in a source of its own, so that the same text is the layer
of places on the map and the ground that circles and routes stand on. How far off it may be and
where it comes from pass on to whatever is drawn with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import shapely

from geoplan.authoring import shapes
from geoplan.authoring.source import read_source
from geoplan.errors import SourceInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyproj import CRS
    from shapely.geometry.base import BaseGeometry

    from geoplan.authoring.source import LayerSource, SourceFeature, Value

ACCURACY, BASIS = "geometry_accuracy_m", "coordinate_basis"
BASES = ("estimated", "derived", "sourced")
"""Where a position comes from, worst first: general knowledge, worked out from a source, or
printed in one."""

UNPUBLISHED = "unpublished"
"""The basis of a feature without geometry."""


@dataclass(frozen=True)
class Place:
    """A known position.

    Attributes
    ----------
    point : tuple of float
        x, y in the CRS of its source.
    accuracy_m : float
        How far off it may be [m].
    basis : str
        One of `BASES`.
    """

    point: tuple[float, float]
    accuracy_m: float
    basis: str


@dataclass(frozen=True)
class Drawn:
    """A geometry and what can be said of it.

    Attributes
    ----------
    geometry : shapely geometry or None
        None where no place is published.
    values : mapping
        Column → value that follows from how it was drawn.
    """

    geometry: BaseGeometry | None
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Ground:
    """What the recipes of one source may refer to.

    Attributes
    ----------
    places : mapping
        Id → `Place`.
    courses : mapping
        Id → `Drawn`, lines.
    files : tuple of Path
        The sources it was read from: when one changes, what stands on it is built anew.
    """

    places: Mapping[str, Place] = field(default_factory=dict)
    courses: Mapping[str, Drawn] = field(default_factory=dict)
    files: tuple[Path, ...] = ()


def read_ground(source: LayerSource, path: Path, crs: CRS) -> Ground:
    """Read the places and courses that a source names.

    Parameters
    ----------
    source : LayerSource
        The source whose recipes refer to them.
    path : Path
        Where it stands; they stand beside it.
    crs : pyproj.CRS
        Its CRS, which must be theirs too.

    Raises
    ------
    SourceInvalid
        One of them cannot be read, is in another CRS, or holds a feature of the wrong sort.
    """
    ground = Ground()
    if source.places is not None:
        file = path.parent / source.places
        ground = Ground(_places(_read_beside(file, source), file), files=(file,))
    if source.courses is not None:
        file = path.parent / source.courses
        lines = _read_beside(file, source)
        if lines.courses is not None:
            raise SourceInvalid(f"{file}: a source of courses has no courses of its own")
        beneath = read_ground(lines, file, crs)
        courses = {line.id: draw(line, beneath, crs, file) for line in lines.features}
        files = dict.fromkeys((*ground.files, file, *beneath.files))
        ground = Ground(ground.places, courses, tuple(files))
    return ground


def draw(feature: SourceFeature, ground: Ground, crs: CRS, path: Path) -> Drawn:
    """Make a feature's geometry as its recipe says.

    Returns
    -------
    Drawn
        With ``geometry_accuracy_m`` and ``coordinate_basis`` of the worst place it stands on
        and a ``geometry_recipe`` that says how it was drawn; without geometry the basis is
        `UNPUBLISHED`.

    Raises
    ------
    SourceInvalid
        A place or course is unknown, the shape cannot be drawn, or the feature claims to be
        better than what it stands on; the message names the feature.
    """
    try:
        return _checked(feature, _draw(feature, ground, crs))
    except SourceInvalid as error:
        raise SourceInvalid(f"{path}: feature {feature.id!r}: {error}") from error


def _draw(feature: SourceFeature, ground: Ground, crs: CRS) -> Drawn:
    if feature.wkt is not None:
        return Drawn(_from_wkt(feature.wkt))
    if feature.point is not None:
        return Drawn(shapely.Point(feature.point), {"data_quality": "indicative"})
    if feature.circle is not None:
        place = _known(ground.places, feature.circle.place, "place")
        shape: Any = shapes.circle(crs, place.point, feature.circle.area_ha * 1e4)
        words = f"circle of {feature.circle.area_ha:g} ha round {feature.circle.place}"
        return Drawn(shape, _schematic([place], words))
    if feature.route is not None:
        return _draw_route(feature.route, ground, crs)
    if feature.corridor is not None:
        return _draw_corridor(feature, ground, crs)
    return Drawn(None, {BASIS: UNPUBLISHED, "data_quality": "none"})


def _draw_route(stops: tuple[str, ...], ground: Ground, crs: CRS) -> Drawn:
    places = [_known(ground.places, stop, "place") for stop in stops]
    for stop, here, there in zip(stops, places, places[1:], strict=False):
        if here.point == there.point:
            raise SourceInvalid(f"route: the leg from {stop!r} has no length")
    shape = shapes.route(crs, [place.point for place in places])
    return Drawn(shape, _schematic(places, f"straight legs {' - '.join(stops)}"))


def _draw_corridor(feature: SourceFeature, ground: Ground, crs: CRS) -> Drawn:
    recipe = feature.corridor
    assert recipe is not None  # noqa: S101 - for the type
    course = _known(ground.courses, recipe.along, "course")
    if not isinstance(course.geometry, shapely.LineString):
        raise SourceInvalid(f"corridor: the course {recipe.along!r} is not a line")
    shape = shapes.corridor(crs, course.geometry, recipe.half_width_m, recipe.ends)
    words = f"{recipe.half_width_m:g} m to either side of {recipe.along}, {recipe.ends} ends"
    values = {
        **course.values,
        "geometry_recipe": words,
        "nominal_half_width_m": recipe.half_width_m,
    }
    return Drawn(shape, values)


def _schematic(places: list[Place], recipe: str) -> dict[str, Value]:
    return {
        "geometry_method": "schematic",
        ACCURACY: max(place.accuracy_m for place in places),
        BASIS: min((place.basis for place in places), key=BASES.index),
        "data_quality": "indicative",
        "geometry_recipe": recipe,
    }


def _checked(feature: SourceFeature, drawn: Drawn) -> Drawn:
    """Refuse a feature that claims to be better known than what it stands on.

    What it states for the worse holds, also for what is drawn along it.
    """
    values = dict(drawn.values)
    stated_m, stated_basis = feature.attributes.get(ACCURACY), feature.attributes.get(BASIS)
    if drawn.geometry is None and (stated_m is not None or stated_basis not in (None, UNPUBLISHED)):
        raise SourceInvalid(f"without a geometry it has neither {ACCURACY} nor {BASIS}")
    if stated_m is not None and ACCURACY in values:
        if float(str(stated_m)) < float(str(values[ACCURACY])):
            raise SourceInvalid(
                f"{ACCURACY} = {stated_m} is better than its worst place, ±{values[ACCURACY]:g} m"
            )
        values[ACCURACY] = stated_m
    if stated_basis is not None and BASIS in values:
        if _rank(stated_basis) > _rank(values[BASIS]):
            raise SourceInvalid(
                f"{BASIS} = {stated_basis!r} is better than its worst place, {values[BASIS]!r}"
            )
        values[BASIS] = stated_basis
    return Drawn(drawn.geometry, values)


def _rank(basis: Value) -> int:
    """Return how good a basis is; without a position nothing is better than unpublished."""
    if basis == UNPUBLISHED:
        return -1
    if basis not in BASES:
        raise SourceInvalid(f"{BASIS} = {basis!r} is none of {', '.join(BASES)}")
    return BASES.index(str(basis))


def _known(known: Mapping[str, Any], name: str, sort: str) -> Any:
    if name not in known:
        listed = ", ".join(known) or "none: the source names no file of them"
        raise SourceInvalid(f"unknown {sort} {name!r}; known: {listed}")
    return known[name]


def _from_wkt(wkt: str) -> BaseGeometry:
    try:
        geometry: BaseGeometry = shapely.from_wkt(wkt)
    except shapely.errors.ShapelyError as error:
        raise SourceInvalid(f"wkt: {error}") from error
    if not shapely.is_valid(geometry):
        raise SourceInvalid(shapely.is_valid_reason(geometry))
    return geometry


def _read_beside(file: Path, source: LayerSource) -> LayerSource:
    beside = read_source(file)
    if beside.crs != source.crs:
        raise SourceInvalid(f"{file} is in {beside.crs}, the source that names it in {source.crs}")
    return beside


def _places(source: LayerSource, file: Path) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for feature in source.features:
        where = f"{file}: place {feature.id!r}"
        values = {**source.defaults, **feature.attributes}
        accuracy, basis = values.get(ACCURACY), values.get(BASIS)
        if feature.point is None:
            raise SourceInvalid(f"{where}: it needs a point")
        if isinstance(accuracy, bool) or not isinstance(accuracy, int | float) or accuracy <= 0:
            raise SourceInvalid(f"{where}: {ACCURACY} = {accuracy!r} is no distance in metres")
        if basis not in BASES:
            raise SourceInvalid(f"{where}: {BASIS} = {basis!r} is none of {', '.join(BASES)}")
        places[feature.id] = Place(feature.point, float(accuracy), str(basis))
    return places

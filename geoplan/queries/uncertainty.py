"""What can be said for certain of features whose boundaries are known to a few metres only.

Each boundary may lie anywhere within its feature's accuracy of where it is drawn. Two features
are uncertain by r, the plain sum of their accuracies. An outcome is ``hit`` when it holds
wherever the two boundaries really are, ``clear`` when it holds nowhere, and else ``uncertain``.
An accuracy that is not known (NaN) allows neither ``hit`` nor ``clear``.

The rules and worked examples stand in ``docs/decisions/0014-uncertainty.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.errors import AccuracyInvalid
from geoplan.queries.certain import Drawn, meet_for_certain

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

ACCURACY = "geometry_accuracy_m"
"""The column that says how far a feature's boundary may be off [m]."""

_ON_BOUNDARY_M = 1e-6  # further than rounding in an intersection ever puts a point


def accuracies(layer: GeoDataFrame) -> NDArray[np.float64]:
    """Return how far each feature's boundary may be off [m], NaN where that is not known.

    Parameters
    ----------
    layer : GeoDataFrame
        Indexed by feature id; ``geometry_accuracy_m`` may be absent.

    Returns
    -------
    ndarray of float, shape (n,)
        Zero means exact. Without the column everything is NaN.

    Raises
    ------
    AccuracyInvalid
        A value is negative, infinite or no number.

    Examples
    --------
    >>> import geopandas as gpd
    >>> drawn = gpd.GeoDataFrame({"geometry_accuracy_m": [5, None]}, geometry=[None, None])
    >>> accuracies(drawn).tolist()
    [5.0, nan]
    """
    if ACCURACY not in layer.columns:
        return np.full(len(layer), np.nan)
    column = layer[ACCURACY]
    plain = column.map(lambda value: not isinstance(value, (str, bool, np.bool_)))
    given = pd.to_numeric(column.where(plain), errors="coerce").to_numpy(float, na_value=np.nan)
    wrong = (column.notna().to_numpy() & np.isnan(given)) | (given < 0) | np.isinf(given)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise AccuracyInvalid(
            f"feature {layer.index.tolist()[first]!r} has {ACCURACY} = {column.iloc[first]!r} "
            f"({int(wrong.sum())} such): it must be a finite number of metres, zero or more, or "
            f"empty where it is not known"
        )
    return np.asarray(given, dtype=float)


def with_accuracy(layer: GeoDataFrame) -> GeoDataFrame:
    """Return a layer with nothing but its geometry and its accuracy, if it has one."""
    needed = [ACCURACY] if ACCURACY in layer else []
    return layer[[*needed, layer.geometry.name]]


def without_accuracy(layer: GeoDataFrame) -> list[Any]:
    """Return the ids of the features whose accuracy is not known.

    For these the absence of a finding proves nothing, so a query lists them as left out.
    """
    return list(layer.index[np.isnan(accuracies(layer))].tolist())


def distance_outcome(
    distance_m: NDArray[np.float64], uncertainty_m: NDArray[np.float64], threshold_m: float
) -> NDArray[np.str_]:
    """Tell which pairs are nearer to each other than a threshold.

    Parameters
    ----------
    distance_m, uncertainty_m : ndarray of float, shape (n,)
        Measured distances and the sums of both accuracies [m].
    threshold_m : float
        The distance that must be kept [m].

    Returns
    -------
    ndarray of str, shape (n,)
        ``hit`` (nearer for certain), ``clear`` (further for certain) or ``uncertain``.

    Examples
    --------
    >>> off = np.array([5.0, 5.0, 5.0, np.nan])
    >>> distance_outcome(np.array([40.0, 47.0, 56.0, 400.0]), off, 50.0).tolist()
    ['hit', 'uncertain', 'clear', 'uncertain']
    """
    outcome = _all_uncertain(len(distance_m))
    outcome[distance_m + uncertainty_m < threshold_m] = "hit"
    outcome[distance_m - uncertainty_m > threshold_m] = "clear"
    return outcome


def meeting_outcome(
    left: Drawn,
    right: Drawn,
    ours: NDArray[np.intp],
    theirs: NDArray[np.intp],
    distance_m: NDArray[np.float64],
) -> NDArray[np.str_]:
    """Tell which pairs of features meet, whatever their dimensions.

    Parameters
    ----------
    left, right : Drawn
        Features in one measuring plane.
    ours, theirs : ndarray of int, shape (p,)
        Positions of the pairs in `left` and `right`.
    distance_m : ndarray of float, shape (p,)
        Measured distances [m]; 0 where the two intersect.

    Returns
    -------
    ndarray of str, shape (p,)
        ``hit``, ``clear`` or ``uncertain``.

    Notes
    -----
    ``clear`` when the distance exceeds r. ``hit`` when a point lies in both features deeper than
    each may be off, or their lines part by more than r on both sides of a crossing. With
    r = 0 that is the drawn answer: ``hit`` if they intersect, else ``clear``.
    """
    off = left.accuracy_m[ours] + right.accuracy_m[theirs]
    outcome = _all_uncertain(len(ours))
    outcome[distance_m > off] = "clear"
    outcome[(distance_m == 0) & (off == 0)] = "hit"
    asked = np.flatnonzero((distance_m == 0) & (off > 0))
    outcome[asked[meet_for_certain(left, right, ours[asked], theirs[asked])]] = "hit"
    return outcome


def area_pm_m2(shared: NDArray[Any], left: Drawn, right: Drawn) -> NDArray[np.float64]:
    """Return by how much the shared areas of pairs may be off, to first order [m²].

    Parameters
    ----------
    shared : ndarray of shapely geometries, shape (p,)
        What each pair shares, polygons.
    left, right : Drawn
        The two features of each pair, shape (p,), in the same plane.

    Notes
    -----
    The boundary of the shared part that stems from each feature, times that feature's accuracy.
    Where both boundaries run together the greater accuracy counts.
    """
    greater = left.accuracy_m > right.accuracy_m
    vague = np.where(greater, left.geometries, right.geometries)
    sharp = np.where(greater, right.geometries, left.geometries)
    most = np.maximum(left.accuracy_m, right.accuracy_m)
    least = np.minimum(left.accuracy_m, right.accuracy_m)
    perimeter = shapely.length(shared)
    of_vague = perimeter.copy()
    unequal = np.flatnonzero(least < most)
    shapely.prepare(vague[unequal])
    within = shapely.contains_properly(vague[unequal], sharp[unequal])
    of_vague[unequal[within]] = 0.0
    mixed = unequal[~within]
    inside = shapely.intersection(shapely.boundary(vague[mixed]), sharp[mixed])
    of_vague[mixed] = np.minimum(shapely.length(inside), perimeter[mixed])
    return np.asarray(of_vague * most + (perimeter - of_vague) * least)


def length_pm_m(shared: NDArray[Any], lines: Drawn, areas: Drawn) -> NDArray[np.float64]:
    """Return by how much the lengths of lines inside areas may be off, to first order [m].

    Parameters
    ----------
    shared : ndarray of shapely geometries, shape (p,)
        The part of each line inside its area, lines.
    lines, areas : Drawn
        The line and the area of each pair, shape (p,), in the same plane.

    Notes
    -----
    Where a line enters or leaves an area at an angle α, the place moves along it by up to
    r / sin α; a line's own end inside the area moves by the line's accuracy.
    """
    pieces, owner = shapely.get_parts(shapely.line_merge(shared), return_index=True)
    off = (lines.accuracy_m + areas.accuracy_m)[owner]
    edges = shapely.boundary(areas.geometries)[owner]
    step = np.minimum(off, shapely.length(pieces) / 2.0)
    total = np.zeros(len(shared))
    for end, way in ((0, 1.0), (-1, -1.0)):
        own_end = shapely.distance(shapely.get_point(pieces, end), edges) > _ON_BOUNDARY_M
        depth = shapely.distance(shapely.line_interpolate_point(pieces, way * step), edges)
        with np.errstate(divide="ignore", invalid="ignore"):
            along = np.where(off > 0, off * step / depth, off)
        moved = np.where(own_end, lines.accuracy_m[owner], along)
        total += np.bincount(owner, weights=moved, minlength=len(shared))
    return total


def plus_minus(
    measured: NDArray[np.float64], pm: NDArray[np.float64], most: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return least and greatest values, and the ± where a ± says something.

    Parameters
    ----------
    measured, pm, most : ndarray of float, shape (n,)
        What was measured, by how much it may be off, and what it cannot exceed (the smaller
        of both areas, the length of the line), all in one unit.

    Returns
    -------
    tuple of ndarray of float, shape (n,)
        Least, greatest, ±. Where the ± reaches what was measured, it is NaN and only the range
        holds. All three are NaN where an accuracy is not known.

    Notes
    -----
    An area never exceeds its perimeter times its inradius, so a ± below the area also means
    that the accuracy is below the inradius.

    Examples
    --------
    >>> least, greatest, pm = plus_minus(*np.array([[5000, 40], [900, 60], [60000, 300]]))
    >>> least.tolist(), greatest.tolist(), pm.tolist()
    ([4100.0, 0.0], [5900.0, 100.0], [900.0, nan])
    """
    least = np.maximum(measured - pm, 0.0)
    greatest = np.minimum(measured + pm, np.maximum(most, measured))
    unknown = np.isnan(pm)
    return (
        np.where(unknown, np.nan, least),
        np.where(unknown, np.nan, greatest),
        np.where((pm < measured) | (pm == 0), pm, np.nan),
    )


def _all_uncertain(count: int) -> NDArray[np.str_]:
    return np.full(count, "uncertain", dtype="<U11")

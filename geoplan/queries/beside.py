"""What lies round a site: the features of all its layers that are near, and how near.

Layers know boxes in degrees only. What a box brings up is measured in the plane of the site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.degree_boxes import reaching_boxes
from geoplan.queries.nearest_points import Pieces, near_pairs, pieces_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.queries.surroundings import ReadyLayer, Site

_FARTHEST_M = 300_000.0
"""How far a nearest feature is looked for; beyond it a plane is no longer true."""


@dataclass(frozen=True)
class Beside:
    """Features near the site, of all layers together: columns of one length.

    Attributes
    ----------
    layer : ndarray of int
        The number of the layer of each.
    ids, accuracy_m : ndarray
        As in `ReadyLayer`.
    shapes : ndarray of shapely geometries
        In the plane of the site.
    points : ndarray of float, shape (n, 4)
        The nearest places on the site and on the feature, x and y [m].
    distance_m : ndarray of float
        On the ellipsoid [m].
    far : ndarray of bool
        Whether it is listed only because its layer has nothing nearer.
    """

    layer: NDArray[np.intp]
    ids: NDArray[Any]
    accuracy_m: NDArray[np.float64]
    shapes: NDArray[Any]
    points: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    far: NDArray[np.bool_]

    def where(self, wanted: NDArray[Any]) -> Beside:
        """Return some of them."""
        return Beside(*(getattr(self, name)[wanted] for name in self.__dataclass_fields__))


def all_beside(site: Site, layers: list[ReadyLayer], within_m: float) -> Beside:
    """Return what is within the distance of the site; of a layer without such, its nearest."""
    site_off = float(np.nan_to_num(site.accuracy_m))
    near = _beside(site, layers, [within_m] * len(layers))
    # what can reach the site by its accuracy is listed, however far it is drawn
    limit = np.maximum(within_m, np.nan_to_num(near.accuracy_m) + site_off)
    near = near.where(near.distance_m <= limit)
    empty = [
        number
        for number, layer in enumerate(layers)
        if len(layer.ids) and not (near.layer == number).any()
    ]
    nearest = [_nearest(site, layers, number) for number in empty]
    columns = zip(*(vars(one).values() for one in (near, *nearest)), strict=True)
    return Beside(*(np.concatenate(values) for values in columns))


def _beside(site: Site, layers: list[ReadyLayer], reach_m: list[float]) -> Beside:
    """Return the features of layers that are within a distance, or may be by their accuracy."""
    site_off = float(np.nan_to_num(site.accuracy_m))
    worst = np.array([layer.worst_m for layer in layers]) + site_off
    farthest = np.maximum(reach_m, worst)
    boxes = reaching_boxes(np.repeat(site.box, len(layers), axis=0), farthest)
    found = [
        np.sort(layer.tree.query(box)) for layer, box in zip(layers, boxes.tolist(), strict=True)
    ]
    asked = list(zip(layers, found, strict=True))
    drawn = [layer.in_plane(site.plane, at) for layer, at in asked]
    shapes, runs = (_together([one[column] for one in drawn], object) for column in (0, 1))
    limit = np.array([farthest.max(initial=0.0)])
    near = near_pairs(site.plane, pieces_of(site.shape), Pieces.of_cut(shapes, runs), limit)
    at = near.theirs
    counts = np.array([len(rows) for rows in found], dtype=np.intp)
    number = np.repeat(np.arange(len(layers)), counts)
    return Beside(
        number[at],
        _together([layer.ids[rows] for layer, rows in asked], object)[at],
        _together([layer.accuracy_m[rows] for layer, rows in asked], float)[at],
        shapes[at],
        near.points,
        near.distance_m,
        np.zeros(len(at), dtype=bool),
    )


def _together(parts: list[NDArray[Any]], dtype: type) -> NDArray[Any]:
    """Return the values of all layers as one array."""
    return np.concatenate([np.empty(0, dtype=dtype), *parts])


def _nearest(site: Site, layers: list[ReadyLayer], number: int) -> Beside:
    """Return the nearest feature of one layer, none where all are too far to be measured.

    The tree knows degrees only. What is nearest there gives a distance that the true nearest
    cannot exceed; all that lie within it are measured.
    """
    layer = layers[number]
    guess = layer.tree.query_nearest(shapely.box(*site.box[0]), all_matches=False)
    pieces = Pieces.of_cut(*layer.in_plane(site.plane, guess))
    first = near_pairs(site.plane, pieces_of(site.shape), pieces, np.array([_FARTHEST_M]))
    bound = float(first.distance_m[0]) * (1 + 1e-9) + 1e-6 if len(first.distance_m) else 0.0
    one = _beside(site, [layer], [bound])
    one = one.where(one.distance_m <= bound)
    # of equally near ones the id that comes first as text, whatever the order of the rows
    order = sorted(range(len(one.ids)), key=lambda row: (one.distance_m[row], str(one.ids[row])))
    best = one.where(np.array(order[:1], dtype=np.intp))
    best.layer[:], best.far[:] = number, True
    return best

"""Large questions parted into small ones, whose answers together are the answer.

Every pair belongs to its left feature, every zone to itself: so a part is some features of the
layer that drives the question, with all of the others that may lie within reach of them, and no
part has anything of another's answer. How a question is parted decides how much memory it takes
and who works on what, never what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import shared_crs
from geoplan.degree_boxes import boxes_in_degrees, reaching_boxes
from geoplan.errors import BadQuery
from geoplan.queries.mapping import answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.crs import MeasuringPlane
    from geoplan.queries.mapping import Map

FEATURES = 50_000
"""Of all layers together in a part, when nothing else is said."""

_SHAPES_AT_ONCE = 100_000  # each takes some hundred bytes


@dataclass(frozen=True)
class Answer:
    """What is found in a part: rows, and the planes they were measured in."""

    rows: pd.DataFrame
    planes: tuple[MeasuringPlane, ...]


class Question(Protocol):
    """What is asked of each part; it can be pickled."""

    def __call__(self, driving: GeoDataFrame, /, *others: GeoDataFrame) -> Answer:
        """Answer for located features of one part, all in one CRS."""


@dataclass(frozen=True)
class _Asked:
    """A question with the features of a part, as it travels."""

    question: Question
    layers: tuple[GeoDataFrame, ...]


def _answered(asked: _Asked) -> Answer:
    return asked.question(*asked.layers)


def by_parts(
    ask: Map,
    question: Question,
    driving: GeoDataFrame,
    *others: GeoDataFrame,
    most: int = FEATURES,
    margin_m: float = 0.0,
    together: NDArray[np.intp] | None = None,
) -> Answer:
    """Return the answer to a question that is asked part by part.

    Parameters
    ----------
    ask : Map
        Who is asked (`geoplan.queries.mapping`).
    question : Question
    driving, *others : GeoDataFrame
        Located features, in one CRS. Only their geometries travel, and the columns a question
        needs: leave out what it does not.
    most : int
        Features of all layers together in a part; one feature of `driving` is not parted.
    margin_m : float
        How far from one of `driving` the others matter [m].
    together : ndarray of int, shape (n,), optional
        A code from 0 up of each feature of `driving`: those of one code come in one part.
    """
    _refuse_no_count(most)
    items = (
        _Asked(question, (driving.iloc[mine], *(layer.iloc[at] for layer, at in zip(
            others, theirs, strict=True))))
        for mine, theirs in parts(driving, others, most, margin_m, together)
    )  # fmt: skip
    found = list(answers(ask, _answered, items))
    tables = [one.rows for one in found if len(one.rows)] or [one.rows for one in found[:1]]
    rows = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    planes = {plane.name: plane for one in found for plane in one.planes}
    return Answer(rows, tuple(sorted(planes.values(), key=lambda plane: plane.meridian)))


def parts(
    driving: GeoDataFrame,
    others: Sequence[GeoDataFrame],
    most: int,
    margin_m: float = 0.0,
    together: NDArray[np.intp] | None = None,
) -> Iterator[tuple[NDArray[np.intp], list[NDArray[np.intp]]]]:
    """Yield positions of neighbouring features, and of the others that may be within reach.

    Positions ascend, so that features come in the order of their layers.
    """
    if len(driving) == 0:
        return
    crs = shared_crs(driving, *others)
    boxes = boxes_in_degrees(driving, crs)
    members = None
    if together is not None:
        boxes, members = _around(boxes, together)
    reach = reaching_boxes(boxes, margin_m)
    trees = [
        shapely.STRtree(reaching_boxes(boxes_in_degrees(layer, crs)) if len(layer) else [])
        for layer in others
    ]
    order = along_hilbert(boxes)
    waiting = [order[at : at + most] for at in range(0, len(order), most)][::-1]
    while waiting:
        mine = waiting.pop()
        theirs = [np.unique(tree.query(reach[mine])[1]) for tree in trees]
        if len(mine) > 1 and len(mine) + sum(map(len, theirs)) > most:
            middle = len(mine) // 2
            waiting += [mine[middle:], mine[:middle]]
        else:
            if members is not None:
                mine = np.concatenate([members[at] for at in mine])
            yield np.sort(mine), theirs


def _around(
    boxes: NDArray[np.float64], code: NDArray[np.intp]
) -> tuple[NDArray[np.float64], list[NDArray[np.intp]]]:
    """Return the box around the members of each code, and their positions."""
    order = np.argsort(code, kind="stable")
    begins = np.flatnonzero(np.r_[True, np.diff(code[order]) > 0])
    low = np.minimum.reduceat(boxes[order, :2], begins)
    high = np.maximum.reduceat(boxes[order, 2:], begins)
    return np.column_stack([low, high]), np.split(order, begins[1:])


def along_hilbert(boxes: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the order of boxes, shape (n, 4), along a Hilbert curve: neighbours stay together."""
    extent = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
    distances = [
        gpd.GeoSeries(shapely.box(*some.T)).hilbert_distance(total_bounds=extent)
        for some in np.array_split(boxes, len(boxes) // _SHAPES_AT_ONCE + 1)
    ]
    return np.argsort(np.concatenate(distances), kind="stable")


def _refuse_no_count(most: Any) -> None:
    if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 1:
        raise BadQuery(f"part_features must be a whole number, one or more; got {most!r}")

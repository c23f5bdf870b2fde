"""What pairs share, measured by walking along their boundaries (`geoplan.queries.crossings`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.queries.chains import Chains
from geoplan.queries.crossings import Crossings, crossings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.crs import MeasuringPlane

_DIGITS = 1e-11  # relative; a result that rounding may have touched more is left to GEOS


@dataclass(frozen=True)
class Walked:
    """Pairs that may share something, ordered by left, then right.

    Attributes
    ----------
    ours, theirs : ndarray of int, shape (p,)
        Their positions in left and right.
    size : ndarray of float, shape (p,)
        What they share [m or m²]; of no account where doubtful or inside.
    left_inside, right_inside : ndarray of bool, shape (p,)
        Where the one lies in the other and no boundaries cross: it is what they share.
    doubtful : ndarray of bool, shape (p,)
        Pairs for GEOS.
    left_whole, right_whole : ndarray of float, shape (n,) and (m,)
        Own sizes of the features that were walked along whole, NaN of the others [m or m²].
    crossing : Crossings
        Those of the chains of `one` and `other`.
    pair : ndarray of int, shape (k,)
        The pair of each crossing.
    one, other : Chains
    one_is_left : bool
    """

    ours: NDArray[np.intp]
    theirs: NDArray[np.intp]
    size: NDArray[np.float64]
    left_inside: NDArray[np.bool_]
    right_inside: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]
    left_whole: NDArray[np.float64]
    right_whole: NDArray[np.float64]
    crossing: Crossings
    pair: NDArray[np.intp]
    one: Chains
    other: Chains
    one_is_left: bool


def walked(left: NDArray[Any], right: NDArray[Any], plane: MeasuringPlane) -> Walked:
    """Measure what areas share with areas, or lines with areas in either order.

    Parameters
    ----------
    left, right : ndarray of shapely geometries, shape (n,) and (m,)
        Valid, neither null nor empty; of one dimension a side, at least one of them areas.
    plane : MeasuringPlane
        Where they lie.
    """
    one_is_left = bool(
        shapely.get_num_coordinates(left).sum() >= shapely.get_num_coordinates(right).sum()
    )
    sides = (left, right) if one_is_left else (right, left)
    one, other = (Chains.of(side, plane) for side in sides)
    found = crossings(one, other)
    mine, theirs = one.owner[one.chain[found.one]], other.owner[other.chain[found.other]]
    matters = _matters(one, mine), _matters(other, theirs)
    before = (
        one.before(np.flatnonzero(matters[0][one.owner])),
        other.before(np.flatnonzero(matters[1][other.owner])),
    )
    whole = _whole(one, before[0], matters[0]), _whole(other, before[1], matters[1])
    terms = [(mine, theirs, part) for part in _crossing_terms(one, other, found, before)]
    held = [_inside(one, before[0], other, sides[1]), _inside(other, before[1], one, sides[0])]
    held[1] = (held[1][1], held[1][0], held[1][2])
    terms += held

    count = len(sides[1])
    keys = [a * count + b for a, b, _ in terms]
    doubt = found.doubtful[:, 0] * count + found.doubtful[:, 1]
    key, place = np.unique(np.concatenate([*keys, doubt]), return_inverse=True)
    values = np.concatenate([part for *_, part in terms])
    where = place[: len(values)]
    size = np.asarray(np.bincount(where, weights=values, minlength=len(key)), dtype=float)
    spread = np.bincount(where, weights=np.abs(values), minlength=len(key))
    crossed = np.zeros(len(key), dtype=bool)
    crossed[place[: len(mine)]] = True
    doubtful = crossed & (spread * np.finfo(float).eps > _DIGITS * np.abs(size))
    doubtful[place[len(values) :]] = True
    ours, others = key // count, key % count
    held_chains = [
        np.bincount(np.searchsorted(key, a * count + b), minlength=len(key)) for a, b, _ in held
    ]
    all_chains = np.bincount(one.owner)[ours], np.bincount(other.owner)[others]
    inner = [
        ~crossed & (some == every) for some, every in zip(held_chains, all_chains, strict=True)
    ]
    # an area with all its boundary in another that has a hole in it shares less than itself
    doubtful |= (inner[0] & (held_chains[1] > 0)) | (inner[1] & (held_chains[0] > 0))
    if not one_is_left:
        ours, others, inner, whole = others, ours, inner[::-1], whole[::-1]
    order = np.lexsort((others, ours))
    rank = np.argsort(order)
    return Walked(
        ours[order],
        others[order],
        size[order],
        (inner[0] & ~doubtful)[order],
        (inner[1] & ~doubtful)[order],
        doubtful[order],
        whole[0],
        whole[1],
        found,
        rank[place[: len(mine)]],
        one,
        other,
        one_is_left,
    )


def _matters(chains: Chains, crossed: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell for each feature whether what is measured before its points can matter.

    It does not for a feature of one chain that crosses nothing: inside another, it is what they
    share, and its own size is known elsewhere.
    """
    matters = np.bincount(chains.owner) > 1
    matters[crossed] = True
    return matters


def _whole(
    chains: Chains, before: NDArray[np.float64], matters: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the sizes of the features that were measured to their ends, NaN of the others."""
    size = np.bincount(chains.owner, weights=before[chains.last], minlength=len(matters))
    return np.where(matters, size, np.nan)


def _crossing_terms(
    one: Chains,
    other: Chains,
    found: Crossings,
    before: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> list[NDArray[np.float64]]:
    """Return, for each crossing, what either boundary has measured there, leaving positive."""
    axis = one.axis[one.chain[found.one]]
    terms = []
    if one.areal == other.areal or not one.areal:
        terms.append(-found.sign * one.upto(found.one, found.place, axis, before[0]))
    if one.areal == other.areal or not other.areal:
        terms.append(found.sign * other.upto(found.other, found.place, axis, before[1]))
    return terms


def _inside(
    chains: Chains, before: NDArray[np.float64], others: Chains, areas: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return which chains end inside an area: owner, area, and the measure of the whole chain."""
    if not others.areal:
        none = np.empty(0, dtype=np.intp)
        return none, none, np.empty(0)
    ends = chains.xy[chains.last]
    chain, area = shapely.STRtree(areas).query(shapely.points(ends))
    shapely.prepare(areas[np.unique(area)])
    holds = shapely.contains_xy(areas[area], ends[chain, 0], ends[chain, 1])
    chain, area = chain[holds], area[holds]
    return chains.owner[chain], area.astype(np.intp), before[chains.last[chain]]

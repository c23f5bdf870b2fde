"""Stretches of routes: pieces of edges put together where one goes on from the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.queries.sides import CONTACT_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.queries.edges import Edges
    from geoplan.queries.network import Network

FLAGS = ("interior", "left", "right", "passage")
"""What holds of a stretch when it holds of any of its pieces."""


def pieces(
    network: Network,
    edge: NDArray[np.intp],
    zone: NDArray[np.intp],
    t_from: NDArray[np.float64],
    t_to: NDArray[np.float64],
    **more: Any,
) -> pd.DataFrame:
    """Return pieces of edges as a table that `merged` takes, one row each.

    Parameters
    ----------
    network : Network
        The routes.
    edge, zone : ndarray of int, shape (p,)
        Positions.
    t_from, t_to : ndarray of float, shape (p,)
        Fractions of the edge.
    **more
        ``distance`` [m], ``t_near`` [fraction], ``x_near`` and ``y_near`` [m, the way from there
        to the zone], and any of `FLAGS`.
    """
    frame = pd.DataFrame(
        {
            "route": network.edges.route[edge],
            "zone": zone,
            "block": network.block[edge],
            "along_from": network.along(edge, t_from),
            "along_to": network.along(edge, t_to),
            "edge_from": edge,
            "t_from": t_from,
            "edge_to": edge,
            "t_to": t_to,
            "distance": more.get("distance", 0.0),
            "edge_near": edge,
            "t_near": more.get("t_near", t_from),
            "x_near": more.get("x_near", 0.0),
            "y_near": more.get("y_near", 0.0),
        }
    )
    for flag in FLAGS:
        frame[flag] = more.get(flag, False)
    return frame


def merged(frame: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Put together the pieces of each route and zone that touch or overlap along the route.

    Returns
    -------
    DataFrame, ndarray of int
        The stretches, by route, zone and place; and for each piece the stretch it went into.
    """
    if len(frame) == 0:
        return frame, np.empty(0, dtype=np.intp)
    order = np.lexsort((frame["along_from"], frame["block"], frame["zone"], frame["route"]))
    rows = frame.iloc[order].reset_index(drop=True)
    keys = [rows[name].to_numpy() for name in ("route", "zone", "block")]
    changes = np.concatenate([[True], np.any([key[1:] != key[:-1] for key in keys], axis=0)])
    reach = rows["along_to"].groupby(np.cumsum(changes)).cummax().to_numpy()
    ahead = rows["along_from"].to_numpy()[1:] > reach[:-1] + CONTACT_M
    starts = np.flatnonzero(changes | np.concatenate([[True], ahead]))
    label = np.cumsum(np.isin(np.arange(len(rows)), starts)) - 1
    # the farthest end, of equal ones the one on the latest edge; the nearest place, the first
    last = np.lexsort((rows["edge_to"], rows["along_to"], label))
    last = last[np.append(starts[1:], len(rows)) - 1]
    near = np.lexsort((rows["along_from"], rows["distance"], label))[starts]
    stretches = rows.iloc[starts].reset_index(drop=True)
    for name in ("along_to", "edge_to", "t_to"):
        stretches[name] = rows[name].to_numpy()[last]
    for name in ("distance", "edge_near", "t_near", "x_near", "y_near"):
        stretches[name] = rows[name].to_numpy()[near]
    for flag in FLAGS:
        stretches[flag] = np.logical_or.reduceat(rows[flag].to_numpy(dtype=bool), starts)
    of_piece = np.empty(len(rows), dtype=np.intp)
    of_piece[order] = label
    return stretches, of_piece


def shapes(edges: Edges, frame: pd.DataFrame) -> NDArray[Any]:
    """Return each stretch as it was drawn: a line, lines where parts meet, or a point."""
    first, last = frame["edge_from"].to_numpy(), frame["edge_to"].to_numpy()
    t_first, t_last = frame["t_from"].to_numpy(), frame["t_to"].to_numpy()
    answer = np.asarray(shapely.points(edges.drawn(first, t_first)), dtype=object)
    count = np.maximum(last - first + 1, 1)
    row = np.repeat(np.arange(len(frame)), count)
    edge = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    begin = np.where(edge == first[row], t_first[row], 0.0)
    stop = np.where(edge == last[row], t_last[row], 1.0)
    some = (stop > begin) & (frame["along_to"] - frame["along_from"] > CONTACT_M).to_numpy()[row]
    row, edge, begin, stop = row[some], edge[some], begin[some], stop[some]
    if len(row) == 0:
        return answer
    new = np.concatenate([[True], (row[1:] != row[:-1]) | (edges.part[edge[1:]] != edges.part[edge[:-1]])])  # fmt: skip  # noqa: E501
    line = np.cumsum(new) - 1
    # each line is the start of its first edge and the ends of all
    xy = np.concatenate([edges.drawn(edge[new], begin[new]), edges.drawn(edge, stop)])
    of_line = np.concatenate([line[new], line])
    place = np.concatenate([np.full(int(new.sum()), -1), np.arange(len(edge))])
    order = np.lexsort((place, of_line))
    lines = np.asarray(shapely.linestrings(xy[order], indices=of_line[order]), dtype=object)
    owner = row[new]
    single = np.bincount(owner, minlength=len(frame)) == 1
    answer[owner[single[owner]]] = lines[single[owner]]
    several = np.unique(owner[~single[owner]])
    for at in several:
        answer[at] = shapely.multilinestrings(lines[owner == at])
    return answer

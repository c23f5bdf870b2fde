"""The shortest line of each pair, whatever has been done to the geometries before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray


def shortest_lines(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Return the line between the nearest points of each pair, of no length where they meet.

    A prepared line or point looks for the nearest place on the boundary of an area, and finds
    itself far from one it lies in (GEOS 3.14). So what is prepared is freed of that first.

    Parameters
    ----------
    left, right : ndarray of shapely geometries, shape (n,)
        In one plane.

    Examples
    --------
    >>> area, line = shapely.box(0, 0, 10, 10), shapely.LineString([(3, 3), (4, 6)])
    >>> prepared = shapely.prepare(line)
    >>> shapely.shortest_line(line, area).length, shortest_lines(line, area).item().length
    (3.0, 0.0)
    """
    shapely.destroy_prepared(left)
    shapely.destroy_prepared(right)
    return np.asarray(shapely.shortest_line(left, right), dtype=object)

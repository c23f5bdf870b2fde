"""``python -m geoplan.kernels``: compile ahead what would be compiled by the first large question.

For images of workers, and before tests. What rasters need is left to their first question.
"""

from __future__ import annotations

import numpy as np
import shapely
from pyproj import Geod

from geoplan.kernels.covering import uncovered
from geoplan.kernels.overlay import overlay, stretches
from geoplan.kernels.simple import is_valid


def main() -> None:
    """Ask each kind of question once, of two squares that cross."""
    ellipsoid = Geod(ellps="GRS80")  # any will do: code is compiled for types, not for numbers
    one, other = (
        np.array([shapely.box(5e5 + at, 45e5 + at, 5e5 + at + 9, 45e5 + at + 9)], dtype=object)
        for at in (0.0, 4.0)
    )
    is_valid(one)
    overlay(one, other, ellipsoid, shapes=True)
    stretches(shapely.boundary(one), other, ellipsoid, shapes=True)
    uncovered(one, other, ellipsoid, shapes=True)


if __name__ == "__main__":
    main()

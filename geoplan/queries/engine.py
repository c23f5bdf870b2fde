"""Whether the compiled kernels answer a question: when they are installed, and it is large.

To load them takes half a second, and to compile them, once on a machine, half a minute. So small
questions, which are those of a plan, never load numba; their answers are the same.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import shapely

from geoplan.errors import PackageMissing

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORTH = 400_000
"""Points of a question above which the kernels are loaded for it."""

WORTH_CELLS = 12_000_000
"""Cells of a raster, in the boxes of all zones, above which the kernels are loaded for them."""


def is_worth_it(*layers: NDArray[Any]) -> bool:
    """Tell whether the kernels are there, and a question of these geometries is large enough."""
    points = sum(int(shapely.get_num_coordinates(one).sum()) for one in layers)
    return points >= WORTH and is_there()


def is_worth_cells(cells: float) -> bool:
    """Tell whether the kernels are there, and so many cells of a raster are enough for them."""
    return cells >= WORTH_CELLS and is_there()


@cache
def is_there() -> bool:
    """Tell whether the kernels are installed."""
    return find_spec("numba") is not None


def is_loaded() -> bool:
    """Tell whether something else has loaded the kernels already."""
    return "geoplan.kernels" in sys.modules


def refuse_absent() -> None:
    """Refuse to answer by kernels that are not installed.

    Raises
    ------
    PackageMissing
        numba is not installed here, as it is where the question comes from.
    """
    if not is_there():
        raise PackageMissing(
            "numba is not installed on this worker, as it is where the question comes from, so its "
            "digits would differ: install geoplan[engine] on all"
        )

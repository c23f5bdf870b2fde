"""Whether the compiled kernels answer a question: when they are installed, and it is large.

To load them takes half a second, and to compile them, once on a machine, half a minute. So small
questions, which are those of a plan, never load numba; their answers are the same.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORTH = 400_000
"""Points of a question above which the kernels are loaded for it."""


def is_worth_it(*layers: NDArray[Any]) -> bool:
    """Tell whether the kernels are there, and a question of these geometries is large enough."""
    return sum(int(shapely.get_num_coordinates(one).sum()) for one in layers) >= WORTH and _there()


@cache
def _there() -> bool:
    return find_spec("numba") is not None

"""How many threads the kernels work with."""

from __future__ import annotations

import os

THREADS = min(int(os.environ.get("OMP_NUM_THREADS") or 2), 2)
"""Unless told otherwise. Workers of a pool or cluster are told to keep to one core."""

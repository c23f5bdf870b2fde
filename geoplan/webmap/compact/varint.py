"""Whole numbers in as few bytes as they need: seven bits a byte, the lowest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_BITS = 7
_BLOCK = 1 << 20


def varints(values: ArrayLike) -> bytes:
    """Write numbers that are not negative; all bytes of a number but its last have bit 7 set."""
    numbers = np.asarray(values).astype(np.uint64, copy=False).ravel()
    blocks = range(0, len(numbers), _BLOCK)
    return b"".join(_block(numbers[start : start + _BLOCK]) for start in blocks)


def zigzag(values: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return 0, -1, 1, -2, 2 … as 0, 1, 2, 3, 4 …, so that small stays small."""
    return ((values << 1) ^ (values >> 63)).astype(np.uint64)


def _block(numbers: NDArray[np.uint64]) -> bytes:
    lengths = np.ones(len(numbers), dtype=np.int64)
    rest = numbers >> np.uint64(_BITS)
    while rest.any():
        lengths += rest > 0
        rest >>= np.uint64(_BITS)
    ends = np.cumsum(lengths)
    written = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    places, left, more = ends - lengths, numbers, lengths > 1
    while len(left):
        written[places] = (left & np.uint64(0x7F)).astype(np.uint8) | (more.astype(np.uint8) << 7)
        left = left[more] >> np.uint64(_BITS)
        places = places[more] + 1
        more = left > 0x7F
    return written.tobytes()

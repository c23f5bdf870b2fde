"""Answers kept for the pages that follow, as keys of rows, while a file stays as it is."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import numpy as np
    from numpy.typing import NDArray

    Keys = NDArray[np.int64]

_KEPT_KEYS = 2_000_000
"""Keys of answered questions that are kept: 16 MB."""
_QUESTION_KEYS = 200
"""What a question itself takes, counted as so many keys."""


class Answers:
    """Questions and the keys that answer them; what was not asked for longest goes first."""

    def __init__(self) -> None:
        self._found: OrderedDict[Hashable, Keys] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    def __contains__(self, question: Hashable) -> bool:
        return question in self._found

    def kept(self, question: Hashable, find: Callable[[], Keys]) -> Keys:
        """Return the keys that answer a question, found once."""
        with self._lock:
            if question in self._found:
                self._found.move_to_end(question)
                return self._found[question]
        keys = find()
        with self._lock:
            self._held += _cost(keys) - _cost(self._found.get(question))
            self._found[question] = keys
            while self._held > _KEPT_KEYS and len(self._found) > 1:
                self._held -= _cost(self._found.popitem(last=False)[1])
        return keys


def _cost(keys: Keys | None) -> int:
    return 0 if keys is None else len(keys) + _QUESTION_KEYS

"""Who answers the parts of a question: this process, a pool of processes, a cluster."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from geoplan.errors import BadQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LOST_WORKERS = 5
"""How often a part is asked again when the worker that had it is lost."""


class MapFunction(Protocol):
    """A function like the builtin ``map``: answers in the order of what was asked."""

    def __call__(self, function: Callable[[Any], Any], items: Iterable[Any], /) -> Iterable[Any]:
        """Return the answers of a function to each item."""


class Pool(Protocol):
    """What takes work and promises answers: a ``concurrent.futures`` executor, a dask client."""

    def submit(self, function: Callable[[Any], Any], item: Any, /) -> Any:
        """Return a future, whose ``result()`` is the answer."""


Map = MapFunction | Pool


def answers(
    ask: Map, function: Callable[[Any], Any], items: Iterable[Any], ahead: int = 8
) -> Iterator[Any]:
    """Yield the answers of a function to items, in their order.

    Parameters
    ----------
    ask : callable or pool
        Like the builtin ``map``; or a ``concurrent.futures`` executor or a
        ``dask.distributed.Client``, which are never given more than they can begin soon: so items
        may be made on the way, and no more than some of them are in memory.
    function : callable
        What can be pickled, where others are to answer.
    items : iterable
    ahead : int
        How many are under way at least, of pools.

    Raises
    ------
    BadQuery
        `ask` is neither.
    """
    if callable(ask):
        yield from ask(function, items)
        return
    if not hasattr(ask, "submit"):
        raise BadQuery(
            f"map is a function like the builtin map, an executor or a dask client; got {ask!r}"
        )
    cluster = hasattr(ask, "ncores")
    told = {"pure": False, "retries": LOST_WORKERS} if cluster else {}
    waiting: deque[Any] = deque()
    for item in items:
        waiting.append(ask.submit(function, item, **told))
        if len(waiting) >= (max(ahead, 2 * _cores(ask)) if cluster else ahead):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _cores(cluster: Any) -> int:
    """Return how many threads a cluster has now: workers come and go."""
    return sum(cluster.ncores().values())

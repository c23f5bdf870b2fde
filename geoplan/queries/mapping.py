"""Who answers the parts of a question: this process, a pool of processes, a cluster."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from geoplan.errors import BadQuery, WorkerDied

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
    WorkerDied
        A part brought down every worker that had it.
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
            yield _result(waiting.popleft())
    while waiting:
        yield _result(waiting.popleft())


def _result(future: Any) -> Any:
    """Return the answer that was promised."""
    try:
        return future.result()
    except Exception as error:
        # named, for distributed is not loaded unless its client is here
        if type(error).__name__ in ("KilledWorker", "BrokenProcessPool"):
            raise WorkerDied(
                f"whoever answered a part was lost, again and again: {error}; it may need more "
                f"memory: ask for fewer features in a part"
            ) from error
        raise


def _cores(cluster: Any) -> int:
    """Return how many threads a cluster has now: workers come and go."""
    return sum(cluster.ncores().values())

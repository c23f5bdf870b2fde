"""Warm processes for work: few at a time, some waiting, the rest told to come again."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any
from weakref import finalize

import anyio
from anyio import CapacityLimiter, to_thread

from geoplan.errors import WorkerDied
from geoplan.workers import Limits, Worker
from geoplan_api.errors import ServiceBusy, WorkDropped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from geoplan.progress import Report

    Unwanted = Callable[[], Awaitable[bool]]

_DROPPED = "nobody waits for the answer any more: the work was stopped"
_LOOK_S = 0.2
"""How often it is looked whether work is still wanted: it ends well within a second if not."""


def _end(idle: list[Worker], busy: set[Worker]) -> None:
    """Close processes: those that wait, and those that still work for nobody."""
    while idle:
        idle.pop().close()
    while busy:
        busy.pop().close()


@dataclass
class Pool:
    """Processes that are started when they are needed first, and kept.

    Attributes
    ----------
    size : int
        How many work at a time.
    queue : int
        How many calls may wait for one.
    """

    size: int
    queue: int
    _idle: list[Worker] = field(default_factory=list, repr=False)
    _busy: set[Worker] = field(default_factory=set, repr=False)
    _closed: bool = False
    _warming: Thread | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._room = CapacityLimiter(self.size)
        # threads of our own: the others are for reads
        self._threads = CapacityLimiter(self.size)
        # whoever forgets to close it leaves no process behind
        finalize(self, _end, self._idle, self._busy)

    async def call(
        self,
        function: str,
        *arguments: Any,
        limits: Limits,
        report: Report | None = None,
        unwanted: Unwanted | None = None,
        begun: Callable[[], None] | None = None,
    ) -> Any:
        """Run a function in a process of the pool; see `geoplan.workers.Worker.call`.

        Parameters
        ----------
        unwanted : async callable, optional
            Tells whether nobody waits any more; the process is killed then.
        begun : callable, optional
            Called when the work begins.

        Raises
        ------
        ServiceBusy, WorkDropped
            As many calls wait as may; nobody waits for the answer any more.
        WorkerTimeout, WorkerOutOfMemory, WorkerDied, GeoplanError
            As `Worker.call` raises them.
        """
        self.refuse_if_full()
        await self._enter(unwanted)
        try:
            with self._one() as worker:
                if begun is not None:
                    begun()
                work = partial(worker.call, function, *arguments, limits=limits, report=report)
                return await self._watched(worker, work, unwanted)
        finally:
            self._room.release()

    def refuse_if_full(self) -> None:
        """Refuse when as many wait as may.

        Raises
        ------
        ServiceBusy
            They do.
        """
        state = self._room.statistics()
        if state.borrowed_tokens >= self.size and state.tasks_waiting >= self.queue:
            raise ServiceBusy(
                f"{self.size} are being computed and {self.queue} wait: try again soon"
            )

    def warm(self, function: str) -> None:
        """Start one process in the background and have a function loaded there."""
        worker = Worker()
        self._busy.add(worker)

        def load() -> None:
            with suppress(WorkerDied):
                worker.call(function, limits=Limits(seconds=60))
                self._idle.append(worker)
            self._busy.discard(worker)

        self._warming = Thread(target=load)
        self._warming.start()

    def close(self) -> None:
        """End all processes; calls that wait for them end with `WorkerDied`."""
        self._closed = True
        for worker in [*self._busy, *self._idle]:
            worker.kill()
        if self._warming is not None:
            self._warming.join()
        _end(self._idle, set())

    async def _enter(self, unwanted: Unwanted | None) -> None:
        """Wait for room, unless nobody waits for the answer any more."""
        if unwanted is None:
            await self._room.acquire()
            return
        entered = False
        async with anyio.create_task_group() as tasks:

            async def watch() -> None:
                while not await unwanted():
                    await anyio.sleep(_LOOK_S)
                tasks.cancel_scope.cancel()

            tasks.start_soon(watch)
            await self._room.acquire()
            entered = True
            tasks.cancel_scope.cancel()
        if not entered:
            raise WorkDropped(_DROPPED)

    @contextmanager
    def _one(self) -> Iterator[Worker]:
        """Give a process, and keep it for the next call if it outlives this one."""
        # the last that was used first: it knows the layers best
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                break
            worker.close()
        else:
            worker = Worker()
        self._busy.add(worker)
        try:
            yield worker
        finally:
            self._busy.discard(worker)
            if worker.alive and not self._closed:
                self._idle.append(worker)
            else:
                worker.close()

    async def _watched(
        self, worker: Worker, work: Callable[[], Any], unwanted: Unwanted | None
    ) -> Any:
        if unwanted is None:
            return await to_thread.run_sync(work, limiter=self._threads)
        dropped = False

        async def watch() -> None:
            nonlocal dropped
            while not await unwanted():
                await anyio.sleep(_LOOK_S)
            dropped = True
            worker.kill()

        answer: Any = None
        failure: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            try:
                answer = await to_thread.run_sync(work, limiter=self._threads)
            except Exception as error:  # raised below: a task group would wrap it
                failure = error
            tasks.cancel_scope.cancel()
        if dropped:
            raise WorkDropped(_DROPPED)
        if failure is not None:
            raise failure
        return answer

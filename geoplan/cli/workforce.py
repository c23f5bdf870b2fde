"""Who answers a command's large questions: this process, several, a cluster."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.queries.mapping import Map

Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Ask the workers of a dask cluster: tcp://HOST:8786.",
        metavar="ADDRESS",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1, help="Ask so many processes of this machine, part by part.", show_default=False
    ),
]


@contextmanager
def answering(scheduler: str | None, workers: int | None) -> Iterator[Map | None]:
    """Give who is asked part by part, None for a question that is asked whole."""
    if scheduler is not None and workers is not None:
        raise typer.BadParameter("a cluster has its own workers", param_hint="--workers")
    if scheduler is not None:
        from geoplan.cluster import connected

        with connected(scheduler) as client:
            yield client
    elif workers == 1:
        yield map
    elif workers is not None:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        context = get_context("spawn")
        with ProcessPoolExecutor(workers, context, initializer=_on_one_core) as pool:
            yield pool
    else:
        yield None


def _on_one_core() -> None:
    """Let a process of many work in one thread, as dask's workers do."""
    os.environ["OMP_NUM_THREADS"] = "1"

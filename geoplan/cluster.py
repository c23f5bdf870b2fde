"""A cluster of dask workers, as what answers the parts of a question (docs/scale.md)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from geoplan.errors import ClusterUnreachable, PackageMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAIT_S = 30.0


@contextmanager
def connected(address: str, workers: int = 1, wait_s: float = _WAIT_S) -> Iterator[Any]:
    """Give a client of a cluster, to be used as ``map=``.

    Parameters
    ----------
    address : str
        Of its scheduler, such as ``tcp://10.0.0.5:8786``.
    workers : int
        How many there must be before anything is asked.
    wait_s : float
        How long to wait for the scheduler, and for the workers [s].

    Raises
    ------
    PackageMissing
        distributed is not installed.
    ClusterUnreachable
        No scheduler answers there, or it has too few workers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise PackageMissing("a cluster needs dask: pip install 'geoplan[scale]'") from error
    try:
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=wait_s, set_as_default=False
        )
    except (OSError, ValueError, TypeError) as error:
        raise ClusterUnreachable(
            f"no scheduler answers at {address}: {error}; is `dask scheduler` running there?"
        ) from error
    with client:
        try:
            client.wait_for_workers(workers, timeout=wait_s)
        except TimeoutError as error:
            raise ClusterUnreachable(
                f"the scheduler at {address} has fewer than {workers} workers: start some there"
            ) from error
        yield client

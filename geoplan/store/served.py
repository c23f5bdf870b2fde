"""A layer's table kept open for the service: rows and keys, without frames.

Opening a file costs more than most questions. So each thread keeps its connection, and what is
known of a table (its columns, how many rows, where they lie, which rows answered a question) is
kept for all threads for as long as the file stays as it is. Every question looks at the file
first: what another program wrote is seen at once.
"""

from __future__ import annotations

from threading import Lock, local
from typing import TYPE_CHECKING

import numpy as np

from geoplan.store.cql2.functions import register
from geoplan.store.gpkg import GeoPackageStore
from geoplan.store.state import file_state
from geoplan.store.table_now import Known, TableNow

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from geoplan.model import Layer
    from geoplan.store.state import FileState

    Keys = NDArray[np.int64]


class ServedTable:
    """A layer's table, opened once and looked at anew for every question.

    Parameters
    ----------
    path : Path
        The GeoPackage.
    layer : Layer
        Which table of it.
    """

    def __init__(self, path: Path, layer: Layer) -> None:
        self._path, self._layer = path.resolve(), layer
        self._mine = local()
        self._lock = Lock()
        self._known: Known | None = None
        self._stores: set[GeoPackageStore] = set()

    def look(self) -> TableNow:
        """Return the table as its file is now, for use in this thread.

        Raises
        ------
        NotAGeoPackage, TableInvalid, FileBusy
            The file cannot be read.
        """
        state = file_state(self._path)
        opened: tuple[FileState, GeoPackageStore] | None = getattr(self._mine, "opened", None)
        if opened is None or opened[0] != state:
            if opened is not None:
                self._mine.opened = None
                self._drop(opened[1])
            opened = (state, GeoPackageStore(self._path))
            register(opened[1].connection)
            self._mine.opened = opened
            with self._lock:
                self._stores.add(opened[1])
        store = opened[1]
        with self._lock:
            if self._known is None or self._known.state != state:
                shape, crs = store.shape(self._layer)
                self._known = Known(state, shape, crs)
            return TableNow(self._path, self._layer, store.connection, self._known)

    def close(self) -> None:
        """Close the connections of all threads; none may be asking."""
        for store in list(self._stores):
            self._drop(store)
        self._mine = local()

    def _drop(self, store: GeoPackageStore) -> None:
        with self._lock:
            self._stores.discard(store)
        store.close()

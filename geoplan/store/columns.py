"""The attributes of a table in memory, for conditions that look at every row.

Most of a features table is geometry, which a scan of the file has to pass over: without it, the
same condition takes a fourth of the time.
"""

from __future__ import annotations

from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

import apsw

from geoplan.store.cql2.functions import register
from geoplan.store.ddl import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from geoplan.store.base import Column

_BATCH = 10_000
_SCANS_BEFORE_COPY = 2
MAX_BYTES = 64_000_000
"""What a copy may take; a table whose attributes are larger is read from its file."""


class ColumnCopy:
    """A copy of the attributes of a table, under the same names and with the same types.

    Parameters
    ----------
    table : str
        Its name.
    key : str
        Its key.
    columns : sequence of Column
        What to copy beside the key.
    rows : iterator of tuple
        Key and values of each row.

    Raises
    ------
    MemoryError
        They are larger than `MAX_BYTES`.
    """

    def __init__(
        self, table: str, key: str, columns: Sequence[Column], rows: Iterator[Any]
    ) -> None:
        self._lock = Lock()
        self._memory = apsw.Connection(":memory:")
        register(self._memory)
        # the types decide how SQLite compares
        told = "".join(f", {quoted(column.name)} {quoted(column.type)}" for column in columns)
        self._memory.execute(
            f"CREATE TABLE {quoted(table)} ({quoted(key)} INTEGER PRIMARY KEY{told})"
        )
        places = ", ".join("?" * (len(columns) + 1))
        insert = f"INSERT INTO {quoted(table)} VALUES ({places})"
        with self._memory:
            while batch := list(islice(rows, _BATCH)):
                self._memory.executemany(insert, batch)
                pages, size = (self._memory.pragma(name) for name in ("page_count", "page_size"))
                if pages * size > MAX_BYTES:
                    raise MemoryError(f"the attributes of {table!r} are larger than {MAX_BYTES} B")

    def ask(self, statement: str, values: dict[str, Any]) -> list[Any]:
        """Return all rows that a statement finds; one thread at a time."""
        with self._lock:
            return self._memory.execute(statement, values).fetchall()


class Copies:
    """The copy of a table, made when the table is scanned again while its file stays as it is."""

    def __init__(self) -> None:
        self._scans = 0
        self._copy: ColumnCopy | None = None
        self._too_large = False
        self._making = Lock()

    def after_scan(self, make: Callable[[], ColumnCopy]) -> ColumnCopy | None:
        """Return the copy to scan; None where the file is to be scanned itself."""
        self._scans += 1
        wanted = self._copy is None and self._scans >= _SCANS_BEFORE_COPY and not self._too_large
        if wanted and self._making.acquire(blocking=False):  # others read the file meanwhile
            try:
                self._copy = make()
            except MemoryError:
                self._too_large = True
            finally:
                self._making.release()
        return self._copy
